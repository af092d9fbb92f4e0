from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from spanledger.deletion import delete
from spanledger.engine import Engine

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
