"""When a shift began, whether it is still there, and whether the reference moves as much by itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from math import sqrt
from typing import cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analytics.jobs.contract import Window
from analytics.statistics.psi import jensen_shannon, psi, shares
from analytics.statistics.two_sample import area_under_curve
from analytics.user_drift.shift import PSEUDO, Shift

Floats = NDArray[np.float64]

DAY = timedelta(days=1)
FEWEST_IN_WEEK = 50
"""Rows of a week of the reference that is compared with the other weeks."""
FEWEST_IN_PART = 5


def onset(at: pl.Series, score: Floats) -> datetime:
    """The time that parts the rows best: least squares of two means, the later one higher. Rows in any order."""
    order = at.arg_sort()
    values = score[order.to_numpy()]
    n = len(values)
    before = np.arange(1, n)
    lead = np.cumsum(values - values.mean())[:-1]  # negative as long as the rows are like the earlier ones
    gain = np.where(lead < 0, lead**2 / (before * (n - before)), 0)
    return cast(datetime, at[order][int(np.argmax(gain)) + 1])


def persistence(at: pl.Series, score: Floats, current: NDArray[np.bool_], window: Window) -> tuple[int, int]:
    """In how many of the last parts of the window, days or thirds, the rows are more like the current side."""
    part = DAY if window.days >= 3 else window.length / 3
    middle = (score[current].mean() + score[~current].mean()) / 2
    edges = [window.until - part * back for back in (3, 2, 1, 0)]
    parts = [score[((at >= low) & (at < high)).to_numpy()] for low, high in pairwise(edges)]
    counted = [values for values in parts if len(values) >= FEWEST_IN_PART]
    if not counted:
        return 0, 1
    return sum(bool(values.mean() > middle) for values in counted), len(counted)


def wobble(shift: Shift, back: NDArray[np.int64]) -> float | None:
    """The effect that one week of the reference shows against its other weeks, beyond what chance makes: the largest,
    of four weeks or more the second largest, for one may have been an incident. None with less than two weeks."""
    reference = ~shift.current
    week, score = back[reference] // 7, shift.score[reference]
    code = np.unique(score, return_inverse=True)[1]
    found = [
        _apart(shift.unit, score, code, week == number)
        for number in np.unique(week)
        if min((week == number).sum(), (week != number).sum()) >= FEWEST_IN_WEEK
    ]
    if len(found) < 2:
        return None
    return sorted(found)[-2 if len(found) >= 4 else -1]


def _apart(unit: str, score: Floats, code: NDArray[np.intp], week: NDArray[np.bool_]) -> float:
    if unit not in ("PSI", "bits"):
        return abs(area_under_curve(score, week) - 0.5) - sqrt((1 / week.sum() + 1 / (~week).sum()) / 12)
    bins = int(code.max()) + 1
    one, other = (shares(np.bincount(code[side], minlength=bins), pseudo=PSEUDO) for side in (week, ~week))
    by_chance = (bins - 1) * (1 / week.sum() + 1 / (~week).sum())
    if unit == "PSI":
        return float(psi(one, other)) - by_chance
    return float(jensen_shannon(one, other)) - by_chance / (8 * float(np.log(2)))
