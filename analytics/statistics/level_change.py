"""Since when, and how surely, the level of a rate changed: one split of a series of amounts per base.

Levels are weighted by their bases. How much a level varies by itself is taken from stretches before the split that are
as long as what is behind it: their spread carries nights, lumps and heavy tails. Student's t with one degree of freedom
less than there are stretches; p is corrected for the splits that were tried (Bonferroni, at most `MOST_TRIES`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy

from analytics.statistics.mix_rate import Floats

MOST_TRIES = 8
FEWEST_STRETCHES = 8
LONGEST_STRETCH = 48


@dataclass(frozen=True)
class LevelChange:
    """A split of a series."""

    at: int
    """First slot of the new level."""
    before: float
    after: float
    p_value: float
    gains: Floats
    """By slot, with the sign of the change: what of the variation a split there explains, in one unit for all."""

    def timing(self, at: int) -> float:
        """A step at another slot beside this one, in standard errors: 1 as large, 0 none or the other way."""
        best = self.gains[self.at]
        return float(np.sqrt(np.clip(self.gains[at] / best, 0.0, 1.0))) if 0 <= at < len(self.gains) and best else 0.0


def level_change(amounts: Floats, bases: Floats, first: int, last: int) -> LevelChange | None:
    """The clearest split at a slot from `first` to `last` (included); None where a side of each has no base."""
    gains = split_gains(amounts, bases)
    tried = [at for at in range(max(first, 1), min(last, len(bases) - 1) + 1) if gains[at] != 0]
    if not tried:
        return None
    at = max(tried, key=lambda each: abs(gains[each]))
    before, after = amounts[:at].sum() / bases[:at].sum(), amounts[at:].sum() / bases[at:].sum()
    p_value = min(1.0, _p_value(amounts, bases, at, after - before) * min(len(tried), MOST_TRIES))
    return LevelChange(at, float(before), float(after), p_value, gains)


def split_gains(amounts: Floats, bases: Floats) -> Floats:
    """By slot the weighted sum of squares between the levels before it and from it on, signed; 0: no base there."""
    base = np.concatenate([[0.0], np.cumsum(bases)])
    amount = np.concatenate([[0.0], np.cumsum(amounts)])
    rest_base, rest = base[-1] - base, amount[-1] - amount
    fine = (base > 0) & (rest_base > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = rest / rest_base - amount / base
        weight = base * rest_base / base[-1]
    return np.asarray(np.where(fine, weight * difference * np.abs(difference), 0.0))[:-1]


def _p_value(amounts: Floats, bases: Floats, at: int, difference: float) -> float:
    size = max(1, min(len(bases) - at, LONGEST_STRETCH, at // FEWEST_STRETCHES))
    ends = range(at, size - 1, -size)
    base = np.array([bases[end - size : end].sum() for end in ends])
    amount = np.array([amounts[end - size : end].sum() for end in ends])
    amount, base = amount[base > 0], base[base > 0]
    if len(base) < 2:
        return 1.0
    level = amount.sum() / base.sum()
    spread = float((base * (amount / base - level) ** 2).sum()) / (len(base) - 1)
    error = spread * (1 / float(bases[at:].sum()) + 1 / float(bases[:at].sum()))
    if error <= 0:
        return 0.0 if difference else 1.0
    return float(2 * scipy.stats.t.sf(abs(difference) / np.sqrt(error), len(base) - 1))
