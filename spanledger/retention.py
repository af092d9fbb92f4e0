"""Retention: whole day partitions are dropped, table by table, when all their rows are older than the setting says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from spanledger import sql
from spanledger.engine import Engine
from spanledger.settings import Settings

TABLES = ("spans", "events", "metric_points")
FOLLOWERS = {"spans": (("messages", 1), ("settled_traces", 1), ("trace_times", 100))}
"""Tables that go with another, and what divides a day (YYYYMMDD) to name their partitions: by day, or by month."""
OLD_FINDINGS = Path(__file__).with_name("old_findings.sql")
OLD_ALERTS = Path(__file__).with_name("old_alerts.sql")
ALERT_TIMES = {
    "alert_deliveries": "at", "alert_asks": "at", "alert_silences": "ends_at", "alert_cards": "made_at",
    "alerts_forgotten": "at",
}  # fmt: skip
SHORTEST_ALERTS = 31
"""Days: alerts that are over for less are known by their number of episodes, which keys of messages are made of."""
OLD_PARTITIONS = Path(__file__).with_name("old_partitions.sql")


def drop_old(engine: Engine, settings: Settings, today: date | None = None) -> list[tuple[str, str]]:
    """Drop what is due and return it as (table, day as YYYYMMDD)."""
    today = today or datetime.now(UTC).date()
    dropped = []
    for table in TABLES:
        days = int(getattr(settings, f"{table}_retention_days"))
        if not days:
            continue
        oldest_kept = int((today - timedelta(days=days)).strftime("%Y%m%d"))
        for name, divisor in ((table, 1), *FOLLOWERS.get(table, ())):
            dropped += _drop(engine, name, oldest_kept // divisor)
    _drop_alerts(engine, settings.alerts_retention_days, today)
    return dropped + _drop_findings(engine, settings.findings_retention_days, today)


def _drop_alerts(engine: Engine, days: int, today: date) -> None:
    """What was written of alerts so long ago; the newest of one that is not over stays."""
    if not days:
        return
    oldest = {"oldest": today - timedelta(days=max(days, SHORTEST_ALERTS))}
    engine.command(sql.read(OLD_ALERTS), oldest)
    for table, column in ALERT_TIMES.items():
        engine.command(f"DELETE FROM {table} WHERE {column} < toDateTime64({{oldest:Date}}, 3, 'UTC')", oldest)


def _drop_findings(engine: Engine, days: int, today: date) -> list[tuple[str, str]]:
    """Findings not seen for so long, and whole months of what runs said and did."""
    if not days:
        return []
    oldest = today - timedelta(days=days)
    engine.command(sql.read(OLD_FINDINGS), {"oldest": oldest})
    month = int(oldest.strftime("%Y%m"))
    return [*_drop(engine, "finding_observations", month), *_drop(engine, "job_runs", month)]


def _drop(engine: Engine, table: str, oldest_kept: int) -> list[tuple[str, str]]:
    dropped = []
    for (partition,) in engine.rows(sql.read(OLD_PARTITIONS), {"table": table, "oldest_kept": oldest_kept}):
        engine.command(f"ALTER TABLE {table} DROP PARTITION {int(partition)}")
        dropped.append((table, str(partition)))
    return dropped
