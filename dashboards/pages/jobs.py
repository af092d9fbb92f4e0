"""The scheduled jobs: how far they have come, what they read, what they could not compute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboards.asked import Asked
from dashboards.boards.board import BOARDS
from dashboards.page import Page
from spanledger import sql
from spanledger.engine import Engine
from spanledger.figures import plural

QUERIES = Path(__file__).parent.parent / "queries"
SHEET = (
    "job",
    "window_from",
    "window_to",
    "started_at",
    "seconds",
    "outcome",
    "reason",
    "rows_read",
    "findings",
    "trigger",
)


@dataclass(frozen=True)
class JobsView:
    """What jobs.html is given."""

    title: str
    question: str
    jobs: list[dict[str, Any]]
    runs: list[dict[str, Any]]
    boards: dict[str, str]
    """Address of the board of a job."""


def page(engine: Engine) -> Page:
    """The page over an engine."""

    def load(asked: Asked, _path: dict[str, str]) -> JobsView:
        return read(engine, asked)

    return Page("/jobs", "jobs.html", load, rows=sheet, default_range="7d", nav="Jobs")


def read(engine: Engine, asked: Asked) -> JobsView:
    """Jobs and runs whose windows touch the range."""
    times = asked.parameters()
    jobs = engine.query_guarded(sql.read(QUERIES / "jobs.sql"), times).records()
    runs = engine.query_guarded(sql.read(QUERIES / "job_runs.sql"), times).records()
    return JobsView(_title(jobs), "Do the jobs run?", jobs, runs, {board.job: board.path for board in BOARDS})


def _title(jobs: list[dict[str, Any]]) -> str:
    failed = [job["job"] for job in jobs if job["outcome"] == "failed"]
    if failed:
        return f"The newest run of {', '.join(failed)} failed"
    if not jobs:
        return "No job has run in this range"
    runs = sum(job["runs"] for job in jobs)
    return f"{plural(len(jobs), 'job')} made {plural(runs, 'run')}, none of the newest failed"


def sheet(view: JobsView) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    """The runs as a table for CSV."""
    return SHEET, [[run[name] for name in SHEET] for run in view.runs]
