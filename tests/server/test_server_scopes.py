"""Scopes, streams and cancelling over the HTTP client, as with a ClickHouse server."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from spanledger.access import Scope, within
from spanledger.access.store import KeyStore
from spanledger.asker import CANCELLED, Asker, asked_by
from spanledger.engine import Engine, open_engine
from spanledger.errors import EngineUnavailable, QueryFailed, QueryRefused
from spanledger.settings import Settings
from spanledger.upgrade import upgrade
from tests.server.conftest import ClickHouse

TENANTS = ["acme"] * 3 + ["blue's"] * 4


@pytest.fixture(scope="module")
def engine(the_clickhouse: ClickHouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    the_clickhouse.start()
    given = {"data_dir": tmp_path_factory.mktemp("data"), "clickhouse_url": the_clickhouse.url("scopes")}
    settings = Settings.model_validate(given)
    engine = open_engine(settings, role="test")
    assert list(upgrade(engine, settings))
    rows = [[f"{place:016x}", tenant, f"{tenant} {place}"] for place, tenant in enumerate(TENANTS)]
    engine.insert("spans", ["span_id", "tenant", "name"], rows)
    yield engine
    engine.close()


def test_a_scope_holds_over_http(engine: Engine) -> None:
    counts = "SELECT count() FROM spans AS a JOIN spans AS b USING (span_id)"
    telltale = "SELECT count() FROM spans WHERE throwIf(tenant != 'acme') = 0"
    assert engine.query_guarded(counts).rows == [[7]]
    with within(Scope(("acme",))):
        assert engine.query_guarded(counts).rows == engine.query_guarded(telltale).rows == engine.rows(counts) == [[3]]
        assert engine.rows("SELECT count() FROM job_runs") == [[0]]
        with pytest.raises(QueryRefused):
            engine.command("TRUNCATE TABLE spans")
    with within(Scope(("acme", "blue's"))):
        assert engine.query_guarded(counts).rows == [[7]]


def test_streams_come_from_the_server(engine: Engine) -> None:
    with within(Scope(("blue's",))):
        lines = b"".join(engine.stream("SELECT name FROM spans ORDER BY name", None, "CSV")).splitlines()
    assert lines == [f'"blue\'s {place}"'.encode() for place in range(3, 7)]
    parquet = b"".join(engine.stream("SELECT name FROM spans", None, "Parquet"))
    assert parquet[:4] == parquet[-4:] == b"PAR1"


def test_who_leaves_ends_its_statement(engine: Engine) -> None:
    asker, ended = Asker(), list[int | None]()

    def ask() -> None:
        with asked_by(asker):
            try:
                engine.query_guarded("SELECT sum(a.number) FROM numbers(1000000) AS a, numbers(1000000) AS b")
            except (QueryFailed, EngineUnavailable) as error:
                ended.append(error.code)

    thread = threading.Thread(target=ask)
    thread.start()
    running = "SELECT count() FROM system.processes WHERE position(query, {mark:String}) > 0"
    until = time.monotonic() + 10
    while engine.rows(running, {"mark": asker.mark}) != [[1]] and time.monotonic() < until:
        time.sleep(0.02)
    engine.cancel(asker)
    thread.join(10)
    assert ended == [CANCELLED]


def test_keys_are_in_the_tables_of_the_server(engine: Engine, tmp_path: Path) -> None:
    made = KeyStore(engine, tmp_path / "one").create("ci", "read", ["acme"])
    assert [key["key_id"] for key in KeyStore(engine, tmp_path / "two").shown()] == [made["key_id"]]
