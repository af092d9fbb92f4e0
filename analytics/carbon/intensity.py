"""Findings about emissions per request and per resolved task: what rose, since when, and by which factor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from analytics.carbon.causes import Known, causes
from analytics.carbon.figures import Value
from analytics.carbon.history import by_request, by_resolved_task, totals, within_features, without_figure
from analytics.carbon.parts import Grid, Series
from analytics.carbon.rises import Rise, rise_of
from analytics.carbon.told import Found, Rule, candidate, no_change
from analytics.jobs.contract import Candidate
from analytics.statistics.lmdi import effects

OTHERS = "\x00others"
"""Stands for the features and models that are not among the first: never tested."""
CHANCE = 0.05
"""A rise with a larger p is not even a candidate: no correction for many tests makes a p smaller."""

CLEARLY = 1.2
"""A resolved task that rose by so much more than a request rose for reasons of its own."""


@dataclass(frozen=True)
class Outcome:
    """What was found, what was tested, and which rises are none: of the method, or of a model's other use."""

    candidates: Sequence[Candidate]
    tested: Sequence[float]
    no_changes: Sequence[Mapping[str, Any]]


def find(
    sums: pl.DataFrame, traces: pl.DataFrame, values: Mapping[str, Sequence[Value]], grid: Grid, rule: Rule
) -> Outcome:
    """Rises by feature (per request, per resolved task), then by model over the calls that features do not explain."""
    known = _known_of_window(values)
    features = [*by_resolved_task(traces), *by_request(sums, "feature", _spread(values.get("feature", ())))]
    tested, found = _found(features, sums, traces, known, rule)
    blamed = {one.rise.series.subject["feature"] for one in found}
    rest = sums.filter(~pl.col("feature").is_in(list(blamed)))
    models = by_request(rest, "model", _spread(values.get("model", ())))
    more_tested, more = _found(models, rest, traces, known, rule)
    everything = [*_one_each(found), *more]
    real = [one for one in everything if not one.is_method and within_features(rest, one.rise) >= rule.least]
    changes = [no_change(one) for one in everything if one not in real]
    candidates = [candidate(one, grid, rule) for one in real]
    return Outcome(candidates, [*tested, *more_tested], changes)


def _spread(values: Iterable[Value]) -> dict[str, float]:
    return {value.value: value.spread for value in values if not value.rest}


def _known_of_window(values: Mapping[str, Sequence[Value]]) -> Known:
    models = [value for value in values.get("model", ()) if not value.rest]
    return Known(
        measured={model.value for model in models if any(one.method.source == "measured" for one in model.figures)},
        assumed={
            model.value
            for model in models
            if any("(assumed)" in grid for one in model.figures for grid in one.method.grids)
        },
    )


def _found(
    series: Sequence[Series], sums: pl.DataFrame, traces: pl.DataFrame, known: Known, rule: Rule
) -> tuple[list[float], list[Found]]:
    """The p-values of all series that could be compared, and the rises that are large enough."""
    rises = [
        rise
        for one in series
        if OTHERS not in one.subject.values()
        and (rise := rise_of(one, rule.least, rule.min_units, rule.rhythm)) is not None
    ]
    large = [rise for rise in rises if rise.share >= rule.least and rise.p <= CHANCE]
    return [rise.p for rise in rises], [_explained(rise, sums, traces, known) for rise in large]


def _explained(rise: Rise, sums: pl.DataFrame, traces: pl.DataFrame, known: Known) -> Found:
    subject, inside = rise.series.subject, range(rise.first, rise.last + 1)
    before, after = totals(sums, subject, rise.reference), totals(sums, subject, inside)
    new = without_figure(sums, subject, rise.reference)
    split = causes(before, after, Known(known.measured, known.assumed, new))
    if rise.series.unit == "request":
        return Found(rise, split, split.by_factor, before, after)
    return Found(rise, split, _of_task(rise, traces), before, after)


def _of_task(rise: Rise, traces: pl.DataFrame) -> dict[str, float]:
    chosen = traces.filter(pl.col("feature") == rise.series.subject["feature"])
    old = _task_factors(chosen.filter(pl.col("part").is_in(list(rise.reference))))
    new = _task_factors(chosen.filter(pl.col("part").is_between(rise.first, rise.last)))
    [split] = effects({"": old}, {"": new}).values()
    return dict(zip(("call", "calls_per_task", "tasks_per_resolved"), split, strict=True))


def _task_factors(traces: pl.DataFrame) -> tuple[float, float, float]:
    sums = {name: float(traces[name].sum() or 0) for name in ("co2e_g", "calls", "traces", "resolved")}
    calls, resolved = sums["calls"] or 1.0, sums["resolved"] or 1.0
    return sums["co2e_g"] / calls, calls / (sums["traces"] or 1.0), sums["traces"] / resolved


def _one_each(found: Sequence[Found]) -> list[Found]:
    """Of a feature's two measures one: per request, unless a resolved task rose clearly more than its calls explain."""
    best: dict[str, Found] = {}
    for one in sorted(found, key=lambda one: _weight(one.rise)):
        best[one.rise.series.subject["feature"]] = one
    return list(best.values())


def _weight(rise: Rise) -> float:
    return rise.level / rise.usual * (CLEARLY if rise.series.unit == "request" else 1)
