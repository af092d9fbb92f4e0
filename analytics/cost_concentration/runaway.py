"""Whether a customer's cost has run away: a day that is far above all its days, and when that began.

A customer runs away when 24 hours cost more than 5 times the median of its days and more than twice the largest of
them. The second condition keeps those silent who do their work on one day of the week. Where two weeks or more are
known, the two largest days are passed over: an incident that was must not hide the next one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from analytics.cost_concentration.stretch import stretch_around

Floats = NDArray[np.float64]

TIMES_USUAL = 5.0
TIMES_LARGEST = 2.0
RISE = 3.0
"""An hour belongs to a runaway from so many times its usual cost on: halfway, on a scale of logarithms, to the 5 to 10
times that runaways begin with, and above the peaks of a day's rhythm (2 to 3 times its mean)."""
DAY = 24
EXCEPTIONS = 2
DAYS_WITH_EXCEPTIONS = 14
FEWEST_DAYS = 3
"""Other days that are needed to know the usual one. With fewer, hours are compared."""
FEWEST_HOURS = 12
DAYS_FOR_RHYTHM = 7
LEAST_SPREAD = 0.1
"""Of the logarithms of days: nobody's days are more alike than to 10 %, and few days can look so by chance."""


@dataclass(frozen=True)
class Runaway:
    """Hours as places in the series."""

    start: int
    stop: int
    day_usd: float
    """The dearest 24 hours in it."""
    usual_usd: float
    """The median of the other days."""
    largest_usd: float
    """The largest of them, or the third largest."""
    excess_usd: float
    """What it cost above the usual, from start to stop."""
    ongoing: bool
    """Whether the last 24 hours are still above 5 times the usual."""
    raised_hours: int
    """Of the last three hours of it, how many were above 3 times their usual."""
    other_days: int
    """Days that the usual one is from; below 3 it is from hours."""

    @property
    def factor(self) -> float:
        """The dearest 24 hours in usual days."""
        return self.day_usd / self.usual_usd


@dataclass(frozen=True)
class Verdict:
    """What was found, and how likely a day like that is by the spread of the others."""

    p_value: float
    runaway: Runaway | None


def judge(costs: Floats, scan_from: int, rise_of_all: float = 1.0) -> Verdict:
    """Look for a runaway in hourly costs from place `scan_from` on; what is before is history.

    The last 24 hours are looked at first, then the dearest, whose p-value is that of the dearest of so many days.
    `rise_of_all`: how much customers at large have risen.
    """
    seen = int(np.flatnonzero(costs)[0]) if costs.any() else len(costs)
    usual = np.concatenate([np.zeros(seen), _usual_hours(costs[seen:])])
    sums = np.convolve(costs, np.ones(DAY))[: len(costs)]
    days = max(1.0, (len(costs) - scan_from) / DAY)
    verdict = Verdict(1.0, None)
    for last, looks in ((len(costs) - 1, 1.0), (scan_from + int(sums[scan_from:].argmax()), days)):
        first = max(0, last + 1 - DAY)
        peak = first + int((costs - usual)[first : last + 1].argmax())
        if costs[peak] <= RISE * usual[peak]:
            continue
        raised = np.clip(costs - RISE * usual, None, RISE * usual)
        start, stop = stretch_around(raised, peak) if usual[peak] > 0 else (peak, peak + 1)
        verdict = _judge_stretch(costs, usual, seen, (start, stop), rise_of_all)
        verdict = Verdict(min(1.0, verdict.p_value * looks), verdict.runaway)
        if verdict.runaway:
            break
    return verdict


def _judge_stretch(costs: Floats, usual: Floats, seen: int, hours: tuple[int, int], rise_of_all: float) -> Verdict:
    start, stop = hours
    others = np.concatenate([_days_before(costs[seen:start]), _days_after(costs[stop:])])
    sums = np.convolve(costs, np.ones(DAY))[: len(costs)]
    day, last_day = float(sums[start : min(stop + DAY, len(costs))].max()), float(sums[-1])
    if len(others) >= FEWEST_DAYS:
        usual_day = float(np.median(others)) or float(others.mean())
        largest, p_value = _largest(others), _p_value(day, others)
        far = day > TIMES_LARGEST * largest
    else:
        rest = np.concatenate([costs[seen:start], costs[stop:]])
        if np.count_nonzero(rest) < FEWEST_HOURS:
            return Verdict(1.0, None)
        raised = float(costs[start:stop].mean())
        usual_day, largest = DAY * float(rest.mean()), DAY * float(rest.max())
        p_value, far = _p_value(raised, rest[rest > 0]), raised > TIMES_USUAL * float(rest.max())
    bar = TIMES_USUAL * rise_of_all * usual_day
    if not (far and usual_day > 0 and day > bar):
        return Verdict(p_value, None)
    late = slice(max(start, stop - 3), stop)
    found = Runaway(
        start,
        stop,
        day,
        usual_day,
        largest,
        float((costs - usual)[start:stop].sum()),
        last_day > bar and stop > len(costs) - DAY,
        int((costs[late] > RISE * usual[late]).sum()),
        len(others),
    )
    return Verdict(p_value, found)


def _usual_hours(costs: Floats) -> Floats:
    """What each hour costs usually: the median of its hour of the day, at least a quarter of the median day's mean."""
    whole = len(costs) // DAY
    if whole < FEWEST_DAYS:
        return np.full(len(costs), float(np.median(costs)) if len(costs) else 0.0)
    days = costs[len(costs) - whole * DAY :].reshape(whole, DAY)
    level = (float(np.median(days.sum(axis=1))) or float(days.sum(axis=1).mean())) / DAY
    if whole < DAYS_FOR_RHYTHM:
        return np.full(len(costs), level)
    rhythm = np.maximum(np.median(days, axis=0), level / 4)
    return np.asarray(np.tile(rhythm, whole + 1)[DAY - (len(costs) - whole * DAY) :])


def _days_before(costs: Floats) -> Floats:
    """Whole days, counted back from the end."""
    whole = len(costs) // DAY
    return np.asarray(costs[len(costs) - whole * DAY :].reshape(whole, DAY).sum(axis=1))


def _days_after(costs: Floats) -> Floats:
    whole = len(costs) // DAY
    return np.asarray(costs[: whole * DAY].reshape(whole, DAY).sum(axis=1))


def _largest(others: Floats) -> float:
    exceptions = EXCEPTIONS if len(others) >= DAYS_WITH_EXCEPTIONS else 0
    return float(np.sort(others)[-1 - exceptions])


def _p_value(value: float, others: Floats) -> float:
    """How often a new value would be as large, were logarithms normal about the others' median.

    Their spread is that of the upper half: quiet days, like Sundays, say nothing about how dear a day may become. It is
    from half of the values, and so Student's t has about half as many degrees of freedom.
    """
    floor = 0.05 * float(others.mean())
    if floor <= 0 or len(others) < 2:
        return 1.0
    logs = np.log(others + floor)
    middle = float(np.median(logs))
    upper = logs[logs >= middle]
    spread = max(float(np.sqrt(((upper - middle) ** 2).mean())), LEAST_SPREAD) * float(np.sqrt(1 + 1 / len(logs)))
    return float(scipy.stats.t.sf((np.log(value + floor) - middle) / spread, len(upper)))
