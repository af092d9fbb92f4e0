"""Which windows should have been run and were not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from analytics.jobs.contract import Job, Window
from analytics.jobs.windows import newest, scheduled
from spanledger import sql
from spanledger.engine import Engine
from spanledger.moments import as_parameter
from spanledger.settings import Settings

MOST_TRIES = 3
"""A window whose runs fail is given up after so many."""
AGAIN_SECONDS = 600
"""A window is run again at the earliest so long after the last time, and twice as long each time: after a failure, or
for late spans, which may trickle in for hours."""
MOST_DOUBLINGS = 5
DAY = timedelta(days=1)
WINDOWS_RUN = Path(__file__).with_name("windows_run.sql")
FIRST_SPAN = Path(__file__).with_name("first_span.sql")


@dataclass(frozen=True)
class Past:
    """The runs of one window."""

    done: bool
    """One of them did not fail."""
    tries: int
    last_at: float
    """Unix seconds."""
    seen_until: int
    """Spans accepted before it (ms since 1970) were settled when the newest run began that did not fail."""

    def rests(self, now: datetime) -> bool:
        """It was run a short time ago."""
        pause = AGAIN_SECONDS << min(self.tries - 1, MOST_DOUBLINGS)
        return now.timestamp() - self.last_at < pause


class Backlog:
    """Windows of the schedule over one engine."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings

    def missing(self, job: Job, now: datetime) -> Iterator[Window]:
        """Windows with spans that are due and were not run, oldest first; as far back as is caught up."""
        last = newest(job, now - timedelta(seconds=self._settings.jobs_delay_seconds))
        oldest = last.until - self._reach(job)
        past = self.past(job, oldest)
        wanted = [each for each in scheduled(job, oldest, last.until) if _is_open(past.get(each), now)]
        return inhabited(self._engine, wanted)

    def lag(self, job: Job, now: datetime) -> float:
        """Seconds since the end of the oldest window that should have been run and was not; 0 when all were."""
        oldest = next(self.missing(job, now), None)
        return (now - oldest.until).total_seconds() if oldest else 0.0

    def past(self, job: Job, since: datetime) -> dict[Window, Past]:
        """What was run of the windows that ended since then."""
        values = {"job": job.name, "since": as_parameter(since)}
        rows = self._engine.rows(sql.read(WINDOWS_RUN), values)
        return {
            Window(_time(begin), _time(end)): Past(bool(done), int(tries), int(last_at) / 1000, int(seen_until))
            for begin, end, done, tries, last_at, seen_until in rows
        }

    def _reach(self, job: Job) -> timedelta:
        """How far back the end of a window may be that is caught up."""
        reach = timedelta(days=self._settings.jobs_catch_up_days)
        return reach if job.every >= DAY else min(reach, self._settings.jobs_catch_up_windows * job.every)


def inhabited(engine: Engine, windows: Sequence[Window]) -> Iterator[Window]:
    """Those in which a span began. `windows` are in order; a void is passed over in one look."""
    if not windows:
        return
    end = windows[-1].until
    first: datetime | None = None
    for window in windows:
        if first is None or first < window.since:
            first = _first_span(engine, window.since, end)
            if first is None:
                return
        if first < window.until:
            yield window


def _first_span(engine: Engine, since: datetime, until: datetime) -> datetime | None:
    bounds: Mapping[str, str] = Window(since, until).parameters()
    rows = engine.rows(sql.read(FIRST_SPAN), bounds)
    return datetime.fromtimestamp(int(rows[0][0]) / 1000, UTC) if rows else None


def _is_open(past: Past | None, now: datetime) -> bool:
    return past is None or not (past.done or past.tries >= MOST_TRIES or past.rests(now))


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
