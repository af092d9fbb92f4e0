"""Retention: whole day partitions are dropped, table by table, when all their rows are older than the setting says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from spanledger import sql
from spanledger.engine import Engine
from spanledger.settings import Settings

TABLES = ("spans", "events", "metric_points")
SETTING_OF = {"messages": "spans"}
"""Whose days a table without a setting of its own shares: messages go with the spans that refer to them."""
OLD_PARTITIONS = Path(__file__).with_name("old_partitions.sql")


def drop_old(engine: Engine, settings: Settings, today: date | None = None) -> list[tuple[str, str]]:
    """Drop what is due and return it as (table, day as YYYYMMDD)."""
    today = today or datetime.now(UTC).date()
    dropped = []
    for table in (*TABLES, *SETTING_OF):
        days = int(getattr(settings, f"{SETTING_OF.get(table, table)}_retention_days"))
        if not days:
            continue
        oldest_kept = int((today - timedelta(days=days)).strftime("%Y%m%d"))
        for (partition,) in engine.rows(sql.read(OLD_PARTITIONS), {"table": table, "oldest_kept": oldest_kept}):
            engine.command(f"ALTER TABLE {table} DROP PARTITION {int(partition)}")
            dropped.append((table, str(partition)))
    return dropped
