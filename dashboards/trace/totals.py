"""What a trace comes to: its cost, time, energy, tokens and counts."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import compress

from dashboards.trace.graph import total
from dashboards.trace.tree import Columns

BILLED = ("cost_usd", "energy_kwh", "input_tokens", "output_tokens")
"""What is summed over billed calls."""


@dataclass(frozen=True)
class Totals:
    """Of all spans of a trace. Sums are None when nothing of them is known."""

    spans: int
    errors: int
    begin_ns: int
    """The first start, in Unix time."""
    duration_ns: int
    """From there to the last end."""
    cost_usd: float | None
    energy_kwh: float | None
    input_tokens: int | None
    output_tokens: int | None
    llm_calls: int
    """Those that are billed."""
    tool_calls: int
    unpriced: int
    """Billed calls without a price."""


def totals(spans: Columns) -> Totals:
    """Over columns of queries/trace_spans.sql."""
    billed = {name: list(compress(spans[name], spans["billable"])) for name in BILLED}
    begin = min(spans["start_ns"])
    ends = (start + (took or 0) for start, took in zip(spans["start_ns"], spans["duration_ns"], strict=True))
    return Totals(
        spans=len(spans["span_id"]),
        errors=spans["status"].count("error"),
        begin_ns=begin,
        duration_ns=max(ends) - begin,
        cost_usd=total(billed["cost_usd"]),
        energy_kwh=total(billed["energy_kwh"]),
        input_tokens=_whole(total(billed["input_tokens"])),
        output_tokens=_whole(total(billed["output_tokens"])),
        llm_calls=len(billed["cost_usd"]),
        tool_calls=spans["operation"].count("tool"),
        unpriced=billed["cost_usd"].count(None),
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
