"""`traces` and `edges`: one row a trace that has been quiet, its call graph inside; replaced when it settles again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from analytics.settling.layers import bill_rollups, fail_tools, name_models
from analytics.settling.marks import moment, text
from analytics.settling.work import Work
from spanledger.engine import Engine
from spanledger.settings import Settings


@dataclass(frozen=True)
class Due:
    """Which traces to settle: those whose newest span came within [since, until), and those that were asked for."""

    since: int
    until: int
    most_ms: int
    """A trace that is never quiet is settled whenever it has been open for another so many milliseconds."""
    asked: Sequence[str] = ()


def settle_traces(engine: Engine, settings: Settings, due: Due, summed: int) -> int:
    """Write the rows of all traces that are due; how many. Spans before `summed` are in `usage` already."""
    settled = 0
    evaluations = [name.strip() for name in settings.outcome_evaluations.split(",")]
    with Work(engine) as work:
        work.take(
            "due_traces",
            **{"from": text(due.since), "until": text(due.until), "most_ms": due.most_ms, "asked": list(due.asked)},
        )
        for chunk, traces, since in work.chunks():
            work.load("load", chunk)
            changed = name_models(work, settings, summed) + fail_tools(work, summed)
            if changed + bill_rollups(work, settings, summed):
                work.load("load", chunk)
            work.execute(
                "traces",
                chunk=chunk,
                since=moment(since * 1000),
                evaluations=evaluations,
                version=time.time_ns(),
            )
            settled += traces
    return settled
