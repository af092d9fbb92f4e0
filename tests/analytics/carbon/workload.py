"""Traffic for the job: traces of an agent and one or more calls, priced in energy by the view that real spans pass."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from analytics.carbon.job import JOB
from analytics.jobs.contract import Candidate, Report, Window
from analytics.jobs.source import Source
from analytics.settling.step import Settler
from spanledger.engine import Engine
from spanledger.settings import Settings

START = datetime(2026, 11, 16, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TABLES = (
    "spans", "events", "settle_marks", "settle_steps", "trace_times", "usage_dirty", "settle_again", "dirty_slices",
    "usage_slices", "usage_hours", "settled_traces",
)  # fmt: skip


@dataclass(frozen=True)
class Traffic:
    """Traces of an agent and its calls, evenly over a time; 8 of 10 are resolved."""

    start: datetime
    length: timedelta
    traces: int
    calls: int = 1
    """Calls of a trace."""
    feature: str = "search"
    model: str = "gpt-4o"
    provider: str = "openai"
    tenant: str = "acme"
    output: int = 300
    """Tokens out of a call, on average; they are between 0.8 and 1.2 times as many."""
    resolved: int = 8
    """Of ten traces."""
    task: str = ""
    """What task ids begin with; empty: none are sent."""
    root_only: bool = False
    """Calls have no feature of their own."""
    columns: Mapping[str, Any] = field(default_factory=dict)
    """More columns of the calls."""

    def spans(self, seed: int) -> Iterator[dict[str, Any]]:
        """Rows of `spans`, before their energy is known."""
        chance = random.Random(seed)
        for number in range(self.traces):
            trace, begin = f"{seed:08x}{number:024x}", self.start + number * self.length / self.traces
            root = self._span(trace, 0, begin) | {"operation": "agent", "feature": self.feature}
            outcome = "success" if chance.random() * 10 < self.resolved else "failure"
            yield root | {"task_id": f"{self.task}{number}" if self.task else "", "task_outcome": outcome}
            for place in range(1, self.calls + 1):
                tokens = round(self.output * chance.uniform(0.8, 1.2))
                yield self._span(trace, place, begin) | self._call() | {"output_tokens": tokens} | dict(self.columns)

    def _span(self, trace: str, place: int, begin: datetime) -> dict[str, Any]:
        at = begin + place * timedelta(milliseconds=10)
        span_id = f"{int(trace[:8], 16):08x}{int(trace[8:], 16):06x}{{:02x}}"
        return {
            "trace_id": trace,
            "span_id": span_id.format(place),
            "parent_span_id": span_id.format(0) if place else "0" * 16,
            "name": "chat" if place else "run",
            "started_at": f"{at:%Y-%m-%d %H:%M:%S.%f}",
            "status": "ok",
            "tenant": self.tenant,
        }

    def _call(self) -> dict[str, Any]:
        return {
            "operation": "chat",
            "provider": self.provider,
            "request_model": self.model,
            "feature": "" if self.root_only else self.feature,
            "input_tokens": 1000,
            "billable": True,
            "usage_role": "leaf",
        }


class Service:
    """The tables under test."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine = engine
        self.settings = settings
        self.clock = START + 36 * DAY
        """Traffic is accepted at once, as after an import: settling has one step to do, not a thousand."""
        self.seeds = itertools.count(1)

    def clear(self) -> None:
        for table in TABLES:
            self.engine.command(f"TRUNCATE TABLE {table} SYNC")

    def put(self, *traffic: Traffic, settle: bool = True) -> None:
        """Insert traffic, all at once, and settle all of it."""
        rows = [
            span | {"ingested_at": f"{self.clock:%Y-%m-%d %H:%M:%S}"}
            for one in traffic
            for span in one.spans(next(self.seeds))
        ]
        self.engine.insert_raw("priced_spans", b"\n".join(map(orjson.dumps, rows)), "JSONEachRow", {})
        if settle:
            self.settle()

    def settle(self) -> None:
        settler = Settler(self.engine, self.settings)
        self.clock += timedelta(minutes=5)
        settler.step(round(self.clock.timestamp() * 1000))

    def run(self, since: datetime, until: datetime, **settings: Any) -> Report:
        return self.counted(since, until, **settings)[0]

    def counted(self, since: datetime, until: datetime, **settings: Any) -> tuple[Report, Source]:
        source = Source(self.engine)
        chosen = self.settings.model_copy(update=settings)
        return JOB.run(source, Window(since, until), chosen), source


def of_kind(report: Report, kind: str) -> list[Candidate]:
    return [one for one in report.candidates if one.kind == kind]


def days(of: Traffic, count: int) -> Sequence[Traffic]:
    """The same traffic on following days."""
    return [replace(of, start=of.start + number * DAY) for number in range(count)]


def measured(kwh: float) -> dict[str, Any]:
    """Columns of a call whose energy was measured."""
    return {"energy_kwh": kwh, "energy_source": "measured"}
