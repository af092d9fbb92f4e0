"""The run of a series that is most above what was expected: maximum subarray (Kadane, in Bentley, CACM 27, 1984)."""

from __future__ import annotations

from collections.abc import Sequence


def largest_excess(values: Sequence[float]) -> tuple[int, int] | None:
    """Where the run with the largest sum begins and ends (not included); None where no value is above zero."""
    best, found = 0.0, None
    running, begin = 0.0, 0
    for place, value in enumerate(values):
        if running <= 0:
            running, begin = 0.0, place
        running += value
        if running > best:
            best, found = running, (begin, place + 1)
    return found
