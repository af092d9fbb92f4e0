"""Permutation tests that respect who said it: users change sides, not rows.

Rows of one user resemble each other, so a permutation of rows finds differences everywhere. Here all that a user has on
one side of a comparison is one block. A user with a block on each side keeps one on each, and a coin says which is
which; users who are on one side only are dealt to the sides anew, as many to each as there were.

Sides of a labelling may be of other sizes than the real ones, and smaller sides differ more by chance. So a statistic
must be one whose spread does not depend on them: a squared distance times n m / (n + m) (`Blocks.pivot`).

A statistic is a function of the matrix of labels (one row a labelling, one column a block; 1: the current side), so
that a thousand labellings are one product of matrices.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.float32]
Statistic = Callable[[Labels], NDArray[np.float64]]
"""Values for each row of labels; larger is further from the null hypothesis."""

CHUNK = 500
"""Labellings at once."""
ENOUGH = 20
"""As many labellings at least as extreme settle that a p-value is not small (Besag and Clifford, 1991)."""


@dataclass(frozen=True)
class Blocks:
    """The blocks of a comparison: rows by unit and side."""

    of_row: NDArray[np.intp]
    """The block of each row."""
    pairs: NDArray[np.intp]
    """Two columns: the reference and the current block of each unit that has both."""
    singles: NDArray[np.intp]
    """Blocks of units that are on one side only."""
    current: Labels
    """1 for each block that is current."""

    @property
    def units(self) -> tuple[int, int]:
        """How many units the reference and the current side have."""
        after = int(self.current.sum())
        return len(self.current) - after, after

    def pivot(self, labels: Labels) -> NDArray[np.float64]:
        """n m / (n + m) for each labelling: what makes squared distances of two samples comparable."""
        n = (labels @ self.sizes).astype(np.float64)
        return n * (len(self.of_row) - n) / len(self.of_row)

    @property
    def sizes(self) -> NDArray[np.float32]:
        """Rows of each block."""
        return np.bincount(self.of_row, minlength=len(self.current)).astype(np.float32)

    def sums(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Values (rows, or rows × columns) summed by block."""
        columns = values.reshape(len(values), -1)
        out = np.zeros((len(self.current), columns.shape[1]))
        np.add.at(out, self.of_row, columns)
        return out.astype(np.float32)

    def shuffled(self, rng: np.random.Generator, count: int) -> Labels:
        """Labels as they might be if sides meant nothing."""
        labels = np.empty((count, len(self.current)), np.float32)
        heads = rng.integers(0, 2, (count, len(self.pairs)), dtype=np.int8)
        labels[:, self.pairs[:, 0]] = heads
        labels[:, self.pairs[:, 1]] = 1 - heads
        labels[:, self.singles] = self._dealt(rng, count)
        return labels

    def _dealt(self, rng: np.random.Generator, count: int) -> NDArray[np.bool_]:
        """For each labelling, as many of the single blocks as are current now, drawn without replacement."""
        wanted = int(self.current[self.singles].sum())
        drawn = rng.random((count, len(self.singles)), dtype=np.float32)
        if wanted == len(self.singles):
            return np.ones_like(drawn, dtype=bool)
        return np.asarray(drawn < np.partition(drawn, wanted, axis=1)[:, wanted : wanted + 1])


def blocks(unit: NDArray[np.integer], current: NDArray[np.bool_]) -> Blocks:
    """Blocks of rows that belong to units, whole numbers, on two sides."""
    keys, of_row = np.unique(np.asarray(unit, dtype=np.int64) * 2 + current, return_inverse=True)
    both = np.flatnonzero(
        keys[1:] == keys[:-1] + keys[1:] % 2
    )  # a unit's reference block comes right before its current
    pairs = np.stack([both, both + 1], axis=1) if len(both) else np.empty((0, 2), np.intp)
    singles = np.setdiff1d(np.arange(len(keys)), pairs)
    return Blocks(of_row, pairs, singles, (keys % 2).astype(np.float32))


def p_values(
    of: Blocks, statistics: list[Statistic], rng: np.random.Generator, most: int = 999
) -> list[tuple[float, float]]:
    """(observed, p) for each statistic, p = (1 + labellings as extreme) / (1 + labellings), all on the same labellings.

    Stops once every statistic is settled; p is valid wherever it stops.
    """
    observed = [float(statistic(of.current[None, :])[0]) for statistic in statistics]
    extreme, tried = np.zeros(len(statistics)), np.zeros(len(statistics))
    open_ones = np.arange(len(statistics))
    while len(open_ones) and tried[open_ones[0]] < most:
        labels = of.shuffled(rng, min(CHUNK, int(most - tried[open_ones[0]])))
        for place in open_ones:
            # rounding in 32 bits must not make a labelling that is the same look less extreme
            extreme[place] += np.count_nonzero(statistics[place](labels) >= observed[place] * (1 - 1e-6) - 1e-12)
            tried[place] += len(labels)
        open_ones = open_ones[extreme[open_ones] < ENOUGH]
    return [(seen, float((1 + e) / (1 + t))) for seen, e, t in zip(observed, extreme, tried, strict=True)]
