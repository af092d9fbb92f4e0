"""PELT with a weight for each value, by `ruptures`."""

from __future__ import annotations

import numpy as np
from ruptures import Pelt
from ruptures.base import BaseCost

from analytics.statistics.mix_rate import Floats


class _WeightedLevel(BaseCost):  # type: ignore[misc]
    """Cost of a segment, in constant time from running sums. Columns of the signal: value, weight."""

    model = "weighted_l2"
    min_size = 1

    def fit(self, signal: Floats) -> _WeightedLevel:
        self.signal = signal
        value, weight = signal[:, 0], signal[:, 1]
        self._sums = np.vstack(
            [np.zeros(3), np.cumsum(np.stack([weight, weight * value, weight * value * value], axis=1), axis=0)]
        )
        return self

    def error(self, start: int, end: int) -> float:
        weight, first, second = self._sums[end] - self._sums[start]
        return float(second - first * first / weight) if weight > 0 else 0.0


def segments(values: Floats, weights: Floats, min_size: int, penalty: float) -> list[int]:
    """Where each segment ends, the last one at the end of the series."""
    signal = np.stack([values, weights], axis=1)
    found = Pelt(custom_cost=_WeightedLevel(), min_size=min_size, jump=1).fit_predict(signal, penalty)
    return [int(end) for end in found]
