"""Attributes that hold numbers, by size: the engine counts them in fine steps, which are joined until there are few."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from itertools import accumulate

from spanledger.explore.names import BELOW, TEXT, ZERO, Sized

STEPS = 8
"""Of a power of two, as the engine counts: numbers of a step differ by less than a tenth."""
MANY = 10
"""Different numbers of an attribute, from which on they are compared by size as well."""
MOST = 8
"""Bins that hold the main part of an attribute's numbers."""
MAIN = 0.9
"""Of the spans; so a few very large numbers don't make all bins wide."""
WIDEST = 512
"""Powers of two of a bin: there are no wider numbers."""

Count = tuple[str, int, int]
"""A value, its spans in the selection, and in the rest."""


def are_numbers(steps: Sequence[Count], numbers: int) -> bool:
    """Most spans with the attribute have a number, of `numbers` different ones."""
    texts = sum(selected + others for value, selected, others in steps if value == TEXT)
    return numbers > MANY and 2 * texts <= sum(selected + others for _, selected, others in steps)


def joined(name: str, steps: Sequence[Count], filled: float) -> tuple[Sized, list[Count]]:
    """The steps of an attribute in bins twice as wide, and again, until few of them hold the main part of the selection
    and of the rest; up to a power of two, also until there are at most `filled`, which have traces enough.

    Steps lie within bins whatever the width, so that bins of a power of two are those of columns.
    """
    octaves, bins = 1 / STEPS, list(steps)
    while octaves < WIDEST and _main(bins) > (MOST if octaves >= 1 else min(filled, MOST)):
        octaves *= 2
        wider: dict[str, tuple[int, int]] = {}
        for value, selected, others in bins:
            p, q = wider.get(_half(value), (0, 0))
            wider[_half(value)] = (p + selected, q + others)
        bins = [(value, *counted) for value, counted in wider.items()]
    return Sized(name, octaves), bins


def _main(bins: Sequence[Count]) -> int:
    """How many bins, the fullest first, hold the main part; selection and rest count alike."""
    selected, others = sum(each[1] for each in bins) or 1, sum(each[2] for each in bins) or 1
    held = accumulate(sorted((each[1] / selected + each[2] / others for each in bins), reverse=True))
    return bisect(list(held), 2 * MAIN) + 1


def _half(value: str) -> str:
    """The bin twice as wide that a bin lies in."""
    if value in (ZERO, TEXT):
        return value
    below = BELOW if value.startswith(BELOW) else ""
    return f"{below}{int(value.removeprefix(BELOW)) // 2}"
