"""When a run of large values began and ended."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def largest_stretch(excess: Floats) -> tuple[int, int]:
    """The stretch [start, stop) with the largest sum; (0, 0) when none is above 0.

    For values less halfway between two levels it is the maximum-likelihood estimate of where the higher level held, if
    the noise is normal (Page 1954; the algorithm is in Bentley, Programming Pearls, 1984).
    """
    sums = np.concatenate([[0.0], np.cumsum(excess)])
    stop = int((sums - np.minimum.accumulate(sums)).argmax())
    start = int(np.flatnonzero(sums[: stop + 1] == sums[: stop + 1].min())[-1])
    return (start, stop) if start < stop else (0, 0)


def stretch_around(excess: Floats, place: int) -> tuple[int, int]:
    """The same of those that hold `place`, whose value must be above 0."""
    sums = np.concatenate([[0.0], np.cumsum(excess)])
    start = int(np.flatnonzero(sums[: place + 1] == sums[: place + 1].min())[-1])
    return start, place + 1 + int(sums[place + 1 :].argmax())
