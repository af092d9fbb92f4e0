"""Which windows a job is run over in a scenario: enough to see when an incident is found, not every hour of weeks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta

from analytics.jobs.contract import Job, Window
from spanledger.demo.clock import DAY, HOUR, SECOND, Stretch, moment

OFFSETS_HOURS = (1, 2, 3, 6, 7, 12, 24, 48, 96)
"""After the start of an incident: close together at first, where the time to detect is decided."""
GRACE = DAY
"""So long after its end an incident's windows go on."""
SAMPLES_QUIET, SAMPLES_BESIDE = 3, 1
"""Windows of a job that has no incident, evenly spread: in a quiet scenario, where each comes with the one before it
(a page needs two in a row), and beside another job's incident."""
FIRST_DAYS = 3
"""Before that a service has no history and nobody looks."""


def windows(job: Job, whole: Stretch, incidents: Sequence[Stretch], *, quiet: bool) -> list[Window]:
    """The windows of a job, in order."""
    every = int(job.every / timedelta(seconds=1)) * SECOND
    ends: set[int] = set()
    for incident in incidents:
        ends |= set(_after(incident, every, whole.until))
    if quiet:
        ends |= {end - back for end in _spread(whole, every, SAMPLES_QUIET) for back in (0, every)}
    elif not incidents:
        ends |= set(_spread(whole, every, SAMPLES_BESIDE))
    return [Window(moment(end) - job.length, moment(end)) for end in sorted(ends) if whole.since < end <= whole.until]


def _after(incident: Stretch, every: int, latest: int) -> Iterable[int]:
    for hours in OFFSETS_HOURS:
        end = -(-(incident.since + hours * HOUR) // every) * every
        if end <= min(incident.until + max(GRACE, every), latest):
            yield end


def _spread(whole: Stretch, every: int, count: int) -> Iterable[int]:
    first = whole.since + FIRST_DAYS * DAY
    for number in range(1, count + 1):
        yield (first + (whole.until - first) * number // count) // every * every
