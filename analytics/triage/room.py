"""Triage as the API, the pages and the cards use it: of any bad time, of a finding, of an alert."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from analytics.alerts.life import Alert
from analytics.triage.answer import answer
from analytics.triage.asked import Asked
from analytics.triage.cells import read
from analytics.triage.judge import judge
from analytics.triage.signals import AUTOMATIC, NO_METRIC
from spanledger import sql
from spanledger.access import Scope, of_request
from spanledger.engine import Engine
from spanledger.errors import EngineUnavailable, NotFound
from spanledger.filters import filter_of
from spanledger.settings import Settings

FINDING = Path(__file__).with_name("finding.sql")
AT_ONCE = 2
"""Triages that run at once; each reads up to eight days."""
KEPT = 200
"""Answers about findings that are kept; they are asked for again until the finding is seen again."""
METRIC_OF_JOB: Mapping[str, str] = {
    "cost_concentration": "cost", "cache_hit_rate": "missed", "retry_waste": "cost", "user_drift": NO_METRIC,
    "carbon": "energy",
}  # fmt: skip
"""What a job's findings are about."""
LONGEST_BAD = timedelta(days=2)
"""Of a finding that has been there for weeks, so much after its beginning is looked at."""
SHORTEST_BAD = timedelta(hours=1)


class TriageRoom:
    """Triage over one engine. Thread-safe."""

    def __init__(
        self, engine: Engine, settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._engine, self._seconds, self._clock = engine, settings.query_max_seconds, clock
        self._free = threading.BoundedSemaphore(AT_ONCE)
        self._kept: OrderedDict[tuple[str, str, Scope | None], dict[str, Any]] = OrderedDict()
        self._lock = threading.Lock()

    def window(self, since: datetime, until: datetime, filter: str, metric: str) -> dict[str, Any]:
        """Of a bad time. BadRequest when the times, the filter or the metric can't be understood."""
        return self._of(Asked(since, until, filter, metric))

    def finding(self, finding_id: str) -> dict[str, Any]:
        """Of a finding, since its present episode began; NotFound when there is none."""
        rows = self._engine.query(sql.read(FINDING), {"finding_id": finding_id}).records()
        if not rows:
            raise NotFound(f"There is no finding {finding_id}.")
        key = (finding_id, str(rows[0]["last_seen"]), of_request())  # who may see less is not told what others saw
        with self._lock:
            if key in self._kept:
                return self._kept[key]
        made = self._of(asked_of_finding(rows[0]))
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return made

    def alert(self, alert: Alert) -> dict[str, Any]:
        """Of an alert: of its finding, else of its labels since it began to hold."""
        if alert.text.finding_id:
            return self.finding(alert.text.finding_id)
        until = max(self._clock(), alert.since + SHORTEST_BAD)
        until = min(until, alert.since + LONGEST_BAD)
        return self._of(Asked(alert.since, until, filter_of(alert.labels), AUTOMATIC))

    def _of(self, asked: Asked) -> dict[str, Any]:
        with self._slot():
            return answer(judge(read(self._engine, asked, self._seconds), asked))

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._free.acquire(timeout=self._seconds):
            raise EngineUnavailable(f"{AT_ONCE} triages run already; try again in a moment.")
        try:
            yield
        finally:
            self._free.release()


def asked_of_finding(finding: Mapping[str, Any]) -> Asked:
    """What to ask about a finding: the time since it began, its subject, and what its job is about."""
    since, last = (datetime.fromisoformat(finding[name]).replace(tzinfo=UTC) for name in ("first_seen", "last_seen"))
    until = min(max(last, since + SHORTEST_BAD), since + LONGEST_BAD)
    subject = dict(finding["subject"])
    if len(subject) > 1:  # the model may be what moved: then a filter by it would hide what was before
        subject.pop("model", None)
    return Asked(since, until, filter_of(subject), METRIC_OF_JOB.get(finding["job"], AUTOMATIC))
