"""What broke, and when: the change of a metric that a bad time is about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analytics.statistics.level_change import LevelChange, level_change
from analytics.statistics.mix_rate import Floats
from analytics.triage.asked import LOOKBACK, Asked
from analytics.triage.cells import Cells
from analytics.triage.signals import AUTOMATIC, METRICS, NO_METRIC, Metric

SURE = 0.02
"""p from which on a metric is said to have changed. Whoever asks has seen it change already."""


@dataclass(frozen=True)
class Broken:
    """A metric and its change; `change` is None when it did not change surely."""

    metric: Metric
    number: int
    """Its place in METRICS."""
    change: LevelChange | None
    """Of its level; where that did not change, of all that the filter's traces make of it, beside all traffic."""
    volume: LevelChange | None
    """Of the latter, for amounts that add up."""
    by_level: bool
    """The level did change, not only how many traces there are."""
    amounts: Floats
    bases: Floats
    """By slot."""


def broken(cells: Cells, asked: Asked) -> Broken | None:
    """What broke; None when the spans do not measure it or, asked for any metric, none changed."""
    if cells.total is None or asked.metric == NO_METRIC:
        return None
    looked = [_look(cells, asked, number) for number in _asked_for(asked.metric) if cells.total.bases[number].any()]
    if asked.metric != AUTOMATIC:
        return looked[0] if looked else None
    changed = [each for each in looked if each.change]
    return min(changed, key=lambda each: (each.change.p_value if each.change else 1.0, each.number), default=None)


def _asked_for(name: str) -> Iterator[int]:
    return (number for number, metric in enumerate(METRICS) if name in (AUTOMATIC, metric.name))


def _look(cells: Cells, asked: Asked, number: int) -> Broken:
    assert cells.total is not None  # noqa: S101 - the caller has looked
    metric = METRICS[number]
    amounts, bases = cells.total.amounts[number].sum(axis=1), cells.total.bases[number].sum(axis=1)
    places = cells.place(asked.since - LOOKBACK), cells.slots - 1
    level = _sure(level_change(amounts, bases, *places))
    volume = None
    if metric.total and np.any(cells.traffic[:, 1] > 0):  # a part of all traffic: more of it is a change as well
        volume = _sure(level_change(amounts, cells.traffic.sum(axis=1) * cells.sampled, *places))
    return Broken(metric, number, level or volume, volume, level is not None, amounts, bases)


def _sure(found: LevelChange | None) -> LevelChange | None:
    sure = found is not None and found.p_value <= SURE and abs(found.after - found.before) > 1e-12
    return found if sure else None
