"""Which hours a run looks at: the window in whole hours, where there are data, and the weeks that it compares."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.jobs.contract import Window

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
HISTORY = timedelta(days=28)
"""How far back a customer's usual day is looked for: four whole weeks."""
SHORTEST_COMPARISON = timedelta(days=3)
"""A week is compared with the one before when at least so much of it is in the window."""


@dataclass(frozen=True)
class Period:
    """Hours from `since` (included) to `until` (not included)."""

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        """Its length."""
        return self.until - self.since

    @property
    def days(self) -> float:
        """Its length in days."""
        return self.length / DAY

    @property
    def late_from(self) -> datetime:
        """Where the last 24 hours begin, or the period, whichever is earlier."""
        return min(self.since, self.until - DAY)

    @property
    def history_from(self) -> datetime:
        """Where history begins that a customer's usual day is taken from."""
        return min(self.since, self.until - HISTORY)

    @property
    def recent(self) -> tuple[datetime, datetime]:
        """The last week, or as many whole days as the period has, at least one."""
        return self.until - min(WEEK, timedelta(days=max(1, self.length // DAY))), self.until

    @property
    def recent_days(self) -> int:
        """How many days that is."""
        return (self.recent[1] - self.recent[0]) // DAY

    @property
    def earlier(self) -> tuple[datetime, datetime]:
        """The same days, one week earlier."""
        since, until = self.recent
        return since - WEEK, until - WEEK

    @property
    def comparable(self) -> bool:
        """Whether it is long enough to compare weeks."""
        return self.length >= SHORTEST_COMPARISON


def hours_of(window: Window, first: datetime | None = None, last: datetime | None = None) -> Period:
    """The window, widened to whole hours, for `usage` has no finer ones.

    Where it reaches more than a day beyond the first or the last span, it is cut there: what was spent then is not
    known, and revenue of that time must not be set against it.
    """
    since, until = _floor(window.since), _ceil(window.until)
    if first is not None and first - since > DAY:
        since = _floor(first)
    if last is not None and until - last > DAY:
        until = max(_ceil(last), since + HOUR)
    return Period(since, until)


def _floor(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _ceil(moment: datetime) -> datetime:
    down = _floor(moment)
    return down if down == moment else down + HOUR
