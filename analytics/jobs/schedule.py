"""The schedule: four times a minute what is due is run, in one thread. APScheduler is used here and nowhere else."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from analytics.jobs.backlog import Backlog
from analytics.jobs.catalogue import JOBS
from analytics.jobs.contract import Job, Window
from analytics.jobs.late import DAYS, LateSpans
from analytics.jobs.runner import Runner, Trigger
from analytics.jobs.windows import newest
from analytics.settling.lease import Lease
from analytics.settling.marks import TOUCHED, read_marks, text
from spanledger import sql

logger = logging.getLogger(__name__)

TICK_SECONDS = 15
LEASE_SECONDS = 300
"""On a server the process that ran jobs last goes on; a run is far shorter."""
BATCH = 10
"""Runs before the schedule looks again at what is due: a window that has just ended does not wait for weeks that are
caught up."""
PUT_OFF = timedelta(minutes=5)
"""A missed window waits at most so long while spans from before its end are still being settled."""
STOP_SECONDS = 30.0
UNSETTLED = Path(__file__).with_name("unsettled.sql")


@dataclass(frozen=True)
class Due:
    """A window to run."""

    job: Job
    window: Window
    trigger: Trigger


@dataclass
class Progress:
    """How the schedule goes, for metrics."""

    lags: dict[str, float] = field(default_factory=dict)
    """Seconds, by job, since the end of the oldest window that should have been run; 0: none waits."""
    problem: str = ""
    """Why the last tick did not work, or ''."""


class Schedule:
    """Runs jobs over windows that are over: the newest first, then late and missed ones, oldest first."""

    def __init__(self, runner: Runner, jobs: Sequence[Job] = JOBS) -> None:
        self.progress = Progress()
        self._engine = runner.engine
        self._settings = runner.settings
        self._runner = runner
        self._jobs = jobs
        self._backlog = Backlog(runner.engine, runner.settings)
        self._late = LateSpans(runner.engine)
        self._put_off: dict[tuple[str, Window], datetime] = {}
        self._lease = Lease(runner.engine, "jobs_lease", secrets.token_hex(8))
        self._stop = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(1)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )

    def start(self) -> None:
        """Begin to run what is due, unless the settings say not to."""
        if self._settings.jobs_schedule == "on":
            logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick may outlast the next one: that is meant
            self._scheduler.add_job(
                self.tick, "interval", seconds=TICK_SECONDS, next_run_time=datetime.now(UTC), id="jobs"
            )
            self._scheduler.start()

    def ask_to_stop(self) -> None:
        """Let a tick end after the run under way."""
        self._stop.set()

    def stop(self) -> None:
        """Finish the run under way and end."""
        self.ask_to_stop()
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        self._idle.wait(STOP_SECONDS)

    def tick(self) -> None:
        """Run all that is due. What goes wrong is said once and tried again."""
        self._idle.clear()
        try:
            while not self._stop.is_set() and self._run_some():
                pass
            self.progress.problem = ""
        except Exception as error:
            if not self.progress.problem:
                logger.warning("The schedule of jobs will be tried again: %s", error, exc_info=True)
            self.progress.problem = str(error) or type(error).__name__
        finally:
            self._idle.set()

    def _run_some(self) -> bool:
        """Run the first few of what is due; whether more may be."""
        due = self.due(self._runner.now())
        for one in due[:BATCH]:
            if self._stop.is_set() or not self._lease.take(LEASE_SECONDS):
                return False
            self._put_off.pop((one.job.name, one.window), None)
            run = self._runner.run(one.job, one.window, one.trigger)
            logger.info(
                "%s, %s (%s): %s, %d findings, %d rows read in %.1f s",
                one.job.name, one.window, one.trigger, run.outcome, len(run.findings), run.rows_read, run.seconds,
            )  # fmt: skip
        return bool(due)

    def due(self, now: datetime) -> list[Due]:
        """What to run, in this order."""
        settled = read_marks(self._engine)[TOUCHED]
        unsettled = self._unsettled(settled)
        self._late.look(now, settled)
        found: list[Due] = []
        for job in self._jobs:
            missing = list(self._backlog.missing(job, now))
            self.progress.lags[job.name] = (now - missing[0].until).total_seconds() if missing else 0.0
            last = newest(job, now - timedelta(seconds=self._settings.jobs_delay_seconds))
            found += [
                Due(job, window, Trigger.SCHEDULE if window == last else Trigger.CATCH_UP)
                for window in missing
                if window.until.timestamp() * 1000 <= settled
                and (window == last or not self._waits(job, window, unsettled, now))
            ]
            past = self._backlog.past(job, now - DAYS)
            found += [Due(job, window, Trigger.LATE) for window in self._late.reopened(job, past, now)]
        self._late.remember()
        return sorted(found, key=lambda due: (due.trigger is not Trigger.SCHEDULE, due.window.until))

    def _waits(self, job: Job, window: Window, unsettled: datetime, now: datetime) -> bool:
        """Spans that may belong to it are being settled, since not too long."""
        if unsettled >= window.until:
            return False
        return now - self._put_off.setdefault((job.name, window), now) < PUT_OFF

    def _unsettled(self, settled: int) -> datetime:
        [[begun]] = self._engine.rows(sql.read(UNSETTLED), {"settled": text(settled)})
        return datetime.fromtimestamp(int(begun) / 1000, UTC)
