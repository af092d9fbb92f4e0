"""What a comparison takes, and what it gives back for one layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Places = NDArray[np.intp]

PSEUDO = 0.5
"""Added to each bin, so that an empty one does not make PSI infinite."""
SCREENING, CONFIRMING = 499, 19_999
"""Labellings of each test; of a test that is worth a finding."""
VOTE = 0.05
"""p of the second test on content that is a yes."""


@dataclass(frozen=True)
class Sides:
    """Rows to compare, on equal terms."""

    rows: pl.DataFrame
    places: Places
    """Where they are in the family."""
    current: Bools
    who: NDArray[np.int64]
    """The user (or session, or trace) of each."""
    days: int
    """Length of the current part."""


@dataclass(frozen=True)
class Shift:
    """One layer of a family, before and since."""

    layer: str
    meaning: str
    soft: bool
    days: int
    """Length of the current part."""
    effect: float
    unit: str
    minimum: float
    """The smallest effect that is worth a word, and above what chance makes of such samples."""
    p_value: float
    places: Places
    """The rows compared, of the family's."""
    current: Bools
    """Which of them are current."""
    score: Floats
    """A number for each of them; larger is more like the current side."""
    labels: Sequence[str] = ()
    before: Floats | None = None
    since: Floats | None = None
    """Shares of the labels."""
    vote: float | None = None
    """p of the second test on content."""

    @property
    def moved(self) -> bool:
        """True when it is large enough, whatever p says."""
        return self.effect >= self.minimum and (self.vote is None or self.vote <= VOTE)

    @property
    def strength(self) -> float:
        """The effect in minima."""
        return self.effect / self.minimum
