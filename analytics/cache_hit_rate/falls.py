"""Falls of slices: found by CUSUM against the reference, dated by PELT, measured, and not forgotten while they last."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analytics.cache_hit_rate.grid import Grid, Slice
from analytics.cache_hit_rate.reference import DAY, Mask, Reference, reference
from analytics.statistics import cusum
from analytics.statistics.change_points import fall_near
from analytics.statistics.mix_rate import Floats

MIN_DROP = 0.05
"""A fall of less than 5 percentage points is not worth a word (methods: effect size)."""
MIN_DROP_THIN = 0.10
"""... of 10 where there was no comparable hour, so that a day's rhythm could look like it."""
MIN_HOURS = 3
"""A deploy empties a cache for an hour, which may touch two hours of the clock."""
RECOVERED = 5.0
"""Log odds of being back over being down that end a fall: 148 to 1. One hour brings half of it at most."""
PASSES = 40
"""Hours of a fall are no reference for later ones; what is found without them may reach further, and so on."""
PART_CALLS = 30
"""Persistence is counted in parts of so many calls: a single hour of few calls shows nothing."""
DATE_REACH = 6
"""PELT may move the first hour of a fall by so many hours."""


@dataclass(frozen=True)
class Fall:
    """One slice's rate below its reference for some hours."""

    slice: Slice
    row: int
    start: int
    """Column of the first hour."""
    end: int
    """Column after the last hour."""
    expected: float
    """The rate that it should have had, weighted by its tokens."""
    rate: float
    calls: float
    strength: float
    """Standard deviations of the whole fall: which of several is the clearest."""
    p_value: float
    thin: bool
    """There was nothing comparable but the hours just before, or on a weekend only weekdays."""
    weekend: bool
    """The latter."""
    persistence: tuple[int, int]

    @property
    def drop(self) -> float:
        """Expected less measured, as a share."""
        return self.expected - self.rate


@dataclass(frozen=True)
class Watched:
    """What all slices said."""

    falls: tuple[Fall, ...]
    """Those that touch the window, the clearest first."""
    tested: tuple[float, ...]
    """A p-value for each slice that could be tested."""
    usable: Mask
    """Hours that are not part of a fall, by slice and column of the grid."""
    reference: Reference


@dataclass(frozen=True)
class _Path:
    """All slices along the path: rows of the grid, columns from the first hour of the path on."""

    grid: Grid
    columns: slice
    window: slice
    """Where on the path the window is."""
    known: Reference
    calls: Floats
    tokens: Floats
    cached: Floats
    z: Floats
    """Deviations from the reference in standard deviations; NaN without calls or reference."""
    sums: Floats
    """CUSUM of `z`."""

    def seen(self, row: int) -> npt.NDArray[np.int64]:
        """Hours of a slice that can be judged."""
        return np.flatnonzero(~np.isnan(self.z[row]))

    def p_values(self, highest: Floats, rows: npt.NDArray[np.int64]) -> Floats:
        """Of the heights that sums reached."""
        return cusum.p_value(highest, np.maximum((~np.isnan(self.z[rows])).sum(axis=1), 1.0))


def watch(grid: Grid, path: slice, window: slice, unequal: float) -> Watched:
    """All falls that touch the columns of `window`, looking along `path`, which ends with it."""
    usable = np.ones(grid.calls.shape, dtype=np.bool_)
    for number in range(PASSES):
        along = _along(grid, path, window, reference(grid, usable, path, unequal, first_look=number == 0))
        alarmed = np.flatnonzero(along.sums.max(axis=1) >= cusum.LIMIT)
        found = {int(row): _runs(along.z[row], along.known.deviation[row]) for row in alarmed}
        masked = _mask(along, found)
        if number and (masked == usable).all():
            break
        usable = masked
    tested = np.flatnonzero((~np.isnan(along.z[:, along.window])).any(axis=1))
    p_values = along.p_values(along.sums[tested, along.window].max(axis=1), tested)
    falls = [fall for row, runs in found.items() for run in runs if (fall := _measured(along, row, *run))]
    falls.sort(key=lambda fall: -fall.strength)
    return Watched(tuple(falls), tuple(p_values.tolist()), usable, along.known)


def _along(grid: Grid, path: slice, window: slice, known: Reference) -> _Path:
    calls, tokens, cached = (each[:, path] for each in (grid.calls, grid.tokens, grid.cached))
    judged = (tokens > 0) & (known.rate >= MIN_DROP)
    z = np.where(judged, (cached / np.maximum(tokens, 1.0) - known.rate + known.doubt) / known.deviation, np.nan)
    inside = slice(window.start - path.start, window.stop - path.start)
    return _Path(grid, path, inside, known, calls, tokens, cached, z, cusum.falling(z))


def _mask(along: _Path, found: dict[int, list[tuple[int, int]]]) -> Mask:
    """All hours but those of falls that are large enough. The first weekend stays: the next is compared with it."""
    usable = np.ones(along.grid.calls.shape, dtype=np.bool_)
    for row, runs in found.items():
        for start, end in runs:
            deep = _depth(along.z[row, start:end], along.known.deviation[row, start:end]) <= -MIN_DROP
            if deep and not _mostly(along.known.weekend[row, start:end]):
                usable[row, along.columns.start + start : along.columns.start + end] = False
    return usable


