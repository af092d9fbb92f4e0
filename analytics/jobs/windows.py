"""Which windows there are: those of the schedule, and those that somebody asks for in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from analytics.jobs.contract import Job, Window
from spanledger.errors import BadRequest

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = datetime(2200, 1, 1, tzinfo=UTC)


def moment(text: str) -> datetime:
    """`2026-11-01`, `2026-11-01T10:00` or with a zone; without one it is UTC."""
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise BadRequest(f"{text!r} is no time; write 2026-11-21 or 2026-11-21T10:00:00Z.") from error
    found = found.replace(tzinfo=UTC) if found.utcoffset() is None else found
    try:
        found = found.astimezone(UTC)
    except OverflowError as error:
        raise BadRequest(f"{text!r} is not between the years 1970 and 2200.") from error
    if not EPOCH <= found < LAST:
        raise BadRequest(f"{text!r} is not between the years 1970 and 2200.")
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def asked(job: Job, since: str | None, until: str | None, now: datetime) -> Window:
    """The window that somebody asks for: to now, and as long as the job's own, where nothing is said."""
    end = moment(until) if until else now.replace(microsecond=0)
    begin = moment(since) if since else end - job.length
    if begin >= end:
        raise BadRequest(f"The window must end after it begins; it goes from {begin:%F %T} to {end:%F %T} UTC.")
    return Window(begin, end)


def newest(job: Job, moment: datetime) -> Window:
    """The scheduled window that ended last at this moment."""
    end = moment - (moment - EPOCH) % job.every
    return Window(end - job.length, end)


def scheduled(job: Job, since: datetime, until: datetime) -> Iterator[Window]:
    """The scheduled windows that end after `since` and not after `until`, oldest first."""
    end = since - (since - EPOCH) % job.every + job.every
    while end <= until:
        yield Window(end - job.length, end)
        end += job.every
