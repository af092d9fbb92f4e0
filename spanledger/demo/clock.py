"""Units of time in nanoseconds, as OTLP counts it, and stretches of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 3600 * SECOND
DAY = 24 * HOUR


@dataclass(frozen=True)
class Stretch:
    """From `since` (included) to `until` (not included), nanoseconds since 1970."""

    since: int
    until: int

    def holds(self, at: int) -> bool:
        """Whether a moment lies in it."""
        return self.since <= at < self.until

    @property
    def days(self) -> float:
        """Its length."""
        return (self.until - self.since) / DAY


def nanoseconds(moment: datetime) -> int:
    """A moment with a time zone, since 1970."""
    return int(moment.timestamp()) * SECOND + moment.microsecond * 1000


def moment(at: int) -> datetime:
    """The other way round, in UTC."""
    return datetime.fromtimestamp(at / SECOND, UTC)
