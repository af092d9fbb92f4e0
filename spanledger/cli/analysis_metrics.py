"""Metrics of settling and of jobs, for prometheus_client."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from analytics.jobs.schedule import Schedule
from analytics.settling.loop import SettlingLoop
from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import SpanledgerError

JOB_RUNS = Path(__file__).with_name("job_runs.sql")
OPEN_FINDINGS = Path(__file__).with_name("open_findings.sql")


class SettlingMetrics(Collector):
    """How settling goes."""

    def __init__(self, settling: SettlingLoop) -> None:
        self._settling = settling

    def collect(self) -> list[Metric]:
        """Its lag and what it has done."""
        progress = self._settling.progress
        lag = GaugeMetricFamily("spanledger_settling_lag_seconds", "Since the newest moment that settling has seen.")
        if (seconds := self._settling.lag_seconds) is not None:
            lag.add_metric([], seconds)
        return [
            lag,
            CounterMetricFamily("spanledger_settled_traces", "Rows of traces written.", value=progress.traces),
            CounterMetricFamily("spanledger_settling_spans", "New spans looked at.", value=progress.spans),
            CounterMetricFamily("spanledger_duplicate_calls", "Spans not billed twice.", value=progress.duplicates),
            CounterMetricFamily("spanledger_settling_failures", "Steps tried again.", value=progress.failures),
        ]


class JobMetrics(Collector):
    """How jobs go and what they have found."""

    def __init__(self, engine: Engine, schedule: Schedule) -> None:
        self._engine = engine
        self._schedule = schedule

    def collect(self) -> list[Metric]:
        """Lag by job, runs by outcome, open findings by severity."""
        lag = GaugeMetricFamily(
            "spanledger_job_lag_seconds", "Since the end of the oldest window that waits to be run.", labels=["job"]
        )
        for job, seconds in self._schedule.progress.lags.items():
            lag.add_metric([job], seconds)
        runs = CounterMetricFamily("spanledger_job_runs", "Runs of jobs that are kept.", labels=["job", "outcome"])
        found = GaugeMetricFamily("spanledger_open_findings", "Findings that are open.", labels=["severity"])
        try:
            for job, outcome, many in self._engine.rows(sql.read(JOB_RUNS)):
                runs.add_metric([job, outcome], many)
            for severity, many in self._engine.rows(sql.read(OPEN_FINDINGS)):
                found.add_metric([severity], many)
        except SpanledgerError:  # `spanledger_engine_up` says so
            return [lag]
        return [lag, runs, found]
