from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from spanledger.engine import Engine
from spanledger.retention import TABLES, drop_old
from spanledger.settings import Settings

TODAY = date(1990, 3, 10)
"""Before the days of other tests, whose rows lie in the same tables."""
TIME_COLUMNS = {"spans": "started_at", "events": "time", "metric_points": "time"}


@pytest.fixture
def days(engine: Engine, settings: Settings, tmp_path: Path) -> Iterator[list[date]]:
    """One row in each table on each of these days."""
    days = [TODAY - timedelta(days=back) for back in (0, 1, 7, 8, 400)]
    for table, column in TIME_COLUMNS.items():
        moments = [datetime(day.year, day.month, day.day, 23, 59, tzinfo=UTC) for day in days]
        # a name of its own: the engine leaves out a block that it has had before
        engine.insert(table, ["service", column], [[str(tmp_path), moment] for moment in moments])
    yield days
    drop_old(engine, _settings(settings, **dict.fromkeys(TABLES, 1)), TODAY + timedelta(days=2))


def _left(engine: Engine, table: str) -> list[date]:
    """Days before other tests' that have a row, newest first."""
    column = TIME_COLUMNS[table]
    query = f"SELECT toDate({column}, 'UTC') AS day FROM {table} WHERE {column} < '1991-01-01' ORDER BY day DESC"
    return [date.fromisoformat(day) for (day,) in engine.rows(query)]


def _settings(settings: Settings, **retention: int) -> Settings:
    return settings.model_copy(update={f"{table}_retention_days": days for table, days in retention.items()})


def test_nothing_is_dropped_by_default(engine: Engine, settings: Settings, days: list[date]) -> None:
    assert drop_old(engine, settings, TODAY + timedelta(days=10_000)) == []
    assert all(_left(engine, table) == days for table in TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_old_days_of_one_table_are_dropped(engine: Engine, settings: Settings, days: list[date], table: str) -> None:
    dropped = drop_old(engine, _settings(settings, **{table: 7}), TODAY)
    assert dropped == [(table, f"{day:%Y%m%d}") for day in reversed(days[3:])]
    assert _left(engine, table) == days[:3]
    assert all(_left(engine, other) == days for other in TABLES if other != table)


@pytest.mark.usefixtures("days")
def test_messages_go_with_their_spans(engine: Engine, settings: Settings) -> None:
    for day in (TODAY, TODAY - timedelta(days=30)):
        engine.insert("messages", ["day", "hash", "text"], [[day, b"x" * 16, "hello"]])
    dropped = drop_old(engine, _settings(settings, spans=7), TODAY)
    assert ("messages", "19900208") in dropped
    assert engine.rows("SELECT day FROM messages WHERE day < '1991-01-01'") == [[str(TODAY)]]


@pytest.mark.usefixtures("days")
def test_a_day_that_is_gone_is_not_dropped_again(engine: Engine, settings: Settings) -> None:
    assert drop_old(engine, _settings(settings, spans=1), TODAY)
    assert drop_old(engine, _settings(settings, spans=1), TODAY) == []


def test_old_alerts_go_and_one_that_still_fires_stays_known(engine: Engine, settings: Settings) -> None:
    rows = [
        [alert, number, state, datetime(1990, 1, day, tzinfo=UTC)]
        for alert, changes in {
            "over": ((1, "firing"), (2, "resolved")),
            "fires": ((1, "pending"), (2, "firing")),
        }.items()
        for number, (day, state) in enumerate(changes)
    ]
    engine.insert("alert_changes", ["alert_id", "version", "state", "at"], rows)
    engine.insert("alert_deliveries", ["alert_id", "at"], [["over", rows[0][3]]])
    days = settings.model_copy(update={"alerts_retention_days": 7})
    drop_old(engine, days, date(1990, 1, 20))
    assert engine.rows("SELECT count() FROM alert_changes WHERE at < '1991-01-01'") == [[4]], "31 days are kept"
    drop_old(engine, days, TODAY)
    left = engine.rows("SELECT alert_id, toString(state) FROM alert_changes WHERE at < '1991-01-01'")
    assert left == [["fires", "firing"]]
    assert engine.rows("SELECT count() FROM alert_deliveries WHERE at < '1991-01-01'") == [[0]]
    engine.command("TRUNCATE TABLE alert_changes SYNC")
