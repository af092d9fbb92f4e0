"""Which windows there are: those of the schedule, and those that somebody asks for in words."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from analytics.jobs.contract import Job, Window
from spanledger.errors import BadRequest
from spanledger.moments import FIRST, read_moment


def moment(text: str) -> datetime:
    """A time that somebody wrote, to the millisecond."""
    try:
        found = read_moment(text)
    except ValueError as error:
        raise BadRequest(f"{error}.") from error
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
    end = moment - (moment - FIRST) % job.every
    return Window(end - job.length, end)


def scheduled(job: Job, since: datetime, until: datetime) -> Iterator[Window]:
    """The scheduled windows that end after `since` and not after `until`, oldest first."""
    end = since - (since - FIRST) % job.every + job.every
    while end <= until:
        yield Window(end - job.length, end)
        end += job.every
