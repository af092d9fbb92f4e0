"""What triage is asked: a bad time, the spans meant, and what broke."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from analytics.triage.signals import AUTOMATIC, METRICS, NO_METRIC
from spanledger.errors import BadRequest
from spanledger.filters import compile_filter

LOOKBACK = timedelta(hours=24)
"""A change so long before the bad time may be its cause; an older one would have broken things earlier."""
REFERENCE = timedelta(days=7)
"""What is held against it: a week, so that nights and a weekend are in it."""
SHORTEST_SLOT = timedelta(minutes=30)
SLOTS_OF_WINDOW = 48
LONGEST = timedelta(days=35)


@dataclass(frozen=True)
class Asked:
    """A bad time from `since` (included) to `until` (not included), UTC, and the spans that a filter means."""

    since: datetime
    until: datetime
    filter: str = ""
    metric: str = AUTOMATIC

    def __post_init__(self) -> None:
        if not self.since < self.until <= self.since + LONGEST:
            raise BadRequest(f"The bad time must end after it begins, and be at most {LONGEST.days} days long.")
        known = [AUTOMATIC, NO_METRIC, *(metric.name for metric in METRICS)]
        if self.metric not in known:
            raise BadRequest(f"{self.metric[:40]!r} is no metric. Known: {', '.join(known)}.")
        compile_filter(self.filter)

    @property
    def slot(self) -> timedelta:
        """The grain of time, whole minutes that divide a day."""
        wanted = (self.until - self.since) / SLOTS_OF_WINDOW
        return next((size for size in SLOTS if size >= wanted), SLOTS[-1])

    @property
    def begin(self) -> datetime:
        """Where reading begins, at the beginning of a slot."""
        return _floor(self.since - REFERENCE - LOOKBACK, self.slot)


SLOTS = tuple(SHORTEST_SLOT * factor for factor in (1, 2, 4, 6, 8, 12, 24, 48))


def _floor(moment: datetime, size: timedelta) -> datetime:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return epoch + (moment - epoch) // size * size
