"""The engine on a ClickHouse server, through clickhouse-connect's real HTTP client; the server is front.py."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.insert import insert
from collector.signals import SIGNALS
from spanledger import guard
from spanledger.engine import Engine, open_engine
from spanledger.errors import BadSetting, EngineUnavailable, LimitExceeded, QueryFailed, QueryRefused
from spanledger.migrate import migrate
from spanledger.settings import Settings
from spanledger.upgrade import upgrade
from tests.server.conftest import USER, ClickHouse

Clean = Callable[[str], bool]
TRACES = SIGNALS["traces"]


@pytest.fixture
def server_engine(server_settings: Settings) -> Iterator[Engine]:
    """An engine on a database that it has just made."""
    engine = open_engine(server_settings, role="test")
    yield engine
    engine.close()


@pytest.fixture(scope="module")
def shared_engine(the_clickhouse: ClickHouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """One with all tables, for all tests here; each takes a name of spans for itself."""
    the_clickhouse.start()
    settings = {"data_dir": tmp_path_factory.mktemp("data"), "clickhouse_url": the_clickhouse.url("migrated")}
    limited = Settings.model_validate({**settings, "query_max_rows": 1000})
    engine = open_engine(limited, role="test")
    assert list(upgrade(engine, limited))
    yield engine
    engine.close()


@pytest.fixture
def migrated(shared_engine: Engine, clickhouse: ClickHouse) -> Engine:
    assert clickhouse.port
    return shared_engine


def request_of(spans: int, name: str) -> bytes:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    now = time.time_ns()
    for index in range(spans):
        identity = index.to_bytes(8, "big")
        scope.spans.add(
            trace_id=b"t" * 8 + identity,
            span_id=identity,
            name=name,
            start_time_unix_nano=now,
            end_time_unix_nano=now + index,
        )
    return request.SerializeToString()


def stored(engine: Engine, name: str) -> list[list[int]]:
    """How many spans of a name there are, how many different ones, and the sum of their times."""
    sql = "SELECT count(), uniqExact(span_id), sum(duration_ns) FROM spans WHERE name = {name:String}"
    return engine.rows(sql, {"name": name})


def test_the_database_of_the_url_is_made(server_engine: Engine, database: str) -> None:
    assert server_engine.rows("SELECT currentDatabase()") == [[database]]


def test_a_database_that_may_not_be_made_is_a_sentence(
    clickhouse: ClickHouse, server_settings: Settings, database: str, without_secrets: Clean
) -> None:
    clickhouse.fault({"kind": "error", "match": "CREATE DATABASE", "code": 497})
    with pytest.raises(QueryFailed, match=f"no database '{database}'.*grant CREATE DATABASE") as caught:
        open_engine(server_settings, role="test")
    assert caught.value.code == 497
    assert without_secrets(str(caught.value))


def test_migrations_run_once(migrated: Engine) -> None:
    assert list(migrate(migrated)) == []
    assert migrated.rows("SELECT max(number) >= 4 FROM migrations") == [[True]]


def test_a_query_with_parameters(server_engine: Engine) -> None:
    sql = "SELECT {text:String} AS text, {n:UInt64} + 1 AS n, {list:Array(String)} AS list, NULL AS nothing"
    text = "it's a\ttab, a \\, a\nnew line, {x:String} and ü 🦉"
    answer = server_engine.query(sql, {"text": text, "n": 2**63, "list": ["a'b", "c"]})
    assert answer.columns[:3] == [("text", "String"), ("n", "UInt64"), ("list", "Array(String)")]
    assert answer.rows == [[text, 2**63 + 1, ["a'b", "c"], None]]
    assert (answer.rows_read, answer.elapsed_ms > 0) == (1, True)


def test_rows_from_python_travel_compressed(migrated: Engine, clickhouse: ClickHouse) -> None:
    row = ["id", "traces", 1, 2, "because\nof ü", "file", "quarantined"]
    migrated.insert("rejected", ["id", "signal", "items", "bytes", "reason", "file", "state"], [row])
    found = migrated.rows("SELECT id, signal, items, bytes, reason, file, state FROM rejected")
    assert found == [row]
    assert "lz4" in {seen["encoding"] for seen in clickhouse.requests()}


@pytest.mark.parametrize("as_file", [False, True])
def test_a_request_is_stored_once_for_each_token(migrated: Engine, tmp_path: Path, *, as_file: bool) -> None:
    name = f"once-{as_file}"
    body: bytes | Path = request_of(1000, name)
    if isinstance(body, bytes) and as_file:
        path = tmp_path / "segment"
        path.write_bytes(body)
        body = path
    for token in ("one", "one", "two", "one"):
        insert(migrated, TRACES, body, f"{name}/{token}")
    insert(migrated, TRACES, b"", "probe")
    assert stored(migrated, name) == [[2000, 1000, 999_000]]


@pytest.mark.parametrize("as_file", [False, True])
def test_an_insert_whose_answer_is_lost_is_stored_once(
    migrated: Engine, clickhouse: ClickHouse, tmp_path: Path, *, as_file: bool
) -> None:
    name = f"lost-{as_file}"
    path = tmp_path / "segment"
    path.write_bytes(request_of(50, name))
    body = path if as_file else path.read_bytes()
    clickhouse.fault({"kind": "hang_up", "match": "INSERT INTO otlp_traces", "times": 2})
    with pytest.raises(EngineUnavailable, match="does not answer"):
        insert(migrated, TRACES, body, name)  # what is in memory the driver sends a second time by itself
    clickhouse.fault()
    insert(migrated, TRACES, body, name)
    assert stored(migrated, name) == [[50, 50, 1225]]


def test_a_body_that_is_no_protobuf_is_a_permanent_error(migrated: Engine) -> None:
    with pytest.raises(QueryFailed):
        insert(migrated, TRACES, b"\xff" * 100, "broken")


def test_the_guard_and_read_only_mode(migrated: Engine, clickhouse: ClickHouse) -> None:
    insert(migrated, TRACES, request_of(3, "näme"), "a")
    statement = guard.check(migrated, "SELECT count() AS n FROM spans WHERE name = {name:String}", {"name": "näme"})
    assert migrated.query_guarded(statement, {"name": "näme"}).rows == [[3]]
    for refused in (
        "SELECT * FROM system.tables",
        "SELECT * FROM url('http://127.0.0.1:9/', CSV, 'a String')",
        "SELECT 1 SETTINGS readonly = 0",
    ):
        with pytest.raises(QueryRefused):
            guard.check(migrated, refused)
    with pytest.raises(QueryFailed, match="READONLY") as caught:
        migrated.query_guarded("INSERT INTO spans (name) VALUES ('x')")
    assert caught.value.code == 164
    asked = [seen for seen in clickhouse.requests() if "count() AS n" in seen["statement"]][-1]["parameters"]
    assert (asked["readonly"], asked["max_result_rows"], asked["max_memory_usage"]) == ("1", "1000", str(1 << 30))


@pytest.mark.parametrize(
    ("sql", "code"),
    [
        ("SELECT number FROM numbers(100000)", 396),
        ("SELECT sum(a.number) FROM numbers(1000000) a, numbers(1000000) b", 159),
        ("SELECT length(groupArray(number)) FROM numbers(100000000)", 241),
    ],
)
def test_a_query_from_outside_stops_at_its_limit(server_engine: Engine, sql: str, code: int) -> None:
    with pytest.raises(LimitExceeded) as caught:
        server_engine.query_guarded(sql)
    assert caught.value.code == code
    assert server_engine.query_guarded("SELECT 1").rows == [[1]]


def test_a_long_statement_passes_the_guard_too(server_engine: Engine) -> None:
    sql = f"SELECT length('{'x' * 100_000}')"
    assert server_engine.query_guarded(guard.check(server_engine, sql)).rows == [[100_000]]


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        ({"code": 252}, EngineUnavailable),
        ({"code": 241}, EngineUnavailable),
        ({"code": 202}, EngineUnavailable),
        ({"code": 319}, EngineUnavailable),
        ({"code": 439, "status": 503}, EngineUnavailable),
        ({"code": 0, "status": 502}, EngineUnavailable),
        ({"code": 0, "status": 503}, EngineUnavailable),
        ({"code": 0, "status": 429}, EngineUnavailable),
        ({"code": 0, "status": 413}, QueryFailed),
        ({"code": 27, "status": 400}, QueryFailed),
        ({"code": 60, "status": 404}, QueryFailed),
        ({"code": 516, "status": 403}, QueryFailed),
    ],
)
def test_errors_are_retryable_or_permanent(
    server_engine: Engine, clickhouse: ClickHouse, fault: dict[str, int], expected: type[Exception]
) -> None:
    clickhouse.fault({"kind": "error", "match": "INSERT", "times": 9, **fault})
    with pytest.raises(expected) as caught:
        server_engine.insert_raw("anything", b"a", "CSV", {})
    assert getattr(caught.value, "code", None) == (fault["code"] or None)
    assert server_engine.rows("SELECT 1") == [[1]]


def test_a_server_that_is_away_is_retryable_and_back_is_back(server_engine: Engine, clickhouse: ClickHouse) -> None:
    clickhouse.stop()
    with pytest.raises(EngineUnavailable, match=r"server does not answer: .*Connection refused") as caught:
        server_engine.query("SELECT {sql:String}", {"sql": "text of a customer"})
    assert "customer" not in str(caught.value)
    clickhouse.start()
    assert server_engine.rows("SELECT 1") == [[1]]


def test_a_wrong_password_is_a_sentence_without_it(
    clickhouse: ClickHouse, server_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = server_settings.model_copy(update={"clickhouse_url": _secret(clickhouse.url("x", "hunter2"))})
    with pytest.raises(QueryFailed, match="Authentication failed") as caught:
        open_engine(settings, role="test")
    assert caught.value.code == 516
    assert "hunter2" not in str(caught.value) + repr(settings) + caplog.text


def _secret(url: str) -> object:
    return Settings.model_validate({"clickhouse_url": url}).clickhouse_url


@pytest.mark.parametrize(
    "url",
    [
        "clickhouse:8123",
        "http://",
        "ftp://me:hunter2@127.0.0.1:1/x",
        "chdb://memory",
        "http://me:hunter2@127.0.0.1:port/x",
        "http://me:hun/ter2@127.0.0.1:1/x",
        "http://me:hunter2@127.0.0.1:1/x?nonsense=1",
    ],
)
def test_a_url_that_is_none_is_a_sentence_that_names_the_setting(url: str) -> None:
    with pytest.raises(BadSetting, match=r"^SPANLEDGER_CLICKHOUSE_URL ") as caught:
        open_engine(Settings.model_validate({"clickhouse_url": url}), role="test")
    assert "hun" not in str(caught.value)


def test_secrets_stay_out_of_logs_urls_and_messages(
    clickhouse: ClickHouse, server_settings: Settings, caplog: pytest.LogCaptureFixture, without_secrets: Clean
) -> None:
    caplog.set_level(logging.DEBUG)
    engine = open_engine(server_settings, role="test")
    messages = [repr(server_settings)]
    for fault in ({"kind": "hang_up"}, {"kind": "error", "code": 60}, {"kind": "error", "status": 502}):
        clickhouse.fault({"times": 5, **fault})
        with pytest.raises((EngineUnavailable, QueryFailed)) as caught:
            engine.insert_raw("t", b"x", "CSV", {"format_schema": "a schema " * 100})
        messages.append(str(caught.value))
    clickhouse.fault()
    seen = "\n".join(request["url"] for request in clickhouse.requests())
    clickhouse.stop()
    with pytest.raises(EngineUnavailable) as away:
        engine.rows("SELECT 1")
    messages.append(str(away.value))
    engine.close()
    assert USER not in seen
    assert without_secrets("\n".join([*messages, caplog.text, seen]))
    assert max(len(message) for message in messages[1:]) < 300  # no URL with a schema in it
    assert "schema" not in caplog.text
