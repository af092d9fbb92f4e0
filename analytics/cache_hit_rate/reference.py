"""What hit rate an hour should have, from comparable hours before it, and how far rates stray from that by themselves.

Comparable are, the first that there is: the same hour of the week in the four weeks before (two of them at least), the
same hour of the seven days before, the last two days. Medians: one bad day among them does no harm. A slice with
few calls an hour is compared with the hours around, too.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from analytics.cache_hit_rate.grid import Grid
from analytics.statistics.mix_rate import Floats

DAY, WEEK = 24, 168
WEEKLY = tuple(WEEK * k for k in (1, 2, 3, 4))
DAILY = tuple(DAY * k for k in (1, 2, 3, 4, 5, 6, 7))
NO_LAGS, DAILY_LAGS, WEEKLY_LAGS = 0, 1, 2
HALF_WIDTHS = (0, 1, 2, 4, 7, 11)
"""Hours on either side that are pooled; the widest stays behind the hour that it is for, a day later."""
POOLED_CALLS = 100
"""Half-width is the smallest that brings so many calls: a rate of a few calls is 0 or 1, and its median no mean."""
FEWEST_CALLS = 10
"""A pool of fewer is not looked at."""
EARLIER_HOURS, EARLIER_CALLS, EARLIER_SEEN = 48, 50, 4
"""Without comparable hours: calls of so many hours before, at least so many calls in so many hours."""
NARROWEST = 0.01
"""Standard deviation of an hour's rate that is always granted, in rate: no cache is steadier for good."""
DOUBT = 1.645
"""Standard errors of the reference that it is given: one in twenty references is further off."""
OF_MEDIAN = 1.57
"""Variance of a median over that of a mean, pi / 2."""
ENOUGH_RESIDUALS = 12
LEAST_DISPERSION = 0.25
"""Tokens of one call are alike, so that a rate may stray less than by coin tosses; not less than by half."""
Mask = npt.NDArray[np.bool_]
Columns = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Reference:
    """For each slice (row) and hour of the path (column); NaN where nothing is comparable."""

    rate: Floats
    thin: Mask
    """Nothing comparable but the hours just before."""
    weekend: Mask
    """A weekend, and only weekdays to compare it with."""
    deviation: Floats
    """Standard deviation of the hour's rate from `rate`."""
    doubt: Floats
    """How much lower the reference itself may be: the same for many hours in a row, so it must not add up."""
    lags: npt.NDArray[np.int8]
    """Which hours were compared: `WEEKLY_LAGS`, `DAILY_LAGS`, or `NO_LAGS`."""


def reference(grid: Grid, usable: Mask, path: slice, unequal: float, *, first_look: bool) -> Reference:
    """References for the columns of `path` from the hours that are `usable` (not themselves a fall).

    `unequal`: how many calls weigh as one since calls differ in size, 1 + the squared coefficient of variation.
    On a first look, where falls are not known yet, dispersion is taken from one hour to the next, which a lasting fall
    does not widen; later from all residuals, which know of days that differ.
    """
    hours = np.arange(path.start, path.stop)
    sums = tuple(_pooled(np.where(usable, each, 0.0), _half_widths(grid)) for each in _sums(grid))
    weekly, daily = (_lagged(sums, hours, lags) for lags in (WEEKLY, DAILY))
    rate, compared, thin, lags = _compared(grid, usable, hours, weekly, daily)
    only_weekdays = (lags == DAILY_LAGS) & _weekend(grid, hours) & np.isnan(weekly.rate[0])
    strays = _strays(grid, usable, hours, rate, unequal)
    if first_look:
        sizes = np.abs(np.diff(strays, axis=1)) / np.sqrt(2)
    else:
        sizes = np.abs(np.concatenate([_residuals(weekly, unequal), _residuals(daily, unequal), strays], axis=1))
    single = _quantile_by_row(sizes)[:, None] * rate * (1 - rate) * unequal
    return Reference(
        rate=rate,
        thin=thin,
        weekend=only_weekdays,
        deviation=np.sqrt(single / np.maximum(grid.calls[:, path], 1.0) + NARROWEST**2),
        doubt=DOUBT * np.sqrt(single * OF_MEDIAN / np.maximum(compared, 1.0)),
        lags=lags,
    )


