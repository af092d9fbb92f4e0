"""How far apart two distributions are: Jensen-Shannon divergence, and what chance makes of it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def jensen_shannon(p: ArrayLike, q: ArrayLike) -> Floats:
    """Jensen-Shannon divergence of shares along the last axis, in bits: 0 for the same, 1 for nothing in common.

    scipy's `jensenshannon` is its square root, the distance.
    """
    p, q = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
    return np.asarray(_entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2)


def by_chance(bins: int, n: float, m: float) -> float:
    """Its mean, in bits, over two samples of n and m from one distribution.

    Times 8 ln 2 / (1/n + 1/m) it is about chi-squared with bins - 1 degrees of freedom (Yurdakul 2018 for PSI, of which
    it is an eighth in nats, to second order).
    """
    return (bins - 1) * (1 / n + 1 / m) / (8 * float(np.log(2)))


def _entropy(p: Floats) -> Floats:
    """In bits; 0 log 0 is 0."""
    return np.asarray(-(p * np.log2(np.where(p > 0, p, 1))).sum(axis=-1))
