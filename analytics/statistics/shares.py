"""How unevenly a sum is spread over those who make it up: shares of the largest, Lorenz curve, Gini.

Intervals are percentiles of a bootstrap that draws members with replacement. With tails so heavy that the mean does not
settle (alpha below 2) they are too narrow: the largest member yet to come is not in the data.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

REPLICATES = 400
WORK = 20_000_000
"""Members drawn in all replicates together, at most; a second or so."""


@dataclass(frozen=True)
class Interval:
    """95 of 100 replicates lie in it."""

    low: float
    high: float


@dataclass(frozen=True)
class Change:
    """A difference of two shares of the same members, in their own units."""

    before: float
    after: float
    interval: Interval
    p_value: float
    """One-sided: how often a replicate shows no increase."""

    @property
    def difference(self) -> float:
        """After minus before."""
        return self.after - self.before


def members(n: int, fraction: float) -> int:
    """How many are the top `fraction` of n: rounded up, so that there is always one."""
    return max(1, int(np.ceil(n * fraction - 1e-9)))


def top_share(values: Floats, count: int) -> float:
    """The part of the sum that the `count` largest have; NaN where the sum is 0."""
    total = float(values.sum())
    return float(np.partition(values, -count)[-count:].sum()) / total if total > 0 else float("nan")


def gini(values: Floats) -> float:
    """sum (2i - n - 1) x_i / (n sum x) over ascending values: 0 when all are alike; NaN where the sum is 0."""
    n, total = len(values), float(values.sum())
    weights = 2 * np.arange(1, n + 1, dtype=np.float64) - n - 1
    return _weighted(np.sort(values), weights) / (n * total) if total > 0 else float("nan")


def lorenz(values: Floats, points: int = 100) -> list[tuple[float, float]]:
    """(part of the members, part of the sum that they have), the smallest first, from (0, 0) to (1, 1). Points stand
    closer together towards the largest members, where the curve bends."""
    n = len(values)
    curve = np.concatenate([[0.0], np.cumsum(np.sort(values))])
    if curve[-1] <= 0:
        return []
    places = np.unique(np.round(n * (1 - np.linspace(1, 0, points) ** 3)).astype(np.int64))
    return [(float(place / n), float(curve[place] / curve[-1])) for place in places]


def top_share_interval(values: Floats, count: int, rng: np.random.Generator) -> Interval:
    """Of the share of as large a part of the members."""
    ordered = np.sort(values)[::-1]
    return _interval(_replicates(len(values), rng, lambda drawn: _drawn_top(ordered, drawn, count)))


def gini_interval(values: Floats, rng: np.random.Generator) -> Interval:
    """Of the Gini coefficient."""
    ordered = np.sort(values)
    return _interval(_replicates(len(values), rng, lambda drawn: _drawn_gini(ordered, drawn)))


def top_share_change(before: Floats, after: Floats, count: int, rng: np.random.Generator) -> Change:
    """How the share of the largest changed between two times; each member's two values are drawn together."""
    first, second = np.argsort(-before, kind="stable"), np.argsort(-after, kind="stable")
    then, now = before[first], after[second]
    replicates = _replicates(
        len(before),
        rng,
        lambda drawn: _drawn_top(now, drawn[second], count) - _drawn_top(then, drawn[first], count),
    )
    none = int((replicates <= 0).sum())
    p_value = (1 + none) / (1 + len(replicates))
    return Change(top_share(before, count), top_share(after, count), _interval(replicates), p_value)


def _replicates(n: int, rng: np.random.Generator, statistic: Callable[[Floats], float]) -> Floats:
    """A statistic of how often each of n members was drawn, over the replicates."""
    count = max(50, min(REPLICATES, WORK // n))
    drawn = (np.bincount(rng.integers(0, n, n), minlength=n).astype(np.float64) for _ in range(count))
    found = [statistic(each) for each in drawn]
    return np.array([each for each in found if np.isfinite(each)])


def _drawn_top(ordered: Floats, drawn: Floats, count: int) -> float:
    """The share of the `count` largest, where each of the descending values counts as often as it was drawn."""
    total = _weighted(ordered, drawn)
    if total <= 0:
        return float("nan")
    reached = np.cumsum(drawn)
    last = int(np.searchsorted(reached, count))
    over = float(reached[last]) - count
    return (_weighted(ordered[: last + 1], drawn[: last + 1]) - over * float(ordered[last])) / total


def _drawn_gini(ordered: Floats, drawn: Floats) -> float:
    """Gini, where each of the ascending values counts as often as it was drawn."""
    n, total = len(ordered), _weighted(ordered, drawn)
    weights = drawn * (2 * (np.cumsum(drawn) - drawn) + drawn - n)
    return _weighted(ordered, weights) / (n * total) if total > 0 else float("nan")


def _weighted(values: Floats, weights: Floats) -> float:
    """The sum of the products, without BLAS, whose threads cost more than they save at this size."""
    return float((values * weights).sum())


def _interval(replicates: Floats) -> Interval:
    low, high = np.percentile(replicates, [2.5, 97.5]) if len(replicates) else (float("nan"), float("nan"))
    return Interval(float(low), float(high))