def _compared(
    grid: Grid, usable: Mask, hours: Columns, weekly: _Lagged, daily: _Lagged
) -> tuple[Floats, Floats, Mask, npt.NDArray[np.int8]]:
    """Rate, calls behind it, whether it is thin, and the kind of hours that it is from."""
    is_weekly = weekly.count >= 2
    is_daily = ~is_weekly & (daily.count >= 1)
    last_week = weekly.rate[0]
    rate = np.where(is_weekly, weekly.median, np.where(is_daily, np.fmin(daily.median, last_week), np.nan))
    compared = np.where(is_weekly, weekly.calls, np.where(is_daily, daily.calls, 0.0))
    thin = ~is_weekly & ~is_daily
    _carry(grid, hours, rate, compared, thin)
    earlier_rate, earlier_calls = _earlier(grid, usable, hours)
    is_earlier = np.isnan(rate)
    lags = np.where(is_weekly, WEEKLY_LAGS, np.where(is_daily, DAILY_LAGS, NO_LAGS))
    rate = np.clip(np.where(is_earlier, earlier_rate, rate), 0.01, 0.99)
    return rate, np.where(is_earlier, earlier_calls, compared), thin | is_earlier, lags.astype(np.int8)


def _carry(grid: Grid, hours: Columns, rate: Floats, compared: Floats, thin: Mask) -> None:
    """Where a fall has lasted so long that nothing comparable is left, what held a week or a day before still holds."""
    for t, hour in enumerate(hours.tolist()):
        lost = np.flatnonzero(np.isnan(rate[:, t]) & (grid.calls[:, hour] > 0))
        for lag in (WEEK, DAY):
            if len(lost) and t >= lag:
                for values in (rate, compared, thin):
                    values[lost, t] = values[lost, t - lag]
                lost = lost[np.isnan(rate[lost, t])]


@dataclass(frozen=True)
class _Lagged:
    """Pools of comparable hours: lag, slice, hour."""

    rate: Floats
    pooled: Floats

    @cached_property
    def median(self) -> Floats:
        return _median(self.rate)

    @cached_property
    def count(self) -> npt.NDArray[np.int64]:
        return np.asarray((~np.isnan(self.rate)).sum(axis=0))

    @cached_property
    def calls(self) -> Floats:
        return np.asarray(np.where(np.isnan(self.rate), 0.0, self.pooled).sum(axis=0))


def _sums(grid: Grid) -> tuple[Floats, Floats, Floats]:
    return grid.calls, grid.tokens, grid.cached


def _half_widths(grid: Grid) -> npt.NDArray[np.int64]:
    """By slice: so many hours on either side that there are enough calls."""
    busy = np.where(grid.calls > 0, grid.calls, np.nan)
    with np.errstate(invalid="ignore"):
        usual = np.nansum(busy, axis=1) / np.maximum((grid.calls > 0).sum(axis=1), 1)
    widths = np.full(len(usual), HALF_WIDTHS[-1])
    for half in reversed(HALF_WIDTHS):
        widths[usual * (2 * half + 1) >= POOLED_CALLS] = half
    return widths


def _pooled(values: Floats, half_widths: Columns) -> Floats:
    """Sums over each hour and the hours around it."""
    running = np.concatenate([np.zeros((values.shape[0], 1)), np.cumsum(values, axis=1)], axis=1)
    columns = np.arange(values.shape[1])
    upper = np.minimum(columns + half_widths[:, None] + 1, values.shape[1])
    lower = np.maximum(columns - half_widths[:, None], 0)
    return np.asarray(np.take_along_axis(running, upper, 1) - np.take_along_axis(running, lower, 1))


