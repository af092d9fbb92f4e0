"""What spanledger pages about itself. Each check gives sightings of the rule `spanledger`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from analytics.alerts.emergency import RULE
from analytics.alerts.evaluate import Known, Sighting, alert_id, clean
from analytics.alerts.life import Seen, Text
from analytics.alerts.outlet import Health
from analytics.alerts.times import from_engine
from spanledger import sql
from spanledger.engine import Engine
from spanledger.settings import Settings

NEWEST_ROW = Path(__file__).with_name("newest_row.sql")
ARRIVED_WITHIN = timedelta(hours=24)
"""Without a span for a day, the silence is known."""
SPOOL_CLEAR = 0.75
"""A full spool counts until it has this share of the bound that raised it."""


@dataclass(frozen=True)
class Probes:
    """What the process around can tell; the command line puts it together."""

    spool_share: Callable[[], float | None] = lambda: None
    """How full the spool is, 0 to 1; None: not known here."""
    job_lags: Callable[[], Mapping[str, float]] = dict
    """Seconds that the oldest window of a job has waited."""


def look(engine: Engine, settings: Settings, probes: Probes, known: Known, now: datetime) -> list[Sighting]:
    """Rows, spool, jobs."""
    return [*_rows(engine, settings, known, now), *_spool(settings, probes, known), *_jobs(settings, probes)]


def of_channels(healths: Sequence[Health]) -> list[Sighting]:
    """Channels that have taken nothing for too long."""
    return [
        _sighting(
            "channel", health.state == "dead", f"The channel {health.channel} is dead",
            f"{health.waiting:,} messages wait. {health.error}", channel=health.channel,
        )
        for health in healths
    ]  # fmt: skip


def of_rules(problems: Mapping[str, str]) -> list[Sighting]:
    """Rules that can't be evaluated, by name; '' for those that can."""
    return [
        _sighting("rule", bool(problem), f"The alert rule {name} can't be evaluated", problem, rule=name)
        for name, problem in problems.items()
    ]


def _sighting(check: str, active: bool, title: str, summary: str, **labels: str) -> Sighting:
    text = Text(title=f"spanledger: {clean(title)}", summary=clean(summary, 1000))
    return Sighting(RULE, {"check": check, **labels}, Seen(active, text))


def _rows(engine: Engine, settings: Settings, known: Known, now: datetime) -> list[Sighting]:
    """No span for so long, after some came within a day. It is over when one comes, not when the day is."""
    limit = timedelta(minutes=settings.alert_rows_missing_minutes)
    [[newest]] = engine.rows(sql.read(NEWEST_ROW))
    at, standing = from_engine(newest), known.get(alert_id(RULE, {"check": "rows"}))
    if not limit or (at is None and not standing):
        return []
    if at is None:
        return [_sighting("rows", True, "no spans arrive", "None came for two days.")]
    silent = now - at > limit and (standing is not None or now - at < ARRIVED_WITHIN)
    minutes = (now - at).total_seconds() / 60
    return [_sighting("rows", silent, "no spans arrive", f"The newest span came {minutes:,.0f} minutes ago.")]


def _spool(settings: Settings, probes: Probes, known: Known) -> list[Sighting]:
    share = probes.spool_share()
    if share is None:
        return []
    standing = known.get(alert_id(RULE, {"check": "spool"}))
    bound = settings.alert_spool_share * (SPOOL_CLEAR if standing else 1.0)
    return [_sighting("spool", share >= bound, "the spool fills", f"It is {share:.0%} full; when full, clients wait.")]


def _jobs(settings: Settings, probes: Probes) -> list[Sighting]:
    if not settings.alert_jobs_late_minutes:
        return []
    limit = settings.alert_jobs_late_minutes * 60
    return [
        _sighting(
            "job",
            lag > limit,
            f"the job {job} is late",
            f"Its oldest window waits for {lag / 60:,.0f} minutes.",
            job=job,
        )
        for job, lag in probes.job_lags().items()
    ]
