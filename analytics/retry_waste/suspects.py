"""Which traces are worth to be read span by span, and what is left out when there are too many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from analytics.jobs.source import Source
from analytics.retry_waste.inputs import LeftOut, Totals

MOST_TRACES = 20_000
"""Suspicious traces that are looked at: their ids go into one statement."""
MOST_SPANS = 40_000
"""... and so many calls and tools of them, with what is around half as many again: two seconds of work, 150 MB."""
MOST_SPANS_A_TRACE = 20_000
SPANS_A_SLICE = 10_000_000
"""Acts are grouped in slices, so that a slice's groups fit into the memory of a statement."""
SAME_A_SLICE = 10_000_000
MOST_REPEATED = 20_000
Values = Mapping[str, Any]
Rows = list[dict[str, Any]]


@dataclass
class _Budget:
    """Traces that are taken as long as there is room."""

    spans: int = 0
    taken: dict[int, None] = field(default_factory=dict)

    def take(self, rows: Iterable[dict[str, Any]], more: int = 0) -> None:
        """Take what fits into what is left and `more` spans, in order; the very first always does."""
        self.spans += more
        for row in rows:
            size = min(row.get("spans", 2), MOST_SPANS_A_TRACE)
            fits = size <= self.spans and len(self.taken) < MOST_TRACES
            if row["trace_hash"] not in self.taken and (fits or not self.taken):
                self.spans -= size
                self.taken[row["trace_hash"]] = None


def suspects(source: Source, values: Values, totals: Totals) -> tuple[list[int], LeftOut]:
    """Hashes of traces: a third of the room for the longest in which tools repeat themselves, one for those with failed
    calls, one for others by what may have been wasted in them at most; then for whatever is left."""
    acts = totals.calls + totals.tool_calls
    stuck = _sliced(source, "stuck", values, acts, SPANS_A_SLICE)
    asked = _sliced(source, "suspects", values, acts, SPANS_A_SLICE) + _repeated(source, values, acts)
    stuck.sort(key=lambda row: (-row["spans"], row["trace_hash"]))
    asked.sort(key=lambda row: (-row["worth_usd"], row["trace_hash"]))
    failed = [row for row in asked if row.get("failed")]
    budget = _Budget()
    for rows in (stuck, failed, [row for row in asked if not row.get("failed")]):
        budget.take(rows, MOST_SPANS // 3)
    budget.take([*stuck, *asked])
    rest = [row for row in failed if row["trace_hash"] not in budget.taken]
    calls = sum(row["failed"] for row in failed)
    left = sum(row["failed"] for row in rest)
    return list(budget.taken), LeftOut(
        traces=len({row["trace_hash"] for row in (*stuck, *asked)} - budget.taken.keys()),
        failed_calls=left,
        failed_cost_usd=sum(row["failed_cost_usd"] for row in rest),
        failed_calls_looked_at=calls - left,
    )


def _sliced(source: Source, name: str, values: Values, size: int, slice_size: int) -> Rows:
    slices = max(-(-size // slice_size), 1)
    rows: Rows = []
    for part in range(slices):
        limits = {"slices": slices, "slice": part, "traces": 10 * MOST_TRACES}
        rows += frame(source, name, {**values, **limits}).iter_rows(named=True)
    return rows


def _repeated(source: Source, values: Values, acts: int) -> Rows:
    same = _sliced(source, "repeats", values, acts, SAME_A_SLICE)
    same = sorted(same, key=lambda row: (-row["times"], row["same"]))[:MOST_REPEATED]
    if not same:
        return []
    keys = {"same": [row["same"] for row in same], "traces": MOST_TRACES}
    return list(frame(source, "repeated", {**values, **keys}).iter_rows(named=True))


def frame(source: Source, name: str, values: Values) -> pl.DataFrame:
    """The answer of a statement of this job."""
    return source.frame(Path(__file__).with_name(f"{name}.sql"), values)
