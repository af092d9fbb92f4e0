"""Runs a job over a window: analyse, judge, write. What goes wrong in one job is its run's outcome, no other's."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from analytics.findings.evidence import as_json
from analytics.findings.ledger import FindingLedger, said
from analytics.findings.life import Life, Pace
from analytics.findings.rules import Judged, Thresholds, Verdict, judge
from analytics.jobs.contract import Job, NotComputable, Report, Window
from analytics.jobs.source import Source
from analytics.settling.marks import TOUCHED, read_marks, text
from spanledger.engine import Engine
from spanledger.moments import as_parameter
from spanledger.settings import Settings

logger = logging.getLogger(__name__)

ANY_SPANS = Path(__file__).with_name("any_spans.sql")
NO_REPORT, NO_VERDICT = Report(), Verdict((), {})


class Trigger(StrEnum):
    """Why a run was made."""

    SCHEDULE = "schedule"
    CATCH_UP = "catch_up"
    """Its window was missed, while nothing ran or because its spans came all at once, later."""
    LATE = "late"
    """Spans came after its window was run."""
    MANUAL = "manual"
    BACKFILL = "backfill"


class Outcome(StrEnum):
    """How a run ended."""

    OK = "ok"
    NOT_COMPUTABLE = "not_computable"
    FAILED = "failed"


@dataclass(frozen=True)
class Run:
    """A run that has ended, as `job_runs` has it, and what it said."""

    run_id: str
    job: str
    window: Window
    trigger: Trigger
    outcome: Outcome
    reason: str
    started_at: datetime
    seconds: float
    rows_read: int
    rows_by_statement: Mapping[str, int]
    candidates: int
    notes: Mapping[str, Any]
    findings: Sequence[Mapping[str, Any]] = field(default=())
    """What it said, loudest first, as the API shows findings."""


@dataclass(frozen=True)
class _Analysis:
    """What a job gave, before anything is written."""

    outcome: Outcome
    reason: str = ""
    report: Report = NO_REPORT
    verdict: Verdict = NO_VERDICT


class Runner:
    """Runs one job at a time. Thread-safe; those who wait for an answer go before the schedule."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        holder: str = "",
        clock: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self.engine = engine
        self.settings = settings
        self._holder = holder
        self._clock = clock
        self._new_id = new_id
        self._turn = threading.Condition()
        self._busy = False
        self._in_front = 0

    def run(self, job: Job, window: Window, trigger: Trigger) -> Run:
        """Run and record; only an engine that is away raises."""
        with self._one_at_a_time(waits=trigger in (Trigger.MANUAL, Trigger.BACKFILL)):
            return self._run(job, window, trigger)

    def _run(self, job: Job, window: Window, trigger: Trigger) -> Run:
        run_id, started_at, begun = self._new_id(), self.now(), time.perf_counter()
        seen_until = read_marks(self.engine)[TOUCHED]
        source = Source(self.engine)
        analysis = self._analyse(job, window, source)
        run = Run(
            run_id=run_id,
            job=job.name,
            window=window,
            trigger=trigger,
            outcome=analysis.outcome,
            reason=analysis.reason,
            started_at=started_at,
            seconds=time.perf_counter() - begun,
            rows_read=source.rows_read,
            rows_by_statement=dict(source.rows_by_statement),
            candidates=len(analysis.report.candidates),
            notes=_notes(analysis),
        )
        return self._record(job, run, analysis.verdict.passed, seen_until)

    def _analyse(self, job: Job, window: Window, source: Source) -> _Analysis:
        try:
            if not source.frame(ANY_SPANS, window.parameters()).height:
                return _Analysis(Outcome.NOT_COMPUTABLE, f"No span started in {window}.")
            report = job.run(source, window, self.settings)
            verdict = judge(report, job.kinds, window, Thresholds.of(self.settings))
            as_json(dict(report.notes))
        except NotComputable as lacking:
            return _Analysis(Outcome.NOT_COMPUTABLE, str(lacking))
        except Exception as error:
            logger.warning("The job %s failed on %s: %s", job.name, window, error, exc_info=True)
            return _Analysis(Outcome.FAILED, str(error) or type(error).__name__)
        return _Analysis(Outcome.OK, "", report, verdict)

    def _record(self, job: Job, run: Run, passed: Sequence[Judged], seen_until: int) -> Run:
        """Observations first: they count from the moment that the run is there, all at once."""
        pace = Pace(job.every, timedelta(hours=self.settings.findings_cooldown_hours))
        ledger = FindingLedger(self.engine, job.name, pace)
        ledger.observe(run.run_id, run.window, passed)
        self.engine.insert_raw("job_runs", orjson.dumps(self._row(run, len(passed), seen_until)), "JSONEachRow", {})
        lives = ledger.refresh(run.window) if run.outcome is not Outcome.FAILED else {}
        return Run(**{**vars(run), "findings": [_shown(run, judged, lives) for judged in passed]})

    def _row(self, run: Run, findings: int, seen_until: int) -> dict[str, Any]:
        return {
            "run_id": run.run_id,
            "job": run.job,
            "window_from": as_parameter(run.window.since),
            "window_to": as_parameter(run.window.until),
            "started_at": as_parameter(run.started_at),
            "seconds": run.seconds,
            "outcome": run.outcome,
            "reason": run.reason,
            "rows_read": run.rows_read,
            "rows_by_statement": run.rows_by_statement,
            "candidates": run.candidates,
            "findings": findings,
            "notes": as_json(run.notes),
            "trigger": run.trigger,
            "holder": self._holder,
            "seen_until": text(seen_until),
        }

    def now(self) -> datetime:
        """The time, in UTC."""
        return datetime.fromtimestamp(self._clock(), UTC)

    @contextmanager
    def _one_at_a_time(self, *, waits: bool) -> Iterator[None]:
        with self._turn:
            self._in_front += waits
            try:
                self._turn.wait_for(lambda: not self._busy and (waits or not self._in_front))
                self._busy = True
            finally:
                self._in_front -= waits
        try:
            yield
        finally:
            with self._turn:
                self._busy = False
                self._turn.notify_all()


def _notes(analysis: _Analysis) -> dict[str, Any]:
    counted = {"tested": len(analysis.report.tested), "dropped": dict(analysis.verdict.dropped)}
    return {**analysis.report.notes, **(counted if analysis.outcome is Outcome.OK else {})}


def _shown(run: Run, judged: Judged, lives: Mapping[str, Life]) -> dict[str, Any]:
    """A finding of a run as it stands at the end of the run's window."""
    candidate, shown = judged.candidate, said(run.job, judged)
    life = lives.get(shown["finding_id"])
    return {
        **shown,
        "severity": str(life.voiced.get(run.run_id, judged.severity) if life else judged.severity),
        "state": life.state if life else "open",
        "window_from": run.window.since,
        "window_to": run.window.until,
        "first_seen": candidate.since,
        "last_seen": candidate.until,
        "details": orjson.loads(as_json(dict(candidate.details))),
    }
