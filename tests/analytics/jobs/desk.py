"""Jobs whose candidates a test gives them, a runner over the tests' engine, spans to look at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from analytics.jobs.contract import Candidate, Kind, Report, Severity, Window
from analytics.jobs.runner import Run, Runner, Trigger
from analytics.jobs.source import Source
from spanledger.engine import Engine
from spanledger.moments import as_parameter
from spanledger.settings import Settings

TABLES = (
    "spans", "job_runs", "finding_observations", "finding_states", "settle_marks", "usage_slices", "usage_hours",
    "trace_times", "settled_traces", "settle_steps", "dirty_slices", "usage_dirty", "settle_again",
)  # fmt: skip
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
ERRORS = Path(__file__).with_name("errors.sql")


def hour(number: float, length: float = 1) -> Window:
    """The window that begins so many hours after START."""
    return Window(START + number * HOUR, START + (number + length) * HOUR)


def candidate(tenant: str = "acme", window: Window | None = None, **given: Any) -> Candidate:
    """A page that passes all rules."""
    window = window or hour(0)
    values: dict[str, Any] = {
        "kind": "errors",
        "subject": {"tenant": tenant},
        "severity": Severity.PAGE,
        "effect": 0.5,
        "effect_unit": "share",
        "n": 1000,
        "title": f"{tenant} fails",
        "summary": f"{tenant} has failed since the window began",
        "since": window.since,
        "until": window.until,
        "query": "SELECT count() FROM spans",
    }
    return Candidate(**{**values, **given})


@dataclass
class Told:
    """A job that finds what a test tells it."""

    find: Callable[[Source, Window], Report] = lambda _source, window: Report([candidate(window=window)])
    name: str = "told"
    title: str = "What a test tells"
    kinds: tuple[Kind, ...] = (Kind("errors", "Calls fail."),)
    every: timedelta = HOUR
    length: timedelta = HOUR
    asked: list[Window] = field(default_factory=list)

    def run(self, source: Source, window: Window, settings: Settings) -> Report:  # noqa: ARG002
        self.asked.append(window)
        return self.find(source, window)


class ErrorJob(Told):
    """A job that reads: a tenant half of whose calls fail is a finding."""

    def run(self, source: Source, window: Window, settings: Settings) -> Report:  # noqa: ARG002
        self.asked.append(window)
        found = source.frame(ERRORS, window.parameters())
        return Report(
            [
                candidate(
                    row["tenant"], window, n=row["calls"], effect=row["errors"] / row["calls"], cost_usd=row["usd"]
                )
                for row in found.iter_rows(named=True)
                if row["errors"] * 2 > row["calls"]
            ]
        )


class Desk:
    """What the tests work with."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine = engine
        self.settings = settings
        self.now = START
        self.runner = Runner(engine, settings, "tests", self.clock)

    def clock(self) -> float:
        return self.now.timestamp()

    def run(self, job: Told, window: Window, trigger: Trigger = Trigger.SCHEDULE) -> Run:
        return self.runner.run(job, window, trigger)

    def spans(self, window: Window, count: int = 1, tenant: str = "acme", **columns: Any) -> None:
        """Calls spread over a window, accepted as soon as they began."""
        step = window.length / count
        rows = [
            {
                "trace_id": f"{number + 1:032x}",
                "span_id": f"{number + 1:016x}",
                "started_at": as_parameter(window.since + number * step),
                "ingested_at": as_parameter(window.since + number * step),
                "tenant": tenant,
                "operation": "chat",
                "usage_role": "leaf",
                "billable": True,
                **columns,
            }
            for number in range(count)
        ]
        body = b"\n".join(orjson.dumps(row) for row in rows)
        self.engine.insert_raw("spans", body, "JSONEachRow", {"insert_deduplicate": 0})

    def records(self, query: str, parameters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        return self.engine.query(query, parameters).records()

    def findings(self) -> list[dict[str, Any]]:
        return self.records("SELECT * FROM findings ORDER BY job, finding_id")
