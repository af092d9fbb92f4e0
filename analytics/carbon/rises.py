"""Rises of emissions per unit: against the windows before, or against the window's own usual level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.carbon.parts import Part, Series
from analytics.statistics.excess import largest_excess
from analytics.statistics.random_effects import p_higher, pool

LEAST_PARTS = 4
"""Parts that tell a usual level: of fewer nobody knows how much they differ by themselves."""


@dataclass(frozen=True)
class Rise:
    """A run of parts in which a unit emitted more than usual; `p` is above all others' when it is not worth a word."""

    series: Series
    usual: float
    """Grams per unit."""
    level: float
    first: int
    last: int
    """Parts in which it begins and ends (included)."""
    units: float
    grams: float
    p: float
    own: bool
    """The usual level is the window's own, for there is too little before it."""
    reference: tuple[int, ...]
    """Parts that the usual level is from."""

    @property
    def share(self) -> float:
        """How much higher: 0.3 is 30 %."""
        return self.level / self.usual - 1

    @property
    def extra_grams(self) -> float:
        """Emissions above the usual ones."""
        return self.grams - self.usual * self.units


def rise_of(series: Series, least: float, min_units: float) -> Rise | None:
    """The strongest rise of a series in the window; None where nothing can be compared or nothing is higher.

    `least` is the share from which on a rise counts (0.3); the run is the one with most emissions above half of it.
    """
    inside = [part for part in series.parts if part.number >= 0]
    before = [part for part in series.parts if part.number < 0]
    own = len(before) < LEAST_PARTS or sum(part.units for part in before) < min_units
    if not inside or (own and len(inside) < LEAST_PARTS):
        return None
    usual = _usual_level(inside) if own else _median(before)
    if usual <= 0:
        return None
    run = largest_excess([part.grams - (1 + least / 2) * usual * part.units for part in inside])
    if run is None or (own and run[0] == 0):
        return None
    quiet = [*inside[: run[0]], *inside[run[1] :]] if own else before
    reference = tuple(part.number for part in quiet)
    later = inside[run[0] : run[1]]
    units, grams = sum(part.units for part in later), sum(part.grams for part in later)
    # the run was chosen among the window's parts
    p = min(1.0, _p(later, grams / units, quiet, usual) * len(inside))
    return Rise(series, usual, grams / units, later[0].number, later[-1].number, units, grams, p, own, reference)


def _usual_level(inside: Sequence[Part]) -> float:
    """Of the window itself: the median, also of its first third, for a rise may fill the rest."""
    return min(_median(inside), _median(inside[: max(len(inside) // 3, 2)]))


def _median(parts: Sequence[Part]) -> float:
    """What units emit: half of them are in parts of at most this level."""
    half, passed = sum(part.units for part in parts) / 2, 0.0
    for part in sorted(parts, key=lambda part: part.level):
        passed += part.units
        if passed >= half:
            return part.level
    raise ValueError("No parts.")


def _p(later: Sequence[Part], level: float, quiet: Sequence[Part], usual: float) -> float:
    """That the run is no higher: parts differ by the calls that fall into them, and by themselves."""
    low = pool([part.level for part in quiet], [part.variance(usual) for part in quiet])
    high = pool([part.level for part in later], [part.variance(level) for part in later], low.between)
    return p_higher(high, low)
