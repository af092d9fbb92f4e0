"""The kinds of findings of this job."""

from __future__ import annotations

from analytics.jobs.contract import Kind

TRANSPORT = Kind(
    "transport_retries",
    "Requests to a model fail on their way and are sent again, for longer than a hiccup.",
    min_effect=0.02,
)
REPROMPT = Kind(
    "reprompt_chain",
    "Answers do not have the form they should, and the model is asked again until they do.",
    min_effect=0.01,
)
LOOP = Kind("agent_loop", "An agent goes round in circles: calls and answers repeat, nothing new comes of it.", min_n=0)
POLITE = Kind("polite_loop", "The same request is sent again and again, with pauses, and nobody stops it.", min_n=0)
RERUN = Kind("human_rerun", "People ask the same once more within minutes, with nothing changed.", min_n=0)
REPORT = Kind("retry_waste", "What asking again cost in the window, by cause.", min_n=0)
KINDS = (TRANSPORT, REPROMPT, LOOP, POLITE, RERUN, REPORT)
