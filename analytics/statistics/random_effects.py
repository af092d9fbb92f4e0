"""Means of groups that differ by more than chance: DerSimonian and Laird, Controlled Clinical Trials 7:177, 1986."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy


@dataclass(frozen=True)
class Pooled:
    """A mean over groups, its variance, and the variance between the groups."""

    mean: float
    variance: float
    between: float
    groups: int


def pool(means: Sequence[float], variances: Sequence[float], between: float | None = None) -> Pooled:
    """The mean of groups whose means are known with some variance each (above zero).

    `between` is estimated by moments, at least zero, unless it is given: one group alone does not tell it.
    """
    x, v = np.asarray(means, float), np.asarray(variances, float)
    if between is None:
        weights = 1 / v
        spread = float(weights @ (x - weights @ x / weights.sum()) ** 2)
        scale = float(weights.sum() - (weights**2).sum() / weights.sum())
        between = max(0.0, (spread - (len(x) - 1)) / scale) if scale > 0 else 0.0
    weights = 1 / (v + between)
    return Pooled(float(weights @ x / weights.sum()), float(1 / weights.sum()), between, len(x))


def p_higher(later: Pooled, earlier: Pooled) -> float:
    """One-sided p of no rise, by Student's t with the degrees of freedom of the earlier groups (at least one)."""
    error = (later.variance + earlier.variance) ** 0.5
    return float(scipy.stats.t.sf((later.mean - earlier.mean) / error, max(earlier.groups - 1, 1)))
