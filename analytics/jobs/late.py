"""Spans that came after their windows were run: those windows are run again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

from analytics.jobs.backlog import Past
from analytics.jobs.contract import Job, Window
from analytics.jobs.windows import scheduled
from analytics.settling.marks import LATE, read_marks, set_mark, text
from spanledger import sql
from spanledger.engine import Engine
from spanledger.moments import as_parameter

DAYS = timedelta(days=8)
"""Windows that ended before it stay as they are: a week, and a day for the slowest."""
LATE_SPANS = Path(__file__).with_name("late.sql")
HOUR = timedelta(hours=1)


class LateSpans:
    """In which hours spans began that came lately. A mark is moved when no window waits for them any longer."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._newest: dict[datetime, int] = {}
        self._looked_until = 0
        self._waits = False

    def look(self, now: datetime, settled: int) -> None:
        """Take in what was accepted since the last look and is settled (`settled`: ms since 1970)."""
        since = self._looked_until or read_marks(self._engine)[LATE] or settled
        if settled > since:
            bounds = {"from": text(since), "until": text(settled), "oldest": as_parameter(now - DAYS)}
            for hour, came in self._engine.rows(sql.read(LATE_SPANS), bounds):
                begun = datetime.fromtimestamp(int(hour), UTC)
                self._newest[begun] = max(int(came), self._newest.get(begun, 0))
        self._looked_until = max(since, settled)
        self._newest = {hour: came for hour, came in self._newest.items() if hour >= now - DAYS - HOUR}

    def reopened(self, job: Job, past: Mapping[Window, Past], now: datetime) -> list[Window]:
        """The scheduled windows to run again, oldest first. One that was run a short time ago waits."""
        late = [
            window
            for window in scheduled(job, now - DAYS, now)
            if (run := past.get(window)) and run.done and self._newest_in(window) >= run.seen_until
        ]
        self._waits = self._waits or bool(late)
        return [window for window in late if not past[window].rests(now)]

    def remember(self) -> None:
        """Move the mark when nothing waits; called after `reopened` of every job."""
        if not self._waits and self._looked_until:
            set_mark(self._engine, LATE, self._looked_until)
        self._waits = False

    def _newest_in(self, window: Window) -> int:
        cells = (came for hour, came in self._newest.items() if hour < window.until and hour + HOUR > window.since)
        return max(cells, default=-1)
