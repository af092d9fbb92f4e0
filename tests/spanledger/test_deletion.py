from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from spanledger.deletion import delete
from spanledger.engine import Engine

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
TRACE, OTHER = "0123456789abcdef" * 2, "fedcba9876543210" * 2


@pytest.fixture(autouse=True)
def rows(engine: Engine) -> Iterator[None]:
    """Two traces of two tenants, in spans and events; a metric point of each tenant."""
    for tenant in ("acme", "o'brien & sons"):
        pairs = [[TRACE, tenant], [OTHER, tenant]]
        engine.insert("spans", ["service", "trace_id", "tenant", "started_at"], [["deletion", *p, NOW] for p in pairs])
        engine.insert("events", ["service", "trace_id", "tenant", "time"], [["deletion", *p, NOW] for p in pairs])
        engine.insert("metric_points", ["service", "tenant", "time"], [["deletion", tenant, NOW]])
    yield
    for table in ("spans", "events", "metric_points"):
        engine.command(f"ALTER TABLE {table} DELETE WHERE service = 'deletion'", settings={"mutations_sync": 2})


def _left(engine: Engine, table: str, column: str) -> dict[str, int]:
    query = f"SELECT {column}, count() FROM {table} WHERE service = 'deletion' GROUP BY 1"
    return {str(value): int(count) for value, count in engine.rows(query)}


@pytest.mark.parametrize("trace_id", [TRACE, TRACE.upper()])
def test_a_trace_goes_and_others_stay(engine: Engine, trace_id: str) -> None:
    assert delete(engine, "trace", trace_id) == {"spans": 2, "events": 2}
    assert _left(engine, "spans", "trace_id") == _left(engine, "events", "trace_id") == {OTHER: 2}
    assert sum(_left(engine, "metric_points", "tenant").values()) == 2


@pytest.mark.parametrize(("tenant", "other"), [("acme", "o'brien & sons"), ("o'brien & sons", "acme")])
def test_a_tenant_goes_and_others_stay(engine: Engine, tenant: str, other: str) -> None:
    assert delete(engine, "tenant", tenant) == {"spans": 2, "events": 2, "metric_points": 1}
    assert _left(engine, "spans", "tenant") == _left(engine, "events", "tenant") == {other: 2}
    assert _left(engine, "metric_points", "tenant") == {other: 1}


@pytest.mark.parametrize(("kind", "value"), [("trace", "0" * 32), ("tenant", "nobody"), ("tenant", "' OR 1 = 1 --")])
def test_what_is_not_there_deletes_nothing(engine: Engine, kind: str, value: str) -> None:
    assert set(delete(engine, kind, value).values()) == {0}
    assert sum(_left(engine, "spans", "tenant").values()) == 4


def test_nothing_but_a_trace_or_a_tenant_can_be_deleted(engine: Engine) -> None:
    with pytest.raises(KeyError):
        delete(engine, "service", "deletion")
