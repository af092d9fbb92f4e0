"""Exports of a search, and answers that come as they are found."""

from __future__ import annotations

import csv
import io
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import polars as pl
import pytest
import uvicorn
from fastapi import FastAPI
from starlette.testclient import TestClient

from collector.admission import admit_json
from collector.insert import insert
from collector.signals import TRACES
from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.schema.otlp import span, traces

SPANS = 1200
"""More than one line of OTLP holds."""
FORMULA = "=HYPERLINK(1)"
NOW = datetime.now(UTC).replace(microsecond=0)
ASKED = {"from": (NOW - timedelta(hours=2)).isoformat(), "to": (NOW + timedelta(hours=1)).isoformat()}


@pytest.fixture(scope="module", autouse=True)
def _spans(engine: Engine) -> Iterator[None]:
    """Spans as they come by OTLP, with a text that a spreadsheet would run."""
    sent = [
        span(
            {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o", "gen_ai.usage.input_tokens": place,
             "gen_ai.usage.output_tokens": 7, "tenant.id": FORMULA if place % 2 else "acme", "x.y": f"v{place}"},
            name=f"call {place}",
            start_time_unix_nano=int(NOW.timestamp() - 600) * 10**9 + place,
            end_time_unix_nano=int(NOW.timestamp() - 600) * 10**9 + place + 5_000_000,
        )
        for place in range(SPANS)
    ]  # fmt: skip
    insert(
        engine, TRACES, traces(sent, {"service.name": "checkout", "cloud.region": "eu-west-1"}, "sdk"), "export-test"
    )
    yield
    engine.command("TRUNCATE TABLE spans SYNC")


def exported(client: TestClient, form: str, **asked: Any) -> bytes:
    answer = client.get("/api/v1/spans/export", params={**ASKED, "format": form, **asked})
    assert answer.status_code == 200, answer.text
    assert "attachment" in answer.headers["content-disposition"]
    return answer.content


def test_parquet_and_arrow(client: TestClient, settings: Settings) -> None:
    columns = "name,tenant,input_tokens,attributes,started_at"
    files = [
        pl.read_parquet(io.BytesIO(exported(client, "parquet", columns=columns))),
        pl.read_ipc_stream(io.BytesIO(exported(client, "arrow", columns=columns))),
    ]
    for table in files:
        assert table.columns == columns.split(",")
        assert table.height == SPANS
        assert sorted(table["input_tokens"].to_list()) == list(range(SPANS))
    assert list((settings.data_dir / "exports").iterdir()) == [], "files of the engine are gone"


def test_csv_runs_no_formula(client: TestClient) -> None:
    rows = list(csv.DictReader(io.StringIO(exported(client, "csv", columns="name,tenant,input_tokens").decode())))
    assert len(rows) == SPANS
    assert {row["tenant"] for row in rows} == {f"'{FORMULA}", "acme"}


def test_a_filter_and_a_limit(client: TestClient) -> None:
    rows = exported(client, "csv", filter='tenant = "acme" and input_tokens < 10', columns="input_tokens").split()
    assert sorted(rows[1:]) == [b"0", b"2", b"4", b"6", b"8"]
    assert len(exported(client, "csv", limit=3).splitlines()) == 4


def test_otlp_comes_back_as_it_was(client: TestClient, engine: Engine) -> None:
    """What a line holds is taken by the receivers, and makes the same rows."""
    lines = exported(client, "otlp").splitlines()
    assert len(lines) == 3
    columns = (
        "trace_id, span_id, parent_span_id, name, kind, service, scope, region, started_at, duration_ns, status, "
        "operation, request_model, tenant, input_tokens, output_tokens, attributes, resource_attributes, "
        "cost_usd, dialect"
    )
    statement = f"SELECT {columns} FROM spans ORDER BY span_id"
    before = engine.rows(statement)
    engine.command("TRUNCATE TABLE spans SYNC")
    for place, line in enumerate(lines):
        admitted = admit_json(TRACES, line)
        assert (admitted.rejected, admitted.mended) == (0, 0)
        insert(engine, TRACES, admitted.body, f"export-test {place}")
    assert engine.rows(statement) == before


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"format": "xlsx"}, 422),
        ({"format": "csv", "columns": "nam"}, 400),
        ({"format": "parquet", "filter": "tennant = 1"}, 400),
        ({"format": "csv", "limit": 10**9}, 422),
    ],
)
def test_what_can_not_be_exported(client: TestClient, asked: dict[str, Any], status: int) -> None:
    answer = client.get("/api/v1/spans/export", params=asked)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_rows_as_lines(client: TestClient, settings: Settings) -> None:
    many = settings.query_max_rows * 3
    asked = {"sql": "SELECT number AS n FROM numbers({many:UInt64})", "parameters": {"many": many}}
    answer = client.post("/api/v1/query", json=asked, headers={"Accept": "application/x-ndjson"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [orjson.loads(line)["n"] for line in answer.content.splitlines()] == list(range(many))
    wrong = client.post("/api/v1/query", json={"sql": "SELECT x"}, headers={"Accept": "application/x-ndjson"})
    assert (wrong.status_code, wrong.json()["code"]) == (400, 47)
    refused = client.post("/api/v1/query", json={"sql": "DROP TABLE x"}, headers={"Accept": "application/x-ndjson"})
    assert refused.status_code == 403


@pytest.fixture(scope="module")
def port(app: FastAPI) -> Iterator[int]:
    """The app behind a real server, which notices when a client hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    thread.join(10)
    listener.close()


ENDLESS = "SELECT sum(a.number) FROM numbers(1000000) AS a, numbers(1000000) AS b"


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
def test_who_hangs_up_ends_the_query(engine: Engine, port: int, accept: str) -> None:
    """Well before its own limit of three seconds."""
    body = orjson.dumps({"sql": ENDLESS})
    head = f"POST /api/v1/query HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nContent-Type: application/json\r\n"
    client = socket.create_connection(("127.0.0.1", port))
    client.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    began = _until(engine, 1)
    client.close()
    assert _until(engine, 0) - began < 2


def _until(engine: Engine, running: int) -> float:
    """Wait until so many of the endless queries run."""
    end = time.monotonic() + 2.5
    ours = "query LIKE '%numbers(1000000) AS b%' AND query NOT LIKE '%processes%'"
    count = f"SELECT count() FROM system.processes WHERE {ours}"
    while engine.rows(count) != [[running]]:
        assert time.monotonic() < end, f"not {running}"
        time.sleep(0.02)
    return time.monotonic()
