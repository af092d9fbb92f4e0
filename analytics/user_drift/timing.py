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
from analytics.statistics.psi import psi, shares
from analytics.statistics.two_sample import area_under_curve
from analytics.user_drift.families import Family
from analytics.user_drift.matching import WEEKEND
from analytics.user_drift.shift import PSEUDO, Shift
from spanledger.divergence import by_chance, jensen_shannon

Floats = NDArray[np.float64]

DAY = timedelta(days=1)
FEWEST_IN_WEEK = 50
"""Rows of a week of the reference that is compared with the other weeks."""
FEWEST_IN_PART = 5


def onset(family: Family, shift: Shift) -> datetime:
    """The time that parts the calls best: least squares of two means, the later one higher."""
    held = _held(family, shift)
    at, score = family.rows["at"].filter(pl.Series(held)), _evened(family, shift)[held]
    n = len(score)
    before = np.arange(1, n)
    lead = np.cumsum(score - score.mean())[:-1]  # negative as long as calls are like the earlier ones
    gain = np.where(lead < 0, lead**2 / (before * (n - before)), 0)
    return cast(datetime, at[int(np.argmax(gain)) + 1])


def persistence(family: Family, shift: Shift, window: Window) -> tuple[int, int]:
    """In how many of the last parts of the window, days or thirds, calls are more like the current side."""
    part = DAY if window.days >= 3 else window.length / 3
    score, current, places = _evened(family, shift), shift.sides.current, shift.sides.places
    middle = (score[places[current]].mean() + score[places[~current]].mean()) / 2
    held, at = _held(family, shift), family.rows["at"]
    edges = [window.until - part * back for back in (3, 2, 1, 0)]
    parts = [score[((at >= low) & (at < high)).to_numpy() & held] for low, high in pairwise(edges)]
    counted = [values for values in parts if len(values) >= FEWEST_IN_PART]
    return (sum(bool(values.mean() > middle) for values in counted), len(counted)) if counted else (0, 1)


def wobble(family: Family, shift: Shift) -> float | None:
    """The effect that one week of the reference shows against its other weeks, beyond what chance makes: the largest,
    of four weeks or more the second largest, for one may have been an incident. None with less than two weeks."""
    reference = ~shift.sides.current
    week = family.rows["back"].to_numpy()[shift.sides.places][reference] // 7
    score = shift.compared[reference]
    code = np.unique(score, return_inverse=True)[1]
    found = [
        _apart(shift.unit, score, code, week == number)
        for number in np.unique(week)
        if min((week == number).sum(), (week != number).sum()) >= FEWEST_IN_WEEK
    ]
    if len(found) < 2:
        return None
    return sorted(found)[-2 if len(found) >= 4 else -1]


def _held(family: Family, shift: Shift) -> NDArray[np.bool_]:
    """Calls, compared or not, with a version and a tenant that were compared, and with a score."""
    compared = family.rows[shift.sides.places].select("key", "tenant").unique()
    places = family.rows.select("key", "tenant", pl.int_range(pl.len()).alias("place"))
    found = places.join(compared, on=["key", "tenant"], how="semi")["place"].to_numpy()
    held = np.zeros(len(family.rows), dtype=bool)
    held[found] = True
    return held & ~np.isnan(shift.score)


def _evened(family: Family, shift: Shift) -> Floats:
    """Scores less the reference's mean on such a day: a weekend is no shift."""
    weekend = (family.rows["at"].dt.weekday() >= WEEKEND).to_numpy()
    reference = np.zeros(len(weekend), dtype=bool)
    reference[shift.sides.places[~shift.sides.current]] = True
    usual = np.nanmean(shift.score[reference])
    means = [
        np.mean(shift.score[reference & kind]) if (reference & kind).any() else usual for kind in (~weekend, weekend)
    ]
    return np.asarray(shift.score - np.where(weekend, means[1], means[0]))


def _apart(unit: str, score: Floats, code: NDArray[np.intp], week: NDArray[np.bool_]) -> float:
    if unit not in ("PSI", "bits"):
        return abs(area_under_curve(score, week) - 0.5) - sqrt((1 / week.sum() + 1 / (~week).sum()) / 12)
    bins = int(code.max()) + 1
    one, other = (shares(np.bincount(code[side], minlength=bins), pseudo=PSEUDO) for side in (week, ~week))
    n, m = int(week.sum()), int((~week).sum())
    if unit == "PSI":
        return psi(one, other).item() - (bins - 1) * (1 / n + 1 / m)
    return jensen_shannon(one, other).item() - by_chance(bins, n, m)
