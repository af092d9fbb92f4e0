"""An insert with a token happens once: whole, again, half done, in one day or in forty."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import Gauge, Metric, NumberDataPoint

from collector.insert import TABLES, format_schema, insert, insert_settings
from collector.segment import pack_header
from collector.signals import LOGS, METRICS, SIGNALS, TRACES, Signal
from spanledger.engine import Engine
from spanledger.errors import QueryFailed
from tests.schema.otlp import DAY_NS, log_record, logs, metrics, span, traces


def spans_of(start: int, days: int, service: str) -> bytes:
    """One span a day."""
    spans = [span(start_time_unix_nano=start + day * DAY_NS, end_time_unix_nano=0) for day in range(days)]
    return traces(spans, {"service.name": service})


def records_of(start: int, days: int, service: str) -> bytes:
    return logs([log_record(time_unix_nano=start + day * DAY_NS) for day in range(days)], {"service.name": service})


def points_of(start: int, days: int, service: str) -> bytes:
    points = [NumberDataPoint(as_int=day, time_unix_nano=start + day * DAY_NS) for day in range(days)]
    return metrics([Metric(name="m", gauge=Gauge(data_points=points))], {"service.name": service})


class Case(NamedTuple):
    """A signal, where its rows land, and a body with one row on each of `days` days."""

    signal: Signal
    table: str
    body: Callable[[int, int, str], bytes]
    days: int


CASES = [
    Case(TRACES, "spans", spans_of, 40),
    Case(LOGS, "events", records_of, 4),
    Case(METRICS, "metric_points", points_of, 4),
]
for_all = pytest.mark.parametrize("case", CASES, ids=list(SIGNALS))


def count(engine: Engine, table: str, service: str, what: str = "count()") -> Any:
    ((found,),) = engine.rows(f"SELECT {what} FROM {table} WHERE service = {{service:String}}", {"service": service})
    return found


@for_all
def test_once_for_each_token(engine: Engine, case: Case, tmp_path: Path) -> None:
    token = service = secrets.token_hex(8)
    start = time.time_ns() - 100 * DAY_NS
    body = case.body(start, case.days, service)
    insert(engine, case.signal, body, token)
    assert count(engine, case.table, service, "uniqExact(_partition_id)") == case.days
    file = tmp_path / "segment"
    file.write_bytes(body)
    for again in (file, case.body(start, case.days, service)):
        insert(engine, case.signal, again, token)
        assert count(engine, case.table, service) == case.days
    for _ in range(2):
        insert(engine, case.signal, file, f"{token}/2")
        assert count(engine, case.table, service) == 2 * case.days


@for_all
def test_what_was_half_done_is_completed(engine: Engine, case: Case) -> None:
    """A part that is dropped is forgotten by the engine, as if the insert had died before it was written."""
    token = service = secrets.token_hex(8)
    first = datetime(2018, 3, 1, tzinfo=UTC)
    body = case.body(int(first.timestamp()) * 10**9, 4, service)
    insert(engine, case.signal, body, token)
    for day in (0, 2):
        engine.command(f"ALTER TABLE {case.table} DROP PARTITION {first + timedelta(days=day):%Y%m%d}")
    assert count(engine, case.table, service) == 2
    insert(engine, case.signal, body, token)
    assert count(engine, case.table, service) == 4


def test_one_insert_is_one_block(engine: Engine) -> None:
    """However many rows: more than any of the engine's own block sizes."""
    token = service = secrets.token_hex(8)
    many = 70_000
    body = traces([span()] * many, {"service.name": service})
    for _ in range(2):
        insert(engine, TRACES, body, token)
        assert count(engine, "spans", service) == many
    assert count(engine, "spans", service, "uniqExact(_part)") == 1


def test_bad_times_do_not_move_to_another_day(engine: Engine) -> None:
    """Tried again a day later, a span without a time is still in the partition where its token is known."""
    token = service = secrets.token_hex(8)
    body = traces([span(start_time_unix_nano=0)], {"service.name": service})
    body = pack_header(len(body), 1, time.time_ns() - DAY_NS, b"d" * 16) + body
    for _ in range(2):
        insert(engine, TRACES, body, token)
    assert count(engine, "spans", service) == 1
    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert abs(int(count(engine, "spans", service, "any(_partition_id)")) - int(f"{yesterday:%Y%m%d}")) <= 1


def test_the_same_bytes_under_two_tokens_are_two(engine: Engine) -> None:
    service = secrets.token_hex(8)
    body = traces([span()], {"service.name": service})
    for token in (f"{service}/1", f"{service}/2"):
        insert(engine, TRACES, body, token)
    assert count(engine, "spans", service) == 2


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=list(SIGNALS))
def test_nothing_and_headers_alone_are_inserted_as_nothing(engine: Engine, signal: Signal) -> None:
    before = engine.rows("SELECT count() FROM spans")
    for body in (b"", pack_header(0, 0, time.time_ns(), b"d" * 16), b"\xc8\x3e\x05"):
        insert(engine, signal, body, secrets.token_hex(8))
    assert engine.rows("SELECT count() FROM spans") == before


@for_all
def test_a_refused_body_stores_nothing(engine: Engine, case: Case) -> None:
    service = secrets.token_hex(8)
    body = case.body(time.time_ns() - 50 * DAY_NS, 2, service)
    with pytest.raises(QueryFailed):
        insert(engine, case.signal, body + body[:-1], service)
    assert count(engine, case.table, service) == 0
    insert(engine, case.signal, body, service)
    assert count(engine, case.table, service) == 2


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=list(SIGNALS))
def test_the_engine_knows_every_setting(engine: Engine, signal: Signal) -> None:
    pinned = insert_settings(signal, "token")
    known = engine.rows("SELECT name FROM system.settings WHERE name IN {names:Array(String)}", {"names": list(pinned)})
    assert {row[0] for row in known} == set(pinned)
    assert engine.rows("SELECT count() FROM system.tables WHERE name = {name:String}", {"name": TABLES[signal.name]})
    assert "//" not in format_schema(signal)


def test_an_insert_needs_a_token() -> None:
    with pytest.raises(ValueError, match="needs a token"):
        insert_settings(TRACES, "")
