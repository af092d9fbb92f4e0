"""What the alerts about spanledger itself ask of the process around them."""

from __future__ import annotations

from analytics.alerts.self_checks import Probes
from analytics.jobs.schedule import Progress
from collector.report import read_report
from spanledger.settings import Settings


def probes(settings: Settings, jobs: Progress) -> Probes:
    """Of the engine process: how full the spool of this data directory is, and how late jobs are."""

    def spool_share() -> float | None:
        report = read_report(settings.data_dir)
        return report.spool.bytes / report.spool.bound if report and report.spool.bound else None

    return Probes(spool_share, lambda: dict(jobs.lags))


def late_jobs(jobs: Progress) -> Probes:
    """Of the analyze process, which has no spool."""
    return Probes(job_lags=lambda: dict(jobs.lags))
