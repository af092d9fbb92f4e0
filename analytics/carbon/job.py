"""The job: four statements, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl

from analytics.carbon.figures import Value, grid_rows, values_of
from analytics.carbon.intensity import OTHERS, Outcome, find
from analytics.carbon.parts import Grid
from analytics.carbon.report import REPORT, UNKNOWN, energy_unknown, report
from analytics.carbon.told import KIND, Rule
from analytics.jobs.contract import Candidate, Kind, Report, Window
from analytics.jobs.source import Source
from spanledger.moments import as_parameter
from spanledger.outcomes import RESOLVED
from spanledger.settings import Settings

MOST_VALUES = 50
"""Values of a dimension that stand by name."""
USUAL_UNITS = 100
"""Requests or resolved tasks before the window that tell a usual level; with fewer, the window's own counts. How many
the rise itself must have is for the rules that all jobs share."""


class Carbon:
    """Energy and carbon by request, task and resolved task."""

    name = "carbon"
    title = "Energy and carbon of calls and tasks"
    kinds: tuple[Kind, ...] = (
        Kind(REPORT, "All figures of the window, with bounds, factor set, grid and boundary.", min_n=0),
        Kind(KIND, "A feature or model emits clearly more per resolved task or per request than it did."),
        Kind(UNKNOWN, "Calls without an energy figure, which all sums lack.", min_n=0),
    )
    every = timedelta(days=1)
    length = timedelta(days=1)

    def run(self, source: Source, window: Window, settings: Settings) -> Report:
        """Figures of one window, and rises against what was before it."""
        calls = source.frame(_sql("calls"), _of_calls(window, settings))
        values = values_of(calls)
        digest = report(values, _feature_rows(calls), window)
        outcome = _rises(source, window, values, settings)
        measured = [replace(one, trace_ids=_heaviest(source, one)) for one in (digest, *outcome.candidates)]
        return Report(
            candidates=[*measured, *energy_unknown(values, window)],
            tested=outcome.tested,
            notes=_notes(values["all"][0], outcome),
        )


def _rises(source: Source, window: Window, values: Mapping[str, Sequence[Value]], settings: Settings) -> Outcome:
    grid = Grid.of(window)
    week_from, week_to = grid.week_before
    asked = {
        "week_from": as_parameter(week_from),
        "week_to": as_parameter(week_to),
        "since": as_parameter(grid.since),
        "from": as_parameter(grid.begin),
        "to": as_parameter(window.until),
        "hours": grid.hours,
        "others": OTHERS,
        "features": _named(values, "feature"),
    }
    sums = source.frame(_sql("series"), asked | {"models": _named(values, "model")})
    traces = source.frame(_sql("tasks"), asked | {"resolved": list(RESOLVED)})
    rule = Rule(settings.carbon_min_rise, USUAL_UNITS, settings.carbon_ticket_g_per_day, grid.rhythm)
    return find(sums, traces, values, grid, rule)


def _named(values: Mapping[str, Sequence[Value]], dimension: str) -> list[str]:
    return [value.value for value in values.get(dimension, ()) if not value.rest]


def _of_calls(window: Window, settings: Settings) -> dict[str, Any]:
    return window.parameters() | {
        "resolved": list(RESOLVED),
        "local_providers": list(settings.energy_local_providers),
        "default_place": settings.energy_default_place,
        "most": MOST_VALUES,
    }


def _feature_rows(calls: pl.DataFrame) -> list[dict[str, Any]]:
    """Rows of features as the procurement list takes them; the others of many are one line of that name."""
    of_features = calls.filter(pl.col("dimension") == "feature", pl.col("whole") == 0)
    return [
        grid | {"value": "(others)" if row["rest"] else row["shown"]}
        for row in of_features.to_dicts()
        for grid in grid_rows(row)
    ]


def _heaviest(source: Source, one: Candidate) -> list[str]:
    [(dimension, value)] = one.subject.items() or [("", "")]
    asked = {"from": as_parameter(one.since), "to": as_parameter(one.until), "dimension": dimension, "value": value}
    return list(source.frame(_sql("heaviest"), asked)["trace_id"])


def _notes(total: Value, outcome: Outcome) -> dict[str, Any]:
    return {
        "calls": total.calls,
        "calls_without_figure": total.calls_without_figure,
        "tasks": total.tasks,
        "resolved_tasks": total.resolved_tasks,
        "factor_sets": sorted({one.method.factor_set or one.method.source for one in total.figures}),
        "compared": len(outcome.tested),
        "not_a_change": list(outcome.no_changes),
    }


def _sql(name: str) -> Path:
    return Path(__file__).with_name(f"{name}.sql")


JOB = Carbon()
"""The job as the catalogue has it."""
