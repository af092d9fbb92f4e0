"""Small lines beside a number: how it went over the range, with the same hours a week before behind it.

Drawn as paths of SVG within the page, so that a number and its line come together and need no script.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN = 160, 36, 2
Values = Sequence[float | None]


@dataclass(frozen=True)
class Spark:
    """Paths in a box of `WIDTH` x `HEIGHT`; '' where nothing is known."""

    line: str
    ghost: str
    most: float
    """What the upper edge stands for."""


def spark(values: Values, ghost: Values) -> Spark:
    """A line from zero up; a value that is not known is a gap, never a zero."""
    most = max((each for each in (*values, *ghost) if each is not None), default=0.0) or 1.0
    return Spark(_path(values, most), _path(ghost, most), most)


def place(number: int, of: int) -> float:
    """Where one of so many values stands, from the left."""
    return round(MARGIN + number * (WIDTH - 2 * MARGIN) / max(1, of - 1), 1)


def _path(values: Values, most: float) -> str:
    parts: list[str] = []
    drawing = False
    for number, value in enumerate(values):
        if value is None:
            drawing = False
            continue
        x, y = place(number, len(values)), HEIGHT - MARGIN - (HEIGHT - 2 * MARGIN) * value / most
        alone = not drawing and (number + 1 == len(values) or values[number + 1] is None)
        parts.append(f"{'L' if drawing else 'M'}{x:.1f},{y:.1f}{'h0.1' if alone else ''}")
        drawing = True
    return "".join(parts)
