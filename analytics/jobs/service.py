"""Jobs as the API and the command line use them: what there is, run one, run many windows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from analytics.findings.evidence import as_json
from analytics.jobs.backlog import Backlog, inhabited
from analytics.jobs.catalogue import JOBS, job_named
from analytics.jobs.contract import Job, Window
from analytics.jobs.runner import Run, Runner, Trigger
from analytics.jobs.settled import Settled
from analytics.jobs.windows import asked, moment, scheduled
from spanledger import sql


class JobService:
    """The jobs over one engine. Its answers are JSON: times are text in ISO 8601, UTC."""

    def __init__(self, runner: Runner, settled: Settled, jobs: Sequence[Job] = JOBS) -> None:
        self._engine = runner.engine
        self._runner = runner
        self._settled = settled
        self._jobs = jobs
        self._backlog = Backlog(runner.engine, runner.settings)

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs, with their last run, how far they are behind and their open findings."""
        last = {row["job"]: row for row in self._records("last_runs")}
        found: dict[str, dict[str, int]] = {}
        for row in self._records("open_findings"):
            found.setdefault(row["job"], {})[row["severity"]] = int(row["many"])
        now = self._runner.now()
        return [
            {
                "name": job.name,
                "title": job.title,
                "kinds": [{"name": kind.name, "meaning": kind.meaning} for kind in job.kinds],
                "every_seconds": job.every / timedelta(seconds=1),
                "length_seconds": job.length / timedelta(seconds=1),
                "last_window_to": iso(last[job.name]["last_window_to"]) if job.name in last else None,
                "last_outcome": last[job.name]["last_outcome"] if job.name in last else None,
                "lag_seconds": self._backlog.lag(job, now),
                "open_findings": found.get(job.name, {}),
            }
            for job in self._jobs
        ]

    def runs(self, job: str, limit: int) -> list[dict[str, Any]]:
        """The last runs of a job, or of all with ''; newest first."""
        name = job_named(job, self._jobs).name if job else ""
        rows = self._records("job_runs", job=name, limit=limit)
        return [
            row
            | {name: iso(row[name]) for name in ("window_from", "window_to", "started_at")}
            | {"notes": orjson.loads(row["notes"])}
            for row in rows
        ]

    def run(self, job: str, since: str | None, until: str | None) -> dict[str, Any]:
        """Run a job over a window now, once what was accepted before is settled; the run with its findings."""
        wanted = job_named(job, self._jobs)
        window = asked(wanted, since, until, self._runner.now())
        complete = self._settled.wait(window.until)
        shown = as_record(self._runner.run(wanted, window, Trigger.MANUAL))
        return shown | {"settled": complete}

    def backfill(self, jobs: Sequence[str], since: str, until: str | None) -> Iterator[dict[str, Any]]:
        """Run all scheduled windows that end in a time, oldest first; first how many, then each when it is done."""
        wanted = [job_named(job, self._jobs) for job in jobs] or list(self._jobs)
        window = Window(moment(since), moment(until) if until else self._runner.now())
        todo = sorted(
            ((each.until, number, each) for number, job in enumerate(wanted) for each in self._windows(job, window)),
            key=lambda item: item[:2],
        )
        self._settled.wait(window.until)
        return self._backfill([(wanted[number], each) for _, number, each in todo])

    def _backfill(self, todo: Sequence[tuple[Job, Window]]) -> Iterator[dict[str, Any]]:
        yield {"windows": len(todo)}
        for job, window in todo:
            yield as_record(self._runner.run(job, window, Trigger.BACKFILL))

    def _windows(self, job: Job, within: Window) -> list[Window]:
        """Those with spans."""
        return list(inhabited(self._engine, list(scheduled(job, within.since, within.until))))

    def _records(self, name: str, **values: Any) -> list[dict[str, Any]]:
        return self._engine.query(sql.read(Path(__file__).with_name(f"{name}.sql")), values).records()


def as_record(run: Run) -> dict[str, Any]:
    """A run as JSON, in the columns of `job_runs`."""
    record = {name: value for name, value in vars(run).items() if name != "window"}
    record |= {
        "window_from": iso(run.window.since),
        "window_to": iso(run.window.until),
        "started_at": iso(run.started_at),
        "trigger": str(run.trigger),
        "outcome": str(run.outcome),
        "findings": [_finding(found) for found in run.findings],
    }
    return dict(orjson.loads(as_json(record)))


def iso(value: datetime | str) -> str:
    """`2026-11-21T10:00:00.000Z` of a time, or of the engine's text of one."""
    if isinstance(value, str):
        return value.replace(" ", "T") + "Z"
    value = value.astimezone(UTC)
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}Z"


def _finding(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in found.items()}
