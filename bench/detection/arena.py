"""One engine for many scenarios: tables are emptied between them, which is far cheaper than a new engine."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from analytics.jobs.contract import Job, Window
from analytics.jobs.runner import Run, Runner, Trigger
from analytics.settling.step import Settler
from collector.insert import insert
from collector.signals import LOGS, TRACES
from spanledger import revenue, sql
from spanledger.demo.workload import Workload
from spanledger.engine import Engine, open_engine
from spanledger.settings import Settings
from spanledger.upgrade import upgrade

EMPTY = Path(__file__).with_name("empty_tables.sql")
AFTER_MS = 3_600_000
"""Settling believes that so much time has gone by since the insert: every trace is quiet."""
SPANS_AN_INSERT = 60_000


@dataclass(frozen=True)
class Arena:
    """An engine, and the tables that hold what scenarios bring."""

    engine: Engine
    settings: Settings
    tables: Sequence[str]

    def load(self, workload: Workload) -> None:
        """Empty all tables, insert a workload as the drain does, and settle it."""
        for table in self.tables:
            self.engine.command(f"TRUNCATE TABLE {table} SYNC")
        for number, body in enumerate(workload.requests(SPANS_AN_INSERT)):
            insert(self.engine, TRACES, body, f"spans {number}")
        for number, body in enumerate(workload.score_requests(SPANS_AN_INSERT)):
            insert(self.engine, LOGS, body, f"scores {number}")
        revenue.add(
            self.engine,
            [
                revenue.Revenue(
                    tenant=price.tenant,
                    plan=price.plan,
                    monthly_price_usd=Decimal(price.monthly_usd),
                    valid_from=price.since,
                )
                for price in workload.prices
            ],
        )
        settle(Settler(self.engine, self.settings))

    def run(self, job: Job, windows: Sequence[Window]) -> list[Run]:
        """A job over windows, as the scheduler would."""
        runner = Runner(self.engine, self.settings)
        return [runner.run(job, window, Trigger.BACKFILL) for window in windows]


def settle(settler: Settler) -> None:
    """Steps until nothing waits, as of an hour from now."""
    safe = int(time.time() * 1000) + AFTER_MS
    while settler.step(safe).window.more:
        pass


def prepared(settings: Settings) -> Arena:
    """An arena over an engine of its own."""
    engine = open_engine(settings, role="bench")
    for _ in upgrade(engine, settings):
        pass
    return of(engine, settings)


def of(engine: Engine, settings: Settings) -> Arena:
    """An arena over an engine that has no spans: what is empty now is what scenarios fill."""
    return Arena(engine, settings, [str(name) for (name,) in engine.rows(sql.read(EMPTY))])
