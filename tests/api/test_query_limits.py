"""What a hostile query can cost: the second wall, behind the guard."""

from __future__ import annotations

import resource
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api import app as api_app
from spanledger import guard
from spanledger.answers import Answer
from spanledger.engine import Engine
from spanledger.errors import EngineUnavailable, QueryFailed, QueryRefused

QUERY = "/api/v1/query"


@pytest.mark.parametrize(
    ("sql", "limit", "setting"),
    [
        ("SELECT count() FROM numbers(1000000000000)", "rows read", "SPANLEDGER_QUERY_MAX_ROWS_READ"),
        ("SELECT sum(number) FROM system.numbers", "rows read", "SPANLEDGER_QUERY_MAX_ROWS_READ"),
        ("SELECT number FROM numbers(10000000)", "rows of the answer", "SPANLEDGER_QUERY_MAX_ROWS"),
        ("SELECT arrayJoin(range(100000))", "rows of the answer", "SPANLEDGER_QUERY_MAX_ROWS"),
        (
            " UNION ALL ".join(["SELECT * FROM system.functions"] * 9),
            "rows of the answer",
            "SPANLEDGER_QUERY_MAX_ROWS",
        ),
        ("SELECT sum(a.number) FROM numbers(1000000) a, numbers(1000000) b", "time", "SPANLEDGER_QUERY_MAX_SECONDS"),
        ("SELECT length(range(400000000))", "memory", "SPANLEDGER_QUERY_MAX_MEMORY_BYTES"),
        ("SELECT length(groupArray(number)) FROM numbers(1000000000)", "memory", "SPANLEDGER_QUERY_MAX_MEMORY_BYTES"),
        ("SELECT repeat('a', 1000000) FROM numbers(2000)", "memory", "SPANLEDGER_QUERY_MAX_MEMORY_BYTES"),
        (
            " UNION ALL ".join(["SELECT repeat('a', 100000) FROM numbers(500)"] * 10),
            "memory",
            "SPANLEDGER_QUERY_MAX_MEMORY_BYTES",
        ),
        ("SELECT uniqExact(number) FROM numbers(1000000000)", "memory", "SPANLEDGER_QUERY_MAX_MEMORY_BYTES"),
        ("SELECT arraySort(x -> rand(x), range(50000000))", "memory", "SPANLEDGER_QUERY_MAX_MEMORY_BYTES"),
    ],
)
def test_a_query_stops_at_its_limit(client: TestClient, sql: str, limit: str, setting: str) -> None:
    started, peak = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    answer = client.post(QUERY, json={"sql": sql})
    assert time.monotonic() - started < 6  # the limit is 3 s
    body = answer.json()
    assert (answer.status_code, body.get("limit"), body.get("setting")) == (422, limit, setting), body
    assert setting in body["detail"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak < 768 * 1024  # KiB; the limit is 256 MiB


def test_recursion_ends(client: TestClient) -> None:
    sql = "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT count() FROM r"
    answer = client.post(QUERY, json={"sql": sql})
    assert answer.status_code == 400
    assert "recursive" in answer.json()["detail"].lower()


def test_a_failed_query_leaves_nothing_in_the_next_answer(engine: Engine) -> None:
    for _ in range(2):
        with pytest.raises(QueryFailed):
            engine.query_guarded("SELECT throwIf(number = 9000), 'secret' FROM numbers(9500)")
        assert engine.query_guarded("SELECT 'mine'").rows == [["mine"]]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM file('{out}', CSV, 'a String')",
        "SELECT * FROM url('http://127.0.0.1:9/', CSV, 'a String')",
        "SELECT * FROM remote('127.0.0.1:9', system.one)",
        "SELECT * FROM `{passwd}`",
        "INSERT INTO spans (name) VALUES ('x')",
        "CREATE TABLE x (a UInt8) ENGINE = Memory",
        "SELECT 1 SETTINGS max_execution_time = 0",
        "SELECT 1 SETTINGS readonly = 0",
    ],
)
def test_read_only_mode_stands_behind_the_guard(engine: Engine, tmp_path: Path, sql: str) -> None:
    with pytest.raises(QueryFailed, match=r"readonly mode|READONLY"):
        engine.query_guarded(sql.format(out=tmp_path / "out", passwd="/etc/passwd"))


def test_what_read_only_mode_does_not_stop_the_guard_does(engine: Engine, tmp_path: Path) -> None:
    """Why the guard is needed: this is what the engine itself lets through."""
    out = tmp_path / "out"
    with pytest.raises(Exception):  # noqa: B017 - no JSON comes back; the file is written all the same
        engine.query_guarded(f"SELECT 1 INTO OUTFILE '{out}'")
    assert out.exists()
    with pytest.raises(QueryRefused, match="INTO OUTFILE"):
        guard.check(engine, f"SELECT 1 INTO OUTFILE '{out}2'")


def test_more_queries_than_slots_are_turned_away(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    running = threading.Semaphore(0)
    go_on = threading.Event()
    check: Callable[..., str] = guard.check

    def slow(*args: object) -> str:
        running.release()
        go_on.wait(10)
        return check(*args)

    monkeypatch.setattr(guard, "check", slow)
    answers: list[int] = []
    ask = {"sql": "SELECT 1"}
    threads = [
        threading.Thread(target=lambda: answers.append(client.post(QUERY, json=ask).status_code))
        for _ in range(api_app.MAX_QUERIES)
    ]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert running.acquire(timeout=10)
    refused = client.post(QUERY, json=ask)
    go_on.set()
    for thread in threads:
        thread.join()
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "2")
    assert answers == [200] * api_app.MAX_QUERIES
    assert client.post(QUERY, json=ask).status_code == 200


def test_the_engine_away_is_503(client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object, **__: object) -> Answer:
        raise EngineUnavailable("The engine can't be reached.", 210)

    monkeypatch.setattr(engine, "query_guarded", away)
    answer = client.post(QUERY, json={"sql": "SELECT 1"})
    assert (answer.status_code, answer.headers["retry-after"], answer.json()["code"]) == (503, "2", 210)


def test_an_error_of_ours_is_a_problem_without_its_text(
    client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> Answer:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(engine, "query_guarded", broken)
    answer = client.post(QUERY, json={"sql": "SELECT 1"})
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "hunter2" not in answer.text
