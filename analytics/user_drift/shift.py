"""What a comparison takes, and what it gives back for one layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Places = NDArray[np.intp]

PSEUDO = 0.5
"""Added to each bin, so that an empty one does not make PSI infinite."""
SCREENING, CONFIRMING = 999, 19_999
"""Labellings of each test; of a test that is worth a finding."""
VOTE = 0.05
"""p of the second test on content that is a yes."""
MIN_SIZE_CHANGE = 0.03
"""Sizes must move by so much on average. PSI sees any change of values that hardly differ (218 tokens, then 219); 3 %
more input is the least that shows on a bill, as with what retries waste."""


@dataclass(frozen=True)
class Sides:
    """Rows of a family to compare, on equal terms."""

    places: Places
    """Where they are in the family."""
    current: Bools
    """Which of them are current."""
    who: NDArray[np.int64]
    """The user (or session, or trace) of each."""
    days: int
    """Length of the current part."""

    def only(self, kept: Bools) -> Sides:
        """Those of the family's rows that are kept."""
        mine = kept[self.places]
        return Sides(self.places[mine], self.current[mine], self.who[mine], self.days)


@dataclass(frozen=True)
class Shift:
    """One layer of a family, before and since."""

    layer: str
    meaning: str
    soft: bool
    sides: Sides
    """The rows compared."""
    effect: float
    unit: str
    minimum: float
    """The smallest effect that is worth a word, and above what chance makes of such samples."""
    p_value: float
    score: Floats
    """A number for each row of the family, compared or not; larger is more like the current side. NaN: not reported."""
    labels: Sequence[str] = ()
    before: Floats | None = None
    since: Floats | None = None
    """Shares of the labels."""
    vote: float | None = None
    """p of the second test on content."""
    size_change: float | None = None
    """Of sizes: how far they moved on average (Wasserstein's distance), as a share of the median before."""

    @property
    def moved(self) -> bool:
        """True when it is large enough, whatever p says."""
        material = self.size_change is None or self.size_change >= MIN_SIZE_CHANGE
        return material and self.effect >= self.minimum and (self.vote is None or self.vote <= VOTE)

    @property
    def strength(self) -> float:
        """The effect in minima."""
        return self.effect / self.minimum

    @property
    def compared(self) -> Floats:
        """Scores of the rows compared."""
        return self.score[self.sides.places]
