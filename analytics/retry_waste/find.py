"""From chains to a report: pure."""

from __future__ import annotations

from analytics.jobs.contract import Report
from analytics.retry_waste.attempts import reprompts, transport
from analytics.retry_waste.inputs import Inputs, Limits
from analytics.retry_waste.label import Labelled
from analytics.retry_waste.looping import looping
from analytics.retry_waste.report import report, visibility


def find(labelled: Labelled, inputs: Inputs, limits: Limits | None = None) -> Report:
    """Everything that was found; nothing is tested, all of it is counted."""
    limits = limits or Limits()
    candidates = [
        *transport(labelled, inputs, limits),
        *reprompts(labelled, inputs, limits),
        *looping(labelled, inputs, limits),
        *report(labelled, inputs),
    ]
    notes = {
        "calls": inputs.totals.calls,
        "visibility": dict(visibility(inputs.totals)),
        "chains": len(labelled.chains),
        "suspected_chains": len(labelled.suspected),
        "not_looked_at": vars(inputs.left_out),
    }
    return Report(candidates=candidates, notes=notes)
