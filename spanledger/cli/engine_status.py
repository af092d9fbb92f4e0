"""What the engine process knows of itself and of the collect process: readiness and metrics."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from collector.drain import Drain
from collector.report import read_report
from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import SpanledgerError
from spanledger.settings import Settings

NEWEST_ROWS = Path(__file__).with_name("newest_rows.sql")
LATE_SECONDS = 30.0
"""A sealed segment that waits longer than this for the engine makes the service not ready."""


class EngineStatus:
    """The `Status` of the API, over an engine, the drains and what tells of analyses."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        draining: Sequence[Drain],
        analyses: Sequence[Collector] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._draining = draining
        self._analyses = analyses
        self._clock = clock

    def ready(self) -> list[str]:
        """Why not, in sentences."""
        reasons = [drain.progress.problem for drain in self._draining if drain.progress.problem]
        for drain in self._draining:
            waited = self._clock() - drain.progress.oldest_at
            if drain.progress.oldest_at and waited > LATE_SECONDS:
                reasons.append(f"{drain.progress.waiting} segments wait; the oldest for {waited:.0f} s.")
        report = read_report(self._settings.data_dir)
        return reasons + (report.problems(self._clock()) if report else [])

    def metrics(self) -> str:
        """Of the drains and the tables, then what the collect process has written down."""
        registry = CollectorRegistry()
        registry.register(self)
        report = read_report(self._settings.data_dir)
        return generate_latest(registry).decode() + (report.exposition() if report else "")

    def collect(self) -> list[Metric]:
        """Metrics of this process, for prometheus_client."""
        drained = CounterMetricFamily("spanledger_stored_items", "Items inserted into the engine.", labels=["signal"])
        retries = CounterMetricFamily("spanledger_insert_retries", "Inserts tried again.", labels=["signal"])
        refused = CounterMetricFamily("spanledger_quarantined_requests", "Put in quarantine.", labels=["signal"])
        waiting = GaugeMetricFamily("spanledger_waiting_segments", "Sealed, not yet in the engine.", labels=["signal"])
        for drain in self._draining:
            drained.add_metric([drain.name], drain.progress.items)
            retries.add_metric([drain.name], drain.progress.retries)
            refused.add_metric([drain.name], drain.progress.quarantined)
            waiting.add_metric([drain.name], drain.progress.waiting)
        analysed = [metric for part in self._analyses for metric in part.collect()]
        return [drained, retries, refused, waiting, *analysed, *self._tables()]

    def _tables(self) -> list[Metric]:
        rows = GaugeMetricFamily("spanledger_rows", "Rows by table.", labels=["table"])
        disk = GaugeMetricFamily("spanledger_table_bytes", "Bytes on disk by table.", labels=["table"])
        age = GaugeMetricFamily("spanledger_newest_row_age_seconds", "Since the newest row came in.", labels=["table"])
        up = GaugeMetricFamily("spanledger_engine_up", "1 when the engine answers.")
        try:
            for table, count, size, newest in self._engine.rows(sql.read(NEWEST_ROWS)):
                rows.add_metric([table], count)
                disk.add_metric([table], size)
                if newest is not None:
                    age.add_metric([table], max(0.0, self._clock() - newest))
            up.add_metric([], 1)
        except SpanledgerError:
            up.add_metric([], 0)
        return [rows, disk, age, up]
