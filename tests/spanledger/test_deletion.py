from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from spanledger.deletion import delete, forget_alerts
from spanledger.engine import Engine
from tests.schema import talk

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class Rows:
    """Two traces of two tenants, in spans and events; a metric point of each tenant. All tests share the tables."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine = engine
        self.name = name
        self.traces = [hashlib.md5(f"{name}{number}".encode()).hexdigest() for number in range(2)]
        self.tenants = [f"{name} acme", f"{name} o'brien & sons/%"]
        pairs = [[trace_id, tenant] for trace_id in self.traces for tenant in self.tenants]
        engine.insert("spans", ["service", "trace_id", "tenant", "started_at"], [[name, *pair, NOW] for pair in pairs])
        engine.insert("events", ["service", "trace_id", "tenant", "time"], [[name, *pair, NOW] for pair in pairs])
        engine.insert("metric_points", ["service", "tenant", "time"], [[name, tenant, NOW] for tenant in self.tenants])

    def left(self, table: str, column: str) -> dict[str, int]:
        query = f"SELECT {column}, count() FROM {table} WHERE service = {{name:String}} GROUP BY 1"
        return {str(value): int(count) for value, count in self.engine.rows(query, {"name": self.name})}


@pytest.fixture
def rows(engine: Engine, tmp_path: Path) -> Rows:
    return Rows(engine, str(tmp_path))


@pytest.mark.parametrize("form", [str.lower, str.upper])
def test_a_trace_goes_and_others_stay(engine: Engine, rows: Rows, form: Callable[[str], str]) -> None:
    assert delete(engine, "trace", form(rows.traces[0])) == {"spans": 2, "events": 2}
    assert rows.left("spans", "trace_id") == rows.left("events", "trace_id") == {rows.traces[1]: 2}
    assert rows.left("metric_points", "tenant") == dict.fromkeys(rows.tenants, 1)


@pytest.mark.parametrize("number", [0, 1])
def test_a_tenant_goes_and_others_stay(engine: Engine, rows: Rows, number: int) -> None:
    gone, other = rows.tenants[number], rows.tenants[1 - number]
    assert delete(engine, "tenant", gone) == {"spans": 2, "events": 2, "metric_points": 1}
    assert rows.left("spans", "tenant") == rows.left("events", "tenant") == {other: 2}
    assert rows.left("metric_points", "tenant") == {other: 1}


@pytest.mark.parametrize(("kind", "value"), [("trace", "f" * 32), ("tenant", "nobody"), ("tenant", "' OR 1 = 1 --")])
def test_what_is_not_there_deletes_nothing(engine: Engine, rows: Rows, kind: str, value: str) -> None:
    assert set(delete(engine, kind, value).values()) == {0}
    assert rows.left("spans", "tenant") == dict.fromkeys(rows.tenants, 2)


def test_nothing_but_a_trace_or_a_tenant_can_be_deleted(engine: Engine) -> None:
    with pytest.raises(KeyError):
        delete(engine, "service", "any")


def _said(engine: Engine) -> set[str]:
    return {str(row["text"]) for row in talk.stored(engine).values()}


@pytest.fixture
def _empty(engine: Engine) -> None:
    for table in ("spans", "messages"):
        engine.command(f"TRUNCATE TABLE {table} SYNC")


@pytest.mark.usefixtures("_empty")
@pytest.mark.parametrize(("kind", "value"), [("tenant", "acme"), ("trace", "a" * 32)])
def test_messages_go_unless_somebody_else_said_them(engine: Engine, kind: str, value: str) -> None:
    acme = {"trace_id": "a" * 32, "tenant": "acme", "content_tools": "tools", "content_system": "acme's rules"}
    other = {"trace_id": "b" * 32, "tenant": "other", "content_tools": "tools", "content_input": ["hello", "other's"]}
    talk.put(
        engine,
        acme | {"content_input": ["hello", "acme's"], "content_output": "acme's answer"},
        acme | {"content_input": ["next day"], "started_at": NOW.replace(day=22)},
        other,
    )
    talk.put(
        engine,
        {"trace_id": "c" * 32, "tenant": "third", "started_at": NOW.replace(day=23), "content_input": "acme's rules"},
    )
    assert len(talk.stored(engine)) > 7
    assert delete(engine, kind, value)["spans"] == 2
    assert _said(engine) == {"tools", '"hello"', '"other\'s"', "acme's rules"}


@pytest.mark.usefixtures("_empty")
def test_what_was_deleted_comes_back_when_it_is_said_again(engine: Engine) -> None:
    rows = talk.turns(2, tenant="acme")
    talk.put(engine, *rows)
    delete(engine, "tenant", "acme")
    assert _said(engine) == set()
    talk.put(engine, rows[1] | {"span_id": "9" * 16})
    assert len(_said(engine)) == 6


def test_alerts_about_a_tenant_go_with_all_that_was_written_of_them(engine: Engine) -> None:
    gone, other = "gone's", "other " * 20
    for number, tenant in enumerate((gone, other)):
        alert_id = hashlib.md5(tenant.encode()).hexdigest()[:16]
        row = [alert_id, f"{alert_id}:1:trigger", "cost", {"tenant": tenant}, f"{tenant} is dear", NOW, number]
        columns = ["alert_id", "change_id", "rule", "labels", "title", "at", "version"]
        engine.insert("alert_changes", columns, [row])
        engine.insert("alert_asks", ["alert_id", "episode", "at"], [[alert_id, 1, NOW]])
        engine.insert("alert_deliveries", ["alert_id", "change_id", "at"], [[alert_id, row[1], NOW]])
        engine.insert("alert_silences", ["silence_id", "matchers"], [[alert_id, {"tenant": tenant}]])
        cards = [[alert_id, 1, NOW, "{}"], [f"beside {number}", 1, NOW, f'{{"value":"{tenant[:44]}"}}']]
        engine.insert("alert_cards", ["alert_id", "episode", "made_at", "triage"], cards)

    def left(table: str) -> int:
        [[count]] = engine.rows(f"SELECT count() FROM {table}")
        return int(count)

    tables = ("alert_changes", "alert_asks", "alert_deliveries", "alert_silences")
    delete(engine, "tenant", gone)
    assert engine.rows("SELECT DISTINCT labels['tenant'] FROM alert_changes") == [[other]]
    assert [left(table) for table in tables] == [1] * len(tables)
    assert engine.rows("SELECT alert_id FROM alert_cards WHERE alert_id LIKE 'beside%'") == [["beside 1"]]
    assert left("alert_cards") == 2
    last = hashlib.md5(gone.encode()).hexdigest()[:16]
    engine.insert("alert_changes", ["alert_id", "labels", "at", "version"], [[last, {"tenant": gone}, NOW, 9]])
    forget_alerts(engine)
    assert left("alert_changes") == 1, "the end of one that fired, written after it was deleted"
    delete(engine, "tenant", other)
    assert left("alert_cards") == 0, "a long name is cut in cards"
    for table in (*tables, "alert_cards", "alerts_forgotten"):
        engine.command(f"TRUNCATE TABLE {table} SYNC")
