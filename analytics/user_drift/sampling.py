"""Which spans are read: all of them where there are few, else slots of time that are spread over days and hours.

Spans are sorted by time, so a slot is read without its neighbours: what a run reads is bounded, whatever the history.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from analytics.jobs.contract import Window

SPANS_READ = 1_000_000
"""About so many spans are read of each side; fewer than that are read as they are."""
SPANS_USED = 300_000
"""Of those, spans of so many are looked at (whole traces, by hash): it bounds the memory of the statement."""
GRANULE = 8192
"""Spans that the engine reads at once: a slot that holds much fewer costs as much."""
LENGTHS = (1, 5, 15, 60)
"""Minutes of a slot."""
FEWEST_SLOTS = 112
"""Of a side: two a day in eight weeks, sixteen in a week, at all hours."""
GOLDEN = 0.6180339887498949
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Sample:
    """Slots of time within a window."""

    window: Window
    minutes: int = 60
    starts: list[datetime] = field(default_factory=list)
    """Empty: everything."""
    per_million: int = 1_000_000
    """Traces of a million that are looked at."""

    @property
    def share(self) -> float:
        """The share of the window's time that is read."""
        return min(len(self.starts) * timedelta(minutes=self.minutes) / self.window.length, 1.0) if self.starts else 1.0

    def parameters(self) -> dict[str, Any]:
        """What calls.sql and outcomes.sql take."""
        slots = [f"{start:%Y-%m-%d %H:%M:%S}" for start in self.starts]
        values: Mapping[str, Any] = {"everything": not slots, "minutes": self.minutes, "slots": slots}
        return {**self.window.parameters(), **values, "per_million": self.per_million}


def sample(window: Window, spans: int) -> Sample:
    """Slots of a window that holds so many spans."""
    if spans <= SPANS_READ:
        return Sample(window, per_million=_per_million(spans))
    a_minute = spans / (window.days * 1440)
    minutes = next((length for length in LENGTHS if length * a_minute >= GRANULE / 2), LENGTHS[-1])
    slots = max(SPANS_READ / (a_minute * minutes), FEWEST_SLOTS)
    a_day = min(ceil(slots / window.days), 1440 // minutes)
    starts = [
        start for day in _days(window) for start in _spread(day, a_day, minutes) if window.since <= start < window.until
    ]
    return Sample(window, minutes, starts, _per_million(len(starts) * minutes * a_minute))


def same_hours(window: Window, of: Window, spans: int) -> Sample:
    """The hours of a window that is shorter than a day, on each day of an earlier one; `spans`: in all of that."""
    minutes = 15 if window.length <= timedelta(hours=3) else 60
    today = _slots(window, minutes)
    starts = [start - DAY * back for back in range(1, int(of.days) + 2) for start in today]
    inside = sorted(start for start in starts if of.since <= start < of.until)
    return Sample(of, minutes, inside, _per_million(spans * min(window.days, 1.0)))


def _slots(window: Window, minutes: int) -> list[datetime]:
    first = window.since.astimezone(UTC)
    first -= timedelta(minutes=first.minute % minutes, seconds=first.second, microseconds=first.microsecond)
    return [
        first + timedelta(minutes=minutes * step)
        for step in range(-(-(window.until - first) // timedelta(minutes=minutes)))
    ]


def _days(window: Window) -> list[datetime]:
    first = window.since.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return [first + DAY * number for number in range(int((window.until - first) / DAY) + 1)]


def _spread(day: datetime, count: int, minutes: int) -> list[datetime]:
    """One slot in each of `count` equal parts of a day, at another place on each day."""
    slots = 1440 // minutes
    number = day.toordinal()
    places = {int((part + (number * GOLDEN + part * GOLDEN) % 1) / count * slots) for part in range(count)}
    return [day + timedelta(minutes=minutes * place) for place in sorted(places)]


def _per_million(spans: float) -> int:
    return min(1_000_000, max(int(1_000_000 * SPANS_USED / max(spans, 1)), 1))
