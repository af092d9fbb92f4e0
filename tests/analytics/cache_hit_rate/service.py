"""A service's calls sent over OTLP, stored, billed and summed as in production, and the job over them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from analytics.cache_hit_rate.job import JOB
from analytics.jobs.contract import Report, Window
from analytics.jobs.source import Source
from analytics.settling.step import Settler
from collector.signals import TRACES
from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.analytics.settling.ledger import TABLES
from tests.schema import otlp

START = datetime(2026, 11, 9, tzinfo=UTC)
"""A Monday."""
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Tenant:
    """Calls of a tenant: how many an hour, and how they look at a time."""

    name: str
    calls: int = 15
    tokens: int = 10_000
    attributes: Mapping[str, Any] = field(default_factory=dict)


class Service:
    """Makes spans with one random generator and keeps what they were, to hold the job's money against."""

    def __init__(self, engine: Engine, settings: Settings, seed: int = 1) -> None:
        self.engine = engine
        self.settings = settings
        self.random = np.random.default_rng(seed)
        self.source = Source(engine)
        for table in (*TABLES, "messages"):
            engine.command(f"TRUNCATE TABLE {table} SYNC")

    def send(self, spans: Iterable[Any]) -> None:
        """Over OTLP into the engine, and settled."""
        otlp.store(self.engine, TRACES, otlp.traces(spans, {"service.name": "assistant"}, scope="sdk"))
        Settler(self.engine, self.settings).step(round((time.time() + 20) * 1000))

    def calls(self, tenant: Tenant, hours: range) -> Iterator[tuple[datetime, int]]:
        """Time and input tokens of a tenant's calls."""
        for hour in hours:
            for _ in range(tenant.calls):
                at = START + hour * HOUR + timedelta(seconds=float(self.random.uniform(0, 3600)))
                yield at, int(tenant.tokens * self.random.uniform(0.8, 1.2))

    def share(self, rate: float) -> float:
        """How much of one call is cached, `rate` on average; of one call in ten nothing."""
        return 0.0 if self.random.random() < 0.1 else float(np.clip(self.random.normal(rate / 0.9, 0.05), 0.01, 1))

    def run(self, since: int, until: int, **settings: Any) -> Report:
        """The job over hours since START."""
        asked = Window(START + since * HOUR, START + until * HOUR)
        return JOB.run(self.source, asked, self.settings.model_copy(update=settings))


def call(at: datetime, tenant: str, tokens: int, cached: int | None, **more: Any) -> Any:
    """A span as plain OTel GenAI instrumentations send it; `cached`: None leaves the attribute out."""
    attributes: dict[str, Any] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o",
        "gen_ai.usage.input_tokens": tokens,
        "gen_ai.usage.output_tokens": 300,
        "tenant.id": tenant,
    }
    if cached is not None:
        attributes["gen_ai.usage.cache_read.input_tokens"] = cached
    start = int(at.timestamp() * 1e9)
    return otlp.span(
        attributes | more, name="chat gpt-4o", start_time_unix_nano=start, end_time_unix_nano=start + 2 * 10**9
    )


def system(text: str) -> dict[str, str]:
    """System instructions as an attribute."""
    return {"gen_ai.system_instructions": json.dumps([{"type": "text", "content": text}])}