def _depth(z: Floats, deviation: Floats) -> float:
    """Mean deviation in rate, the surer hours first."""
    seen = ~np.isnan(z)
    return float((z[seen] / deviation[seen]).sum() / (1 / deviation[seen] ** 2).sum())


def _runs(z: Floats, deviation: Floats) -> list[tuple[int, int]]:
    """First hour and the hour after the last of each fall along one series."""
    runs, total, start, t = [], 0.0, 0, 0
    while t < len(z):
        if not np.isnan(z[t]):
            total = max(0.0, total - float(np.clip(z[t], -cusum.CLIP, cusum.CLIP)) - cusum.K)
        if total == 0.0:
            start = t + 1
        if total >= cusum.LIMIT:
            end = _recovery(z, deviation, start, t + 1)
            runs.append((start, end))
            total, start, t = 0.0, end, end - 1
        t += 1
    return runs


def _recovery(z: Floats, deviation: Floats, start: int, alarm: int) -> int:
    """Where the fall ends: from where on the hours speak for the old level, by their likelihood ratio."""
    depth = _depth(z[start:alarm], deviation[start:alarm])
    odds, back = 0.0, alarm
    for t in range(alarm, len(z)):
        if np.isnan(z[t]):
            continue
        down = depth / deviation[t]
        odds += float(np.clip(-down * z[t] + down * down / 2, -RECOVERED, RECOVERED / 2))
        if odds <= 0:
            odds, back = 0.0, t + 1
        if odds >= RECOVERED:
            return back
    return len(z)


def _measured(along: _Path, row: int, start: int, end: int) -> Fall | None:
    """The fall in numbers; None when it is small, short, or not in the window."""
    start = _dated(along, row, start, end)
    seen = along.seen(row)
    hours = seen[(seen >= start) & (seen < end)]
    if not len(hours) or end <= along.window.start:
        return None
    end = int(hours[-1]) + 1
    tokens, known = along.tokens[row, hours], along.known
    expected = float(known.rate[row, hours] @ tokens / tokens.sum())
    rate = float(along.cached[row, hours].sum() / tokens.sum())
    weekend = _mostly(known.weekend[row, hours])
    thin = weekend or _mostly(known.thin[row, hours])
    highest = along.sums[row, max(start, along.window.start) : end].max()
    drop = expected - rate
    down = along.known.rate[row, hours] - along.cached[row, hours] / tokens >= drop / 2
    if drop < (MIN_DROP_THIN if thin else MIN_DROP) or down.sum() < MIN_HOURS:
        return None
    return Fall(
        slice=along.grid.slices[row],
        row=row,
        start=along.columns.start + start,
        end=along.columns.start + end,
        expected=expected,
        rate=rate,
        calls=float(along.calls[row, hours].sum()),
        strength=float(-along.z[row, hours].sum() / np.sqrt(len(hours))),
        p_value=float(along.p_values(np.array([highest]), np.array([row]))[0]),
        thin=thin,
        weekend=weekend,
        persistence=_persistence(along, row, len(hours), drop / 2),
    )


def _mostly(flags: Mask) -> bool:
    return bool(flags.mean() > 0.5)


def _dated(along: _Path, row: int, start: int, end: int) -> int:
    """The first hour by PELT on the logit of the rate less that of the reference."""
    seen = along.seen(row)
    seen = seen[(seen >= start - DAY) & (seen < min(end, start + DAY))]
    near = int(np.searchsorted(seen, start))
    if near in (0, len(seen)):  # it was down when the path began
        return start
    expected = along.known.rate[row, seen]
    measured = np.clip(along.cached[row, seen] / along.tokens[row, seen], 0.01, 0.99)
    weights = (expected * (1 - expected) / along.known.deviation[row, seen]) ** 2
    return int(seen[fall_near(_logit(measured) - _logit(expected), weights, near, DATE_REACH)])


def _logit(share: Floats) -> Floats:
    return np.asarray(np.log(share / (1 - share)))


def _persistence(along: _Path, row: int, hours: int, half: float) -> tuple[int, int]:
    """In how many of the last (up to three) parts of the path the rate was down by at least half of the fall."""
    seen = along.seen(row)
    usual = float(np.median(along.calls[row, seen]))
    size = int(np.clip(np.ceil(PART_CALLS / max(usual, 1.0)), 1, max(1, hours // 3)))
    parts = [seen[max(0, len(seen) - size * (k + 1)) : len(seen) - size * k] for k in range(3)]
    return sum(_is_down(along, row, part, half) for part in parts), len(parts)


def _is_down(along: _Path, row: int, part: npt.NDArray[np.int64], half: float) -> bool:
    tokens = along.tokens[row, part]
    lost = along.known.rate[row, part] @ tokens - along.cached[row, part].sum()
    return bool(len(part) and lost / tokens.sum() >= half)
