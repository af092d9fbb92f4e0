"""Are two samples of vectors from one distribution? A classifier that cannot tell them apart, and kernel means.

Classifier two-sample test: Lopez-Paz and Oquab (2017). Train on one half, test on the other: cross-validation over the
same rows would find differences two to three times too often. Maximum mean discrepancy: Gretton et al. (2012).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from analytics.statistics.relabel import Blocks, Labels, Statistic, blocks, p_values

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Integers = NDArray[np.integer]

STRENGTH = 0.01
"""Inverse of the classifier's ridge, for some hundred columns of 0 and 1: of 0.003 to 1 it told a planted shift best
(AUC 0.56 against 0.55), in a tenth of the time of 1."""


@dataclass(frozen=True)
class Told:
    """How well a classifier tells the current from the reference rows that it was not trained on."""

    auc: float
    """Probability that it gives the higher score to the current one of two rows; 0.5: it cannot tell."""
    accuracy: float
    p_value: float
    n: int
    """Rows that were held out."""
    weights: Floats
    """A weight for each column: a row's weighted sum is larger the more it is like the current side."""


def classifier_test(
    rows: Floats, current: Bools, unit: Integers, rng: np.random.Generator, most: int = 999
) -> Told | None:
    """Train on the rows of one half of the units, test on those of the other; p by permutation of the units tested.

    None where one of the halves has rows of one side only.
    """
    halves = rng.permutation(np.arange(int(unit.max()) + 1) % 2).astype(bool)
    train = halves[unit]
    held_out = ~train
    if min(_fewest(current[train]), _fewest(current[held_out])) < 2:
        return None
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - it takes a second to import

    model = LogisticRegression(C=STRENGTH, class_weight="balanced", solver="newton-cholesky").fit(
        rows[train], current[train]
    )
    scores = np.asarray(model.decision_function(rows), dtype=np.float64)
    of, lead = _lead(scores[held_out], current[held_out], unit[held_out])
    [(_, p_value)] = p_values(of, [lead], rng, most)
    return Told(
        auc=area_under_curve(scores[held_out], current[held_out]),
        accuracy=_balanced_accuracy(scores[held_out] > 0, current[held_out]),
        p_value=p_value,
        n=int(held_out.sum()),
        weights=np.asarray(model.coef_[0], dtype=np.float64),
    )


def accuracy_p(accuracy: float, n: int) -> float:
    """p of an accuracy on `n` held-out rows that are independent, sides equal: N(1/2, 1/(4n)) under the null."""
    return float(scipy.stats.norm.sf((accuracy - 0.5) * 2 * np.sqrt(n)))


def area_under_curve(scores: Floats, current: Bools) -> float:
    """Probability that a current row has the higher score of two; ties are halves (Mann and Whitney)."""
    n, m = int(current.sum()), int((~current).sum())
    return float((scipy.stats.rankdata(scores)[current].sum() - n * (n + 1) / 2) / (n * m))


def _lead(scores: Floats, current: Bools, unit: Integers) -> tuple[Blocks, Statistic]:
    """The area under the curve above one half as a statistic of labels, on one scale for sides of any size."""
    of = blocks(unit, current)
    sums = of.sums(scipy.stats.rankdata(scores) - (len(scores) + 1) / 2)

    def lead(labels: Labels) -> Floats:
        return np.asarray((labels @ sums).astype(np.float64)[:, 0] / np.sqrt(np.maximum(of.pivot(labels), 1e-9)))

    return of, lead


def mmd2(x: Floats, y: Floats, *, bandwidth: float | None = None) -> float:
    """Unbiased squared maximum mean discrepancy with a Gaussian kernel, its width the median distance by default."""
    both = np.concatenate([x, y])
    kernel = _kernel(both, bandwidth)
    n, m = len(x), len(y)
    within_x = (kernel[:n, :n].sum() - n) / (n * (n - 1))
    within_y = (kernel[n:, n:].sum() - m) / (m * (m - 1))
    return float(within_x + within_y - 2 * kernel[:n, n:].mean())


def mmd_test(
    rows: Floats, current: Bools, unit: Integers, rng: np.random.Generator, most: int = 499
) -> tuple[float, float]:
    """(squared discrepancy, p by permutation of units). The kernel is as large as the square of the rows."""
    of = blocks(unit, current)
    kernel = _kernel(rows, None).astype(np.float32)
    total, everywhere = float(kernel.sum()), kernel.sum(axis=1)

    def discrepancy(labels: Labels) -> Floats:
        by_row = labels[:, of.of_row]
        n = by_row.sum(axis=1, dtype=np.float64)
        m = len(rows) - n
        inside = np.einsum("ij,ij->i", by_row @ kernel, by_row, dtype=np.float64)
        touching = (by_row @ everywhere).astype(np.float64)
        outside = total - 2 * touching + inside
        apart = (inside - n) / (n * (n - 1)) + (outside - m) / (m * (m - 1)) - 2 * (touching - inside) / (n * m)
        return np.asarray(apart * of.pivot(labels))

    [(observed, p_value)] = p_values(of, [discrepancy], rng, most)
    return observed / float(of.pivot(of.current[None, :])[0]), p_value


def _kernel(rows: Floats, bandwidth: float | None) -> Floats:
    squares = (rows**2).sum(axis=1)
    distances = np.maximum(squares[:, None] + squares[None, :] - 2 * rows @ rows.T, 0)
    if bandwidth is None:
        upper = distances[np.triu_indices(min(len(rows), 1000), 1)] if len(rows) <= 1000 else distances[::7, 3::7]
        bandwidth = float(np.sqrt(np.median(upper))) or 1.0
    return np.asarray(np.exp(distances / (-2 * bandwidth**2)))


def _fewest(current: Bools) -> int:
    return int(min(current.sum(), (~current).sum()))


def _balanced_accuracy(said: Bools, current: Bools) -> float:
    return float((said[current].mean() + (~said[~current]).mean()) / 2)
