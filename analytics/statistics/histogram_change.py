"""Since when, and how surely, the shares of a series of histograms changed: one split by likelihood ratio.

For a split the statistic is G = 2 x (log likelihood of two multinomials - that of one), chi-squared under the null when
counts are independent. They are not: users, sessions and hours come in lumps. So G is divided by the dispersion that
stretches of the same length have among themselves before the split (Pearson's chi-squared by degrees of freedom), and
compared with F(values - 1, degrees of freedom of that): a reference of two days says less than one of a week. The
smallest p of all splits that were tried is corrected for their number (Bonferroni, at most `MOST_TRIES`: neighbours say
nearly the same).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy

from analytics.statistics.mix_rate import Floats
from spanledger.divergence import jensen_shannon

FEWEST_BEFORE, FEWEST_AFTER = 10.0, 4.0
"""Counts on the sides of a split; with fewer nothing is said."""
MOST_TRIES = 8
FEWEST_STRETCHES = 8
ENOUGH = 100.0
"""Counts that a reference must have to stand without what was before a replacement."""
REPLACED = 0.8
"""Bits of divergence from which on nearly all values are others: a release, another model."""
LONGEST_STRETCH = 48
"""Slots of a stretch at most, of the size that the caller's slots have."""
SMALLEST_P = 1e-300
RARE = 5.0
"""Values with a smaller count in all stretches together are one value when dispersion is measured."""


@dataclass(frozen=True)
class HistogramChange:
    """A split of a series of histograms."""

    at: int
    """First slot of the new shares."""
    p_value: float
    effect: float
    """Jensen-Shannon divergence of the shares before and after, in bits."""
    before: Floats
    after: Floats
    """Shares of the values."""
    n_before: float
    n_after: float
    dispersion: float
    """1: as independent counts have it."""


def histogram_change(counts: Floats, first: int, last: int) -> HistogramChange | None:
    """The clearest split at a slot from `first` to `last` (included); None where no split has enough on both sides.

    `counts`: a row a slot, a column a value; they need not be whole.
    """
    start = _regime(counts, first)
    if start:
        later = histogram_change(counts[start:], first - start, last - start)
        return replace(later, at=later.at + start) if later else None
    sums = np.vstack([np.zeros(counts.shape[1]), np.cumsum(counts, axis=0)])
    total = sums[-1]
    n = sums.sum(axis=1)
    tried = [
        at
        for at in range(max(first, 1), min(last, len(counts) - 1) + 1)
        if n[at] >= FEWEST_BEFORE and n[-1] - n[at] >= FEWEST_AFTER
    ]
    if not tried:
        return None
    gains = [2 * (_entropy(sums[at]) + _entropy(total - sums[at]) - _entropy(total)) for at in tried]
    at = [each for each, gain in zip(tried, gains, strict=True) if gain >= max(gains) - 1e-9][-1]
    dispersion, freedom = _dispersion(counts, at, len(counts) - at)
    p_value = min(1.0, _tail(max(gains), int((total > 0).sum()) - 1, dispersion, freedom) * min(len(tried), MOST_TRIES))
    before, after = sums[at] / n[at], (total - sums[at]) / (n[-1] - n[at])
    effect = float(jensen_shannon(before, after))
    return HistogramChange(at, p_value, effect, before, after, float(n[at]), float(n[-1] - n[at]), dispersion)


def _regime(counts: Floats, first: int) -> int:
    """Where the last replacement of nearly all values before `first` was: what lies before it is no reference."""
    sums = np.vstack([np.zeros(counts.shape[1]), np.cumsum(counts[:first], axis=0)])
    n, total = sums.sum(axis=1), sums[-1]
    for at in range(first - 1, 0, -1):
        if n[-1] - n[at] < ENOUGH or n[at] < FEWEST_BEFORE:
            continue
        near = max(0, at - (first - at))
        old = sums[at] - sums[near]
        if old.sum() >= FEWEST_BEFORE and _apart(old, total - sums[at]) >= REPLACED:
            return at
    return 0


def _apart(before: Floats, after: Floats) -> float:
    return float(jensen_shannon(before / before.sum(), after / after.sum()))


def _entropy(counts: Floats) -> float:
    """Log likelihood of counts under their own shares."""
    seen = counts[counts > 0]
    return float((seen * np.log(seen / seen.sum())).sum()) if len(seen) else 0.0


def _dispersion(counts: Floats, at: int, length: int) -> tuple[float, int]:
    """(how much more stretches before `at` differ than chance has it, degrees of freedom that this is known with).

    No degrees of freedom (0): stretches differ as chance has it, or there are too few to tell.
    """
    size = max(1, min(length, LONGEST_STRETCH, at // FEWEST_STRETCHES))
    stretches = np.stack([counts[end - size : end].sum(axis=0) for end in range(at, size - 1, -size)])
    stretches = stretches[stretches.sum(axis=1) > 0]
    if len(stretches) < 2:
        return 1.0, 0
    table = _without_rare(stretches)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0) / table.sum()
    freedom = (table.shape[0] - 1) * (table.shape[1] - 1)
    if freedom == 0:
        return 1.0, 0
    ratio = float(((table - expected) ** 2 / expected).sum()) / freedom
    return (ratio, freedom) if ratio > 1 else (1.0, 0)


def _without_rare(table: Floats) -> Floats:
    rare = table.sum(axis=0) < RARE
    columns = table[:, ~rare]
    if rare.any() and table[:, rare].sum() > 0:
        columns = np.column_stack([columns, table[:, rare].sum(axis=1)])
    return columns


def _tail(gain: float, values: int, dispersion: float, freedom: int) -> float:
    """p of a gain; with few stretches the dispersion itself is uncertain."""
    if values <= 0:
        return 1.0
    if not freedom:
        return max(float(scipy.stats.chi2.sf(gain, values)), SMALLEST_P)
    return max(float(scipy.stats.f.sf(gain / values / dispersion, values, freedom)), SMALLEST_P)
