"""The job: reads what is suspicious, labels it, and says what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from analytics.jobs.contract import Job, Kind, NotComputable, Report, Window
from analytics.jobs.source import Source
from analytics.retry_waste import NAME
from analytics.retry_waste.chain import Cause
from analytics.retry_waste.find import find
from analytics.retry_waste.inputs import Inputs, LeftOut, Limits, Totals
from analytics.retry_waste.kinds import KINDS
from analytics.retry_waste.label import label
from analytics.retry_waste.owner import key_of, prompt_of
from analytics.retry_waste.span import Replies, Spans, spans_of
from spanledger.settings import Settings

MOST_TRACES = 20_000
"""Suspicious traces that are looked at, the dearest first: their ids go into one statement."""
MOST_SPANS = 100_000
"""... and so many of their spans at most, for memory."""
MOST_SPANS_A_TRACE = 20_000
SPANS_A_SLICE = 10_000_000
"""Traces are grouped in slices, so that a slice's groups fit into the memory of a statement."""
SLOTS = 72
"""Parts of the window in which calls are counted: twenty minutes in a window of a day."""
SAMPLED_CALLS = 20_000
MOST_REPLIES = 20_000
MOST_OWNERS = 500
"""Prompts whose calls are counted, those with most chains first."""
Values = Mapping[str, Any]


class RetryWaste:
    """Satisfies `Job`. Hourly, so that a loop is found within the hour; over a day, so that a prompt of a few hundred
    calls a day shows its re-prompts, and a window holds most loops from their start."""

    name = NAME
    title = "What asking again costs"
    kinds: tuple[Kind, ...] = KINDS
    every = timedelta(hours=1)
    length = timedelta(days=1)

    def run(self, source: Source, window: Window, settings: Settings) -> Report:
        """Analyse one window."""
        values = window.parameters()
        totals = _totals(source, values)
        if not totals.calls:
            raise NotComputable("No model calls in the window.")
        suspects, left_out = _suspects(source, values, totals)
        traces = spans_of(_frame(source, "calls", _chosen(values, suspects))) if suspects else []
        messages = sorted({span.last_message for trace in traces for span in trace.attempts if span.last_message})
        labelled = label(Spans(traces, _replies(source, values, messages)))
        chains = [chain for chain in labelled.chains if chain.cause in (Cause.VALIDATION, Cause.TRANSPORT)]
        owners = [key for key, _ in Counter(key_of(prompt_of(chain.by)) for chain in chains).most_common(MOST_OWNERS)]
        slot = {"from_ms": round(window.since.timestamp() * 1000), "slot_ms": _slot_ms(window)}
        inputs = Inputs(
            window=window,
            totals=totals,
            spend=_frame(source, "spend", {**values, "owners": owners}) if owners else pl.DataFrame(),
            pace=_frame(source, "pace", {**values, **slot, "owners": owners}) if labelled.chains else pl.DataFrame(),
            slots=SLOTS,
            left_out=left_out,
        )
        return find(labelled, inputs, Limits.of(settings))


def _frame(source: Source, name: str, values: Values) -> pl.DataFrame:
    return source.frame(Path(__file__).with_name(f"{name}.sql"), values)


def _slot_ms(window: Window) -> int:
    return -(-round(window.length / timedelta(milliseconds=1)) // SLOTS)


def _totals(source: Source, values: Values) -> Totals:
    [row] = _frame(source, "totals", values).iter_rows(named=True)
    seen = None
    if row["calls"]:
        part = max(row["calls"] // SAMPLED_CALLS, 1)
        [sample] = _frame(source, "visible", {**values, "part": part}).iter_rows(named=True)
        seen = sample["visible"] / sample["calls"] if sample["calls"] else None
    return Totals(**row, transport_visible=seen)


def _suspects(source: Source, values: Values, totals: Totals) -> tuple[list[int], LeftOut]:
    """Hashes of the traces to look at, and what is left out of the cheapest."""
    slices = max(-(-(totals.calls + totals.tool_calls) // SPANS_A_SLICE), 1)
    found: dict[int, dict[str, Any]] = {}
    for name in ("suspects", "stuck", "repeats"):
        for part in range(slices):
            limits = {"slices": slices, "slice": part, "traces": 10 * MOST_TRACES}
            for row in _frame(source, name, {**values, **limits}).iter_rows(named=True):
                found[row["trace_hash"]] = row | found.get(row["trace_hash"], {})
    ordered = sorted(found.values(), key=lambda row: (-row.get("cost_usd", 0.0), row["trace_hash"]))
    spans, kept = 0, 0
    for row in ordered[:MOST_TRACES]:
        spans += min(row.get("spans", 1), MOST_SPANS_A_TRACE)
        if spans > MOST_SPANS and kept:
            break
        kept += 1
    rest = ordered[kept:]
    failed_usd = sum(row.get("failed_cost_usd", 0.0) for row in rest)
    return [row["trace_hash"] for row in ordered[:kept]], LeftOut(
        len(rest), sum(row.get("failed", 0) for row in rest), failed_usd
    )


def _chosen(values: Values, traces: Sequence[int]) -> Values:
    return {**values, "traces": list(traces), "most": MOST_SPANS_A_TRACE, "rows": 2 * MOST_SPANS}


def _replies(source: Source, values: Values, messages: Sequence[str]) -> Replies:
    if not messages:
        return Replies()
    frame = _frame(source, "replies", {**values, "hashes": list(messages[:MOST_REPLIES])})
    return Replies(
        frozenset(frame.filter(pl.col("complaint") == 1)["message"]),
        frozenset(frame.filter(pl.col("from_tool") == 1)["message"]),
    )


JOB: Job = RetryWaste()
