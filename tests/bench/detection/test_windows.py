"""Windows are those that the scheduler would run, close together where the time to detect is decided."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from analytics.jobs.contract import Job, Kind, Report, Window
from analytics.jobs.source import Source
from bench.detection.windows import windows
from spanledger.demo.clock import DAY, HOUR, Stretch, nanoseconds
from spanledger.settings import Settings

WHOLE = Stretch(nanoseconds(datetime(2026, 10, 5, tzinfo=UTC)), nanoseconds(datetime(2026, 10, 26, tzinfo=UTC)))
INCIDENT = Stretch(WHOLE.since + 10 * DAY + 20 * 60 * 10**9, WHOLE.since + 12 * DAY)


@dataclass(frozen=True)
class Timed:
    """A job of which only the times matter."""

    every: timedelta
    length: timedelta
    name: str = "timed"
    title: str = ""
    kinds: tuple[Kind, ...] = ()

    def run(self, source: Source, window: Window, settings: Settings) -> Report:
        raise NotImplementedError


HOURLY: Job = Timed(timedelta(hours=1), timedelta(hours=24))
DAILY: Job = Timed(timedelta(days=1), timedelta(days=7))


@pytest.mark.parametrize("job", [HOURLY, DAILY])
@pytest.mark.parametrize("incidents", [[], [INCIDENT]])
def test_windows_end_at_multiples_of_every_within_the_workload(job: Job, incidents: list[Stretch]) -> None:
    found = windows(job, WHOLE, incidents, quiet=not incidents)
    assert found == sorted(found, key=lambda window: window.until)
    assert len({window.until for window in found}) == len(found)
    for window in found:
        assert window.length == job.length
        assert nanoseconds(window.until) % (job.every // timedelta(seconds=1) * 10**9) == 0
        assert WHOLE.since < nanoseconds(window.until) <= WHOLE.until


def test_the_first_hours_of_an_incident_are_all_looked_at() -> None:
    ends = {nanoseconds(window.until) for window in windows(HOURLY, WHOLE, [INCIDENT], quiet=False)}
    assert {WHOLE.since + 10 * DAY + hours * HOUR for hours in range(2, 4)} <= ends
    assert max(ends) >= INCIDENT.until


def test_quiet_workloads_are_looked_at_all_over() -> None:
    ends = [nanoseconds(window.until) for window in windows(HOURLY, WHOLE, [], quiet=True)]
    assert len(ends) == 6
    assert max(later - sooner for sooner, later in pairwise(ends)) < 7 * DAY