def _lagged(sums: tuple[Floats, ...], hours: Columns, lags: tuple[int, ...]) -> _Lagged:
    calls, tokens, cached = sums
    rates, pools = [], []
    for lag in lags:
        there = hours >= lag
        columns = np.where(there, hours - lag, 0)
        enough = there & (calls[:, columns] >= FEWEST_CALLS) & (tokens[:, columns] > 0)
        rates.append(np.where(enough, cached[:, columns] / np.maximum(tokens[:, columns], 1.0), np.nan))
        pools.append(np.where(enough, calls[:, columns], np.nan))
    return _Lagged(np.stack(rates), np.stack(pools))


def _median(stack: Floats) -> Floats:
    """Median over the first axis without NaN, NaN where there is nothing (numpy's own takes ten times as long)."""
    ordered = np.sort(stack, axis=0)  # NaN last
    count = (~np.isnan(stack)).sum(axis=0)
    low, high = np.maximum(count - 1, 0) // 2, count // 2
    middle = [np.take_along_axis(ordered, np.minimum(at, len(stack) - 1)[None], 0)[0] for at in (low, high)]
    return np.asarray(np.where(count > 0, (middle[0] + middle[1]) / 2, np.nan))


def _earlier(grid: Grid, usable: Mask, hours: Columns) -> tuple[Floats, Floats]:
    """Rate and calls of the hours just before each hour."""
    seen = usable & (grid.calls > 0)
    running = [
        np.concatenate([np.zeros((seen.shape[0], 1)), np.cumsum(np.where(seen, each, 0.0), axis=1)], axis=1)
        for each in (grid.calls, grid.tokens, grid.cached, np.ones_like(grid.calls))
    ]
    start = np.maximum(hours - EARLIER_HOURS, 0)
    calls, tokens, cached, count = (each[:, hours] - each[:, start] for each in running)
    enough = (calls >= EARLIER_CALLS) & (count >= EARLIER_SEEN) & (tokens > 0)
    return np.where(enough, cached / np.maximum(tokens, 1.0), np.nan), np.where(enough, calls, 0.0)


def _weekend(grid: Grid, hours: Columns) -> Mask:
    return np.array([grid.hour(int(hour)).weekday() >= 5 for hour in hours], dtype=np.bool_)


def _strays(grid: Grid, usable: Mask, hours: Columns, rate: Floats, unequal: float) -> Floats:
    """Residuals of the path's own usable hours in standard deviations of independent calls."""
    calls, tokens, cached = (each[:, hours] for each in _sums(grid))
    noise = np.sqrt(np.maximum(rate * (1 - rate), 1e-4) * unequal / np.maximum(calls, 1.0))
    return np.where(usable[:, hours] & (calls > 0), (cached / np.maximum(tokens, 1.0) - rate) / noise, np.nan)


def _residuals(lagged: _Lagged, unequal: float) -> Floats:
    """Of comparable hours from their own median, widened by what the median follows them; a row a slice."""
    count, middle = lagged.count, lagged.median
    noise = np.sqrt(np.maximum(middle * (1 - middle), 1e-4) * unequal / lagged.pooled)
    wider = np.sqrt(count / np.maximum(count - 1, 1))
    found = np.where(count >= 2, (lagged.rate - middle) / noise * wider, np.nan)
    return np.asarray(np.moveaxis(found, 0, 1).reshape(found.shape[1], -1))


def _quantile_by_row(sizes: Floats) -> Floats:
    """By slice: variance of rates over that of independent calls. The 68.3 % quantile of absolute residuals, squared,
    which is 1 for a normal law and lets a third of them be anything. Rows with too few take the usual one, or 1."""
    ordered = np.sort(sizes, axis=1)
    count = (~np.isnan(sizes)).sum(axis=1)
    at = np.minimum((0.683 * count).astype(int), np.maximum(count - 1, 0))
    quantile = np.take_along_axis(ordered, at[:, None], 1)[:, 0] ** 2
    known = count >= ENOUGH_RESIDUALS
    usual = float(np.median(quantile[known])) if known.any() else 1.0
    return np.maximum(np.where(known, quantile, usual), LEAST_DISPERSION)
