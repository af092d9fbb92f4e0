"""Which traces are worth to be read span by span, and what is left out when there are too many."""

from __future__ import annotations

from collections.abc import Mapping
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
MOST_ROWS = 10 * MOST_TRACES
"""... of so many that are counted, for each ten million calls and tools."""
ACTS_A_SLICE = 10_000_000
"""Acts are grouped in slices, so that a slice's groups fit into the memory of a statement."""
ASKED_A_SLICE = 4_000_000
"""... for `suspects`, which keeps most of each trace: groups that go to disk cost more than reading twice."""
MOST_REPEATED = 20_000
REPEATED = {"trace_hash": pl.UInt64, "worth_usd": pl.Float64}
Values = Mapping[str, Any]


@dataclass
class _Budget:
    """Traces that are taken as long as there is room."""

    spans: int = 0
    taken: dict[int, None] = field(default_factory=dict)

    def take(self, rows: pl.DataFrame, more: int = 0) -> None:
        """Take what fits into what is left and `more` spans, in order; the very first always does."""
        self.spans += more
        for trace, size in rows.select("trace_hash", pl.col("spans").clip(upper_bound=MOST_SPANS_A_TRACE)).iter_rows():
            if self.taken and (self.spans < 1 or len(self.taken) >= MOST_TRACES):
                return
            if trace not in self.taken and (size <= self.spans or not self.taken):
                self.spans -= size
                self.taken[trace] = None


def suspects(source: Source, values: Values, totals: Totals) -> tuple[list[int], LeftOut]:
    """Hashes of traces: a third of the room for the longest in which tools repeat themselves, one for those with failed
    calls, one for others by what may have been wasted in them at most; then for whatever is left."""
    acts = totals.calls + totals.tool_calls
    stuck = _sliced(source, "stuck", values, acts, ACTS_A_SLICE).sort(["spans", "trace_hash"], descending=[True, False])
    asked = _asked(source, values, acts)
    failed = asked.filter(pl.col("failed") > 0)
    budget = _Budget()
    for rows in (stuck, failed, asked.filter(pl.col("failed") == 0)):
        budget.take(rows, MOST_SPANS // 3)
    both = pl.concat([rows.select("trace_hash", "spans") for rows in (stuck, asked)])
    budget.take(both)
    taken = pl.Series(list(budget.taken), dtype=pl.UInt64)
    rest = failed.filter(~pl.col("trace_hash").is_in(taken.implode()))
    calls, left = int(failed["failed"].sum()), int(rest["failed"].sum())
    return list(budget.taken), LeftOut(
        traces=both["trace_hash"].n_unique() - len(taken),
        failed_calls=left,
        failed_cost_usd=float(rest["failed_cost_usd"].sum()),
        failed_calls_looked_at=calls - left,
    )


def _asked(source: Source, values: Values, acts: int) -> pl.DataFrame:
    """Traces in which a model was asked again, within themselves or over several, the dearest first."""
    order: dict[str, Any] = {"by": ["worth_usd", "trace_hash"], "descending": [True, False]}
    within = _sliced(source, "suspects", values, acts, ASKED_A_SLICE).sort(**order)
    within = within.head(MOST_ROWS * max(-(-acts // ACTS_A_SLICE), 1))
    return pl.concat([within, _repeated(source, values, acts)], how="vertical_relaxed").sort(**order)


def _sliced(source: Source, name: str, values: Values, acts: int, slice_size: int) -> pl.DataFrame:
    slices = max(-(-acts // slice_size), 1)
    limits = {"slices": slices, "traces": MOST_ROWS}
    return pl.concat([frame(source, name, {**values, **limits, "slice": part}) for part in range(slices)])


def _repeated(source: Source, values: Values, acts: int) -> pl.DataFrame:
    """The same columns as `suspects` has: of these nothing failed, and each is two acts."""
    same = _sliced(source, "repeats", values, acts, ACTS_A_SLICE).sort(["times", "same"], descending=[True, False])
    keys = {"same": same["same"].head(MOST_REPEATED).to_list(), "traces": MOST_TRACES}
    found = frame(source, "repeated", {**values, **keys}) if keys["same"] else pl.DataFrame(schema=REPEATED)
    return found.select(
        "trace_hash", spans=pl.lit(2), failed=pl.lit(0), failed_cost_usd=pl.lit(0.0), worth_usd="worth_usd"
    )


def frame(source: Source, name: str, values: Values) -> pl.DataFrame:
    """The answer of a statement of this job."""
    return source.frame(Path(__file__).with_name(f"{name}.sql"), values)
