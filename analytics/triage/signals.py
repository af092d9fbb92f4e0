"""What is looked at, as data: five surfaces, their signals, and the metrics that may have broken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Surface(StrEnum):
    """Where a cause may lie, in the order in which one works on the next: ties are broken by it."""

    USERS = "users"
    PROMPT = "prompt"
    MODEL = "model"
    RETRIEVAL = "retrieval"
    TOOLS = "tools"


@dataclass(frozen=True)
class Signal:
    """One histogram of traces by time. Its name is that of cells.sql."""

    name: str
    surface: Surface
    meaning: str
    """In words, for cards."""
    field: str = ""
    """The name of its values in the filter language, where there is one: the way down to spans."""
    stratum: str = ""
    """The same for its stratum."""
    least: float = 0.05
    """Jensen-Shannon divergence in bits below which a change is not worth a word, however sure."""
    follows: bool = False
    """It moves when users ask for something else, or another model answers: by itself it is no cause."""
    behaviour: bool = False
    """How something does, not how it is set up: what has no past of its own may be held against others'."""
    diffuse: bool = False
    """A trace has very many of its values, and no part of a metric goes with one: what it explains is not measured."""
    sized: bool = False
    """Its values are halves of powers of two of an amount (3: 2 ** 1.5)."""
    unit: str = ""


SIGNALS: Mapping[str, Signal] = {
    signal.name: signal
    for signal in (
        Signal("request_model", Surface.MODEL, "model that is asked for", "request_model"),
        Signal("revision", Surface.MODEL, "model that answers (where the alias leads)", "model_revision"),
        Signal("fingerprint", Surface.MODEL, "system fingerprint"),
        Signal("tier", Surface.MODEL, "service tier", "service_tier"),
        Signal("provider", Surface.MODEL, "provider", "provider"),
        Signal("model_errors", Surface.MODEL, "outcome of calls", "error_type", least=0.02, behaviour=True),
        Signal("model_speed", Surface.MODEL, "time a token", follows=True, sized=True, unit="ns", behaviour=True),
        Signal("prompt_version", Surface.PROMPT, "version", "prompt_version", "prompt_name"),
        Signal("prompt_hash", Surface.PROMPT, "instructions (hash)"),
        Signal("documents", Surface.RETRIEVAL, "documents that are found (buckets of ids)", follows=True, least=0.03),
        Signal("retrieved", Surface.RETRIEVAL, "number of documents found", behaviour=True),
        Signal("scores", Surface.RETRIEVAL, "best score, in twentieths", behaviour=True),
        Signal("retrieval_errors", Surface.RETRIEVAL, "outcome of retrieval", "error_type", least=0.02, behaviour=True),
        Signal("retrieval_speed", Surface.RETRIEVAL, "time of retrieval", sized=True, unit="ns", behaviour=True),
        Signal("reranker", Surface.RETRIEVAL, "reranker", "model"),
        Signal("reranked", Surface.RETRIEVAL, "best score of the reranker, in twentieths", behaviour=True),
        Signal("offered", Surface.TOOLS, "definitions of tools (hash)"),
        Signal("tool_errors", Surface.TOOLS, "outcome", "error_type", "tool_name", least=0.02, behaviour=True),
        Signal("tool_speed", Surface.TOOLS, "time", "", "tool_name", sized=True, unit="ns", behaviour=True),
        Signal("tool_shape", Surface.TOOLS, "shape of results (keys)", "", "tool_name", behaviour=True),
        Signal("tool_mix", Surface.TOOLS, "tools called", "tool_name", follows=True),
        Signal("tool_calls", Surface.TOOLS, "tool calls of a trace", sized=True, follows=True, behaviour=True),
        Signal("repeats", Surface.TOOLS, "the same call of a tool in one trace", sized=True, behaviour=True),
        Signal("tenant", Surface.USERS, "customers", "tenant"),
        Signal("person", Surface.USERS, "users", "user_id"),
        Signal("use", Surface.USERS, "prompts and features used", "prompt_name"),
        Signal("locale", Surface.USERS, "languages", "locale"),
        Signal("length", Surface.USERS, "length of what users send", sized=True),
        Signal("first_tokens", Surface.USERS, "input tokens of a trace's first call", sized=True, follows=True),
        Signal("words", Surface.USERS, "words that users send (bits of sketches)", least=0.02, diffuse=True),
        Signal("volume", Surface.USERS, "share of all traffic", least=0.02, follows=True),
    )
}  # fmt: skip
"""By name."""


@dataclass(frozen=True)
class Metric:
    """What may have broken: an amount per something."""

    name: str
    meaning: str
    unit: str
    total: bool = False
    """More traffic makes more of it, so that traffic can be the cause."""


METRICS: tuple[Metric, ...] = (
    Metric("cost", "cost of a trace", "USD", total=True),
    Metric("energy", "energy of a trace", "kWh", total=True),
    Metric("missed", "share of input that no cache had", ""),
    Metric("errors", "share of calls that fail", ""),
    Metric("failures", "share of tasks that fail", ""),
    Metric("latency", "time of a trace", "s"),
)
"""In the order of `amounts` and `bases` of cells.sql."""
NO_METRIC = "none"
"""Nothing broke that is measured; only what moved is asked for."""
AUTOMATIC = "auto"
"""Whichever of METRICS changed most surely."""
