"""Customers that spend by the hour: spans in the engine, settled into `usage`, and what they pay."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import orjson

from analytics.cost_concentration.job import JOB
from analytics.jobs.contract import Candidate, Report, Window
from analytics.jobs.source import Source
from analytics.settling.step import Settler
from spanledger import revenue
from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.analytics.settling.ledger import TABLES

END = datetime(2026, 11, 20, tzinfo=UTC)
"""A Friday, 00:00."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = END - 28 * DAY
SIZES = [120 / (number + 1) for number in range(10)]
"""USD a day of the customers c0, c1, … of a fleet."""
Shape = Callable[[datetime], float]


@dataclass(frozen=True)
class Ran:
    """A run and what it read."""

    report: Report
    source: Source

    def of(self, kind: str, tenant: str | None = None) -> list[Candidate]:
        """Candidates of a kind, and of a customer if one is named."""
        return [
            each
            for each in self.report.candidates
            if each.kind == kind and tenant in (None, each.subject.get("tenant"))
        ]

    def one(self, kind: str, tenant: str | None = None) -> Candidate:
        """The only one."""
        [candidate] = self.of(kind, tenant)
        return candidate

    @property
    def loud(self) -> list[tuple[str, str]]:
        """Kind and title of pages and tickets."""
        return [(each.kind, each.title) for each in self.report.candidates if each.severity != "digest"]


class World:
    """The tables under test."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine = engine
        self.settings = settings
        self.rows: list[dict[str, Any]] = []

    def clear(self) -> None:
        """Forget everything."""
        for table in (*TABLES, "revenue"):
            self.engine.command(f"TRUNCATE TABLE {table} SYNC")

    def spend(
        self, tenant: str, usd_per_hour: float | Shape, since: datetime, until: datetime = END, **columns: Any
    ) -> None:
        """A call an hour that costs so much."""
        for number in range(int((until - since) / HOUR)):
            hour = since + number * HOUR
            cost = usd_per_hour(hour) if callable(usd_per_hour) else usd_per_hour
            if cost > 0:
                self.call(tenant, hour + timedelta(minutes=7), cost, **columns)

    def call(self, tenant: str, at: datetime, cost: float | None, **columns: Any) -> None:
        """One billable call."""
        number = len(self.rows) + 1
        self.rows.append(
            {
                "trace_id": f"{number:032x}",
                "span_id": f"{number:016x}",
                "started_at": f"{at:%Y-%m-%d %H:%M:%S.%f}",
                "ingested_at": f"{END + HOUR:%Y-%m-%d %H:%M:%S}",
                "tenant": tenant,
                "operation": "chat",
                "usage_role": "leaf",
                "billable": True,
                "request_model": "gpt-4o",
                "cost_usd": cost,
                "cost_status": "unpriced" if cost is None else "priced",
                **columns,
            }
        )

    def fleet(self, sizes: Iterable[float], since: datetime, until: datetime = END, seed: int = 7) -> None:
        """Customers c0, c1, … with a daily rhythm, quiet weekends and days that vary by 20 %; sizes in USD a day."""
        rng = np.random.default_rng(seed)
        for number, size in enumerate(sizes):
            noise = rng.lognormal(0, 0.2, 400)
            self.spend(f"c{number}", rhythm(size, noise, since), since, until)

    def pays(self, tenant: str, usd: float, since: date = date(2026, 1, 1), until: date | None = None) -> None:
        """Revenue."""
        row = {"tenant": tenant, "monthly_price_usd": f"{usd:.6f}", "valid_from": since, "valid_to": until}
        revenue.add(self.engine, [revenue.Revenue.model_validate(row)])

    def settle(self) -> None:
        """Insert what was spent and sum it up."""
        body = b"\n".join(orjson.dumps(row) for row in self.rows)
        self.engine.insert_raw("spans", body, "JSONEachRow", {"insert_deduplicate": 0})
        self.step(timedelta(seconds=20))

    def step(self, later: timedelta) -> None:
        """Settle so long after the spans were accepted. Calls are summed at once, traces after a minute: no test needs
        these, and they would take most of the time."""
        Settler(self.engine, self.settings).step(round((END + HOUR + later).timestamp() * 1000))

    def run(self, since: datetime, until: datetime = END) -> Ran:
        """The job over a window."""
        source = Source(self.engine)
        return Ran(JOB.run(source, Window(since, until), self.settings), source)


def rhythm(usd_per_day: float, noise: Any, since: datetime) -> Shape:
    """Days like a wave with its top at 14:00; 40 % on Saturdays and Sundays."""

    def cost(hour: datetime) -> float:
        wave = 1 + 0.8 * np.cos((hour.hour - 14) / 24 * 2 * np.pi)
        week = 0.4 if hour.weekday() >= 5 else 1.0
        return float(usd_per_day / 24 * wave * week * noise[(hour - since) // DAY])

    return cost
