"""Where the level of a series changed: PELT (Killick, Fearnhead, Eckley, JASA 107, 2012), with a weight for each value.

Values of a rate are not equally sure: an hour of 10 calls says less than one of 10,000. So the cost of a segment is the
weighted sum of squares about its weighted mean. With weights 1 / variance the penalty needs no scale: `PENALTY` x ln n.
"""

from __future__ import annotations

import numpy as np

from analytics.statistics.mix_rate import Floats

PENALTY = 3.0
"""Times ln n, as in the reference of the method: BIC counts two parameters a change, one more keeps out chance."""


def change_points(values: Floats, weights: Floats | None = None, min_size: int = 5) -> list[int]:
    """First index of each new level. Without weights the noise is taken from differences: var(diff) / 2.

    `min_size`: the shortest level that counts. No change in series too short for two levels, or without any noise.
    """
    n = len(values)
    if n < 2 * min_size:
        return []
    if weights is None:
        noise = float(np.var(np.diff(values)) / 2)
        if noise == 0:
            return []
        weights = np.full(n, 1 / noise)
    from analytics.statistics.pelt import segments  # noqa: PLC0415 - it takes a second to import

    return segments(values, weights, min_size, PENALTY * np.log(n))[:-1]


def fall_near(values: Floats, weights: Floats, near: int, reach: int, min_size: int = 2) -> int:
    """The change point within `reach` of `near` at which the level falls most; `near` when there is none."""
    points = [0, *change_points(values, weights, min_size), len(values)]
    best, deepest = near, 0.0
    for left, point, right in zip(points, points[1:], points[2:], strict=False):
        fall = _level(values, weights, point, right) - _level(values, weights, left, point)
        if abs(point - near) <= reach and fall < deepest:
            best, deepest = point, fall
    return best


def _level(values: Floats, weights: Floats, start: int, end: int) -> float:
    total = float(weights[start:end].sum())
    return float(values[start:end] @ weights[start:end]) / total if total > 0 else 0.0
