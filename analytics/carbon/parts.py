"""A series of emissions in parts of time, and how wide the parts are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.jobs.contract import Window

WINDOWS_BEFORE = 4
"""Windows of the same length before the window that it is compared with."""
MOST_PARTS = 48
"""Parts of a window: enough to date a rise, and each with calls enough to know its level."""
WIDTHS = (1, 2, 3, 4, 6, 8, 12, 24)
"""Hours of a part: they divide a day, so that day and night stay in step. Longer windows have parts of whole days."""
ZERO, HOUR, DAY, WEEK = timedelta(), timedelta(hours=1), timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True)
class Rhythm:
    """Parts of a day and of a week; None where parts do not divide it."""

    day: int | None = None
    week: int | None = None


@dataclass(frozen=True)
class Grid:
    """Parts of so many hours, counted from the window's first hour; those before the window have numbers below zero."""

    window: Window
    begin: datetime
    """The full hour in which the window begins: sums are by the hour."""
    hours: int

    @classmethod
    def of(cls, window: Window) -> Grid:
        """The parts of a window."""
        begin = window.since.replace(minute=0, second=0, microsecond=0)
        length = (window.until - begin) / HOUR
        wanted = length / MOST_PARTS
        fitting = [width for width in WIDTHS if width >= wanted]
        return cls(window, begin, fitting[0] if fitting else 24 * -int(-wanted // 24))

    @property
    def since(self) -> datetime:
        """Where the windows before begin."""
        return self.begin - WINDOWS_BEFORE * (self.window.until - self.begin)

    @property
    def week_before(self) -> tuple[datetime, datetime]:
        """The same hours of the week before, for a weekend is no incident; for windows of a week and more, nothing."""
        if self.window.until - self.begin >= WEEK or self.rhythm.week is None:
            return self.begin, self.begin
        return self.begin - WEEK, self.window.until - WEEK

    @property
    def rhythm(self) -> Rhythm:
        """After how many parts the same hour comes again."""
        return Rhythm(*(int(cycle / HOUR) // self.hours if cycle % (self.hours * HOUR) == ZERO else None
                        for cycle in (DAY, WEEK)))  # fmt: skip

    def start(self, part: int) -> datetime:
        """When a part begins, or the window, if it begins within that part."""
        return max(self.begin + part * self.hours * HOUR, self.window.since)

    def end(self, part: int) -> datetime:
        """When a part ends, or the window, if it ends within that part."""
        return min(self.begin + (part + 1) * self.hours * HOUR, self.window.until)


@dataclass(frozen=True)
class Part:
    """What units (requests, resolved tasks) emitted in one part of time."""

    number: int
    units: float
    grams: float
    squares: float
    """Sum of squares of the grams of what was counted (calls or traces)."""
    products: float
    """Sum of products of their grams and their units."""

    @property
    def level(self) -> float:
        """Grams per unit."""
        return self.grams / self.units

    def variance(self, level: float) -> float:
        """Of this part's level as a ratio of two sums (delta method), where all have the given level; above zero."""
        spread = self.squares - 2 * level * self.products + level * level * self.units
        floor = (0.01 * level) ** 2 * self.units  # calls that are all the same still tell no level to the last digit
        return max(spread, floor) / self.units**2


@dataclass(frozen=True)
class Series:
    """Emissions per unit of one feature or model, by parts with units, in order."""

    subject: Mapping[str, str]
    unit: str
    """`request` or `resolved task`."""
    parts: tuple[Part, ...]
