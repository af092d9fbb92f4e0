"""Rises of emissions per unit: against the windows before, or against the window's own usual level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analytics.carbon.parts import Part, Rhythm, Series
from analytics.statistics.excess import largest_excess
from analytics.statistics.random_effects import p_higher, pool

NO_RHYTHM = Rhythm()
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


def rise_of(series: Series, least: float, min_units: float, rhythm: Rhythm = NO_RHYTHM) -> Rise | None:
    """The strongest rise of a series in the window; None where nothing can be compared or nothing is higher.

    `least` is the share from which on a rise counts (0.3); the run is the one with most emissions above half of it.
    """
    inside = [part for part in series.parts if part.number >= 0]
    before = [part for part in series.parts if part.number < 0]
    own = len(before) < LEAST_PARTS or sum(part.units for part in before) < min_units
    if not inside or (own and len(inside) < LEAST_PARTS):
        return None
    usual = _usual_of_window(inside, rhythm) if own else _usual_before(inside, before, rhythm, min_units)
    if min(usual) <= 0:
        return None
    expected = [level * part.units for level, part in zip(usual, inside, strict=True)]
    run = largest_excess([part.grams - (1 + least / 2) * grams for part, grams in zip(inside, expected, strict=True)])
    if run is None or (own and run[0] == 0):
        return None
    later, units = inside[slice(*run)], sum(part.units for part in inside[slice(*run)])
    quiet = [*inside[: run[0]], *inside[run[1] :]] if own else before
    grams = sum(part.grams for part in later)
    return Rise(
        series=series,
        usual=sum(expected[slice(*run)]) / units,
        level=grams / units,
        first=later[0].number,
        last=later[-1].number,
        units=units,
        grams=grams,
        # the run was chosen among the window's parts
        p=min(1.0, _p(later, grams / units, quiet) * len(inside)),
        own=own,
        reference=tuple(part.number for part in quiet),
    )


def _usual_before(inside: Sequence[Part], before: Sequence[Part], rhythm: Rhythm, min_units: float) -> list[float]:
    """Of each part: the median before it, or that of its hour of the day or week where it is higher.

    All of it is raised to the level of the same hours a week ago, where that was higher.
    """
    usual = _median(before)
    hourly = [
        max(usual, *(_of_phase(before, part.number, cycle) for cycle in (rhythm.day, rhythm.week))) for part in inside
    ]
    if rhythm.week is None:
        return hourly
    numbers = {part.number - rhythm.week for part in inside}
    last_week = [part for part in before if part.number in numbers]
    if sum(part.units for part in last_week) < min_units:
        return hourly
    season = sum(part.grams for part in last_week) / sum(part.units for part in last_week)
    return [max(level, season) for level in hourly]


def _usual_of_window(inside: Sequence[Part], rhythm: Rhythm) -> list[float]:
    """The median, or that of the hour of the day where it is higher; also of the first third, for a rise may fill the
    rest: the lower one counts.
    """
    first = inside[: max(len(inside) // 3, 2)]
    usual = min(_median(inside), _median(first))
    return [max(usual, min(_of_phase(some, part.number, rhythm.day) for some in (inside, first))) for part in inside]


def _of_phase(parts: Sequence[Part], number: int, cycle: int | None) -> float:
    """Median of the parts at the same place of a cycle; 0 where there are fewer than two."""
    same = [part for part in parts if cycle and (part.number - number) % cycle == 0]
    return _median(same) if len(same) > 1 else 0.0


def _median(parts: Sequence[Part]) -> float:
    """What units emit: half of them are in parts of at most this level."""
    half, passed = sum(part.units for part in parts) / 2, 0.0
    for part in sorted(parts, key=lambda part: part.level):
        passed += part.units
        if passed >= half:
            return part.level
    raise ValueError("No parts.")


def _p(later: Sequence[Part], level: float, quiet: Sequence[Part]) -> float:
    """That the run is no higher: parts differ by the calls that fall into them, and by themselves."""
    usual = _median(quiet)
    low = pool([part.level for part in quiet], [part.variance(usual) for part in quiet])
    high = pool([part.level for part in later], [part.variance(level) for part in later], low.between)
    return p_higher(high, low)
