"""How far apart two histograms are: population stability index, and what chance makes of it and of Jensen-Shannon
divergence (`spanledger.divergence`).

Yurdakul (2018): when both samples come from one distribution, PSI is about chi-squared with B-1 degrees of freedom
times (1/N + 1/M). Jensen-Shannon divergence is, to second order, an eighth of PSI (in nats), so it has the same null.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def shares(counts: ArrayLike, *, pseudo: float = 0.0) -> Floats:
    """Counts along the last axis as shares; `pseudo` is added to each count first, so that no share is zero."""
    smoothed = np.asarray(counts, dtype=np.float64) + pseudo
    return np.asarray(smoothed / np.maximum(smoothed.sum(axis=-1, keepdims=True), 1e-300), dtype=np.float64)


def psi(p: ArrayLike, q: ArrayLike) -> Floats:
    """Population stability index of shares along the last axis: sum of (p - q) ln(p / q). Shares must not be zero."""
    p, q = np.asarray(p, dtype=np.float64), np.asarray(q, dtype=np.float64)
    return np.asarray(((p - q) * np.log(p / q)).sum(axis=-1))


def psi_bound(bins: int, n: float, m: float, level: float = 0.95) -> float:
    """PSI of two samples of one distribution stays below this with probability `level`."""
    return float(scipy.stats.chi2.ppf(level, bins - 1) * (1 / n + 1 / m))


def jensen_shannon_bound(bins: int, n: float, m: float, level: float = 0.95) -> float:
    """The same for Jensen-Shannon divergence, in bits."""
    return psi_bound(bins, n, m, level) / (8 * float(np.log(2)))


def quantile_edges(reference: ArrayLike, bins: int = 10) -> Floats:
    """Inner edges of bins that hold about equally much of the reference; fewer where many values are the same.

    A value belongs to bin `np.searchsorted(edges, value)`.
    """
    values = np.asarray(reference, dtype=np.float64)
    edges = np.unique(np.quantile(values, np.arange(1, bins) / bins, method="inverted_cdf"))
    return np.asarray(edges[edges < values.max()])
