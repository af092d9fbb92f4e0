"""A change of a weighted rate, split exactly into what moved weight and what moved rates (Kitagawa, JASA 50, 1955).

With weights w and rates h of the cells, before (0) and after (1), and H = sum of w h:

    mix  = (w1 - w0) ((h0 + h1) / 2 - (H0 + H1) / 2)
    rate = (w0 + w1) / 2 (h1 - h0)

Both sum over the cells to H1 - H0. A cell that is only on one side has no rate on the other: it is given the rate that
it has, so that all of it is mix.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Split:
    """Parts of a change by cell, in the unit of the rate."""

    before: float
    """H0."""
    after: float
    """H1."""
    mix: Floats
    rate: Floats

    @property
    def total(self) -> Floats:
        """What each cell contributes in all."""
        return self.mix + self.rate


def split(weight_before: Floats, rate_before: Floats, weight_after: Floats, rate_after: Floats) -> Split:
    """The split. Weights are any non-negative amounts, normalised here; rates where the weight is 0 are not looked at.

    Raises ValueError when one side has no weight at all: then there is no rate to speak of.
    """
    if not weight_before.sum() > 0 or not weight_after.sum() > 0:
        raise ValueError("a side without weight has no rate")
    w0, w1 = weight_before / weight_before.sum(), weight_after / weight_after.sum()
    h0 = np.where(w0 > 0, rate_before, rate_after)
    h1 = np.where(w1 > 0, rate_after, h0)
    total0, total1 = float(w0 @ h0), float(w1 @ h1)
    mix = (w1 - w0) * ((h0 + h1) / 2 - (total0 + total1) / 2)
    return Split(total0, total1, mix, (w0 + w1) / 2 * (h1 - h0))
