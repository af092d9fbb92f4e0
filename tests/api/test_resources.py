"""Traces, sessions, users, tasks, prompts, and scores."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from spanledger.engine import Engine
from spanledger.errors import EngineUnavailable

DAY = {"from": "2026-11-20T00:00:00Z", "to": "2026-11-21T00:00:00Z"}
TABLES = ("spans", "settled_traces", "usage_slices", "events")


@pytest.fixture(scope="module", autouse=True)
def _world(engine: Engine) -> Iterator[None]:
    """Six settled traces of two sessions, three users, two tenants, one a minute; the calls of a prompt's versions."""
    traces = [
        {
            "trace_id": f"{place:032x}", "tenant": "acme" if place < 4 else "blue", "session_id": f"s{place // 3}",
            "user_id": f"u{place % 3}", "task_id": "t" if place < 2 else "", "root_name": f"run {place}",
            "task_outcome": ("success", "failure", "")[place % 3], "started_at": f"2026-11-20 10:0{place}:00",
            "anchor": "2026-11-20 10:00:00", "spans": 2, "llm_calls": 1, "errors": place % 2,
            "cost_usd": None if place == 5 else 0.5,
        }
        for place in range(6)
    ]  # fmt: skip
    spans = [
        {
            "trace_id": trace["trace_id"],
            "span_id": "1" * 16,
            "name": trace["root_name"],
            "started_at": trace["started_at"],
        }
        for trace in traces
    ]
    usage = [
        {"slice": "2026-11-20 10:00:00", "hour": f"2026-11-20 1{hour}:00:00", "prompt_name": "reply", "tenant": tenant,
         "prompt_version": version, "model": "m", "calls": calls, "cost_usd": cost}
        for hour, tenant, version, calls, cost in [
            (0, "acme", "1", 5, 1.0), (1, "acme", "2", 3, None), (1, "blue", "2", 1, None)
        ]
    ]  # fmt: skip
    for table, rows in (("settled_traces", traces), ("spans", spans), ("usage_slices", usage)):
        engine.insert_raw(table, b"\n".join(map(orjson.dumps, rows)), "JSONEachRow", {"insert_deduplicate": 0})
    yield
    for table in TABLES:
        engine.command(f"TRUNCATE TABLE {table} SYNC")


def names(rows: list[dict[str, Any]], *columns: str) -> list[Any]:
    return [tuple(row[column] for column in columns) if len(columns) > 1 else row[columns[0]] for row in rows]


def paged(client: TestClient, path: str, what: str, **asked: Any) -> list[dict[str, Any]]:
    """All pages of a list."""
    found, cursor = [], ""
    while True:
        page = client.get(path, params={**DAY, **asked, "cursor": cursor}).json()
        found += page[what]
        if not page["next"]:
            return found
        cursor = page["next"]


@pytest.mark.parametrize("limit", [1, 4, 100])
def test_traces_page_by_page(client: TestClient, limit: int) -> None:
    found = paged(client, "/api/v1/traces", "traces", limit=limit)
    assert names(found, "root_name") == [f"run {place}" for place in (5, 4, 3, 2, 1, 0)]


def test_traces_by_a_filter_over_their_spans(client: TestClient) -> None:
    found = paged(client, "/api/v1/traces", "traces", filter='name ~ "run [12]"', limit=1)
    assert names(found, "root_name", "cost_usd") == [("run 2", 0.5), ("run 1", 0.5)]
    wrong = client.get("/api/v1/traces", params={"filter": "tennant = x"})
    assert (wrong.status_code, wrong.json()["suggestion"]) == (400, "tenant")


@pytest.mark.parametrize("limit", [1, 100])
def test_sessions_users_and_tasks(client: TestClient, limit: int) -> None:
    sessions = paged(client, "/api/v1/sessions", "groups", limit=limit)
    assert names(sessions, "id", "tenant", "traces", "users", "cost_usd") == [
        ("s1", "blue", 2, 2, 0.5),
        ("s1", "acme", 1, 1, 0.5),
        ("s0", "acme", 3, 3, 1.5),
    ]
    assert sessions[2]["outcomes"] == {"success": 1, "failure": 1}
    users = paged(client, "/api/v1/users", "groups", limit=limit, tenant="acme")
    assert names(users, "id", "traces", "errors") == [("u0", 2, 1), ("u2", 1, 0), ("u1", 1, 1)]
    tasks = paged(client, "/api/v1/tasks", "groups", limit=limit)
    assert names(tasks, "id", "traces", "first_at", "last_at") == [
        ("t", 2, "2026-11-20 10:00:00.000000000", "2026-11-20 10:01:00.000000000")
    ]


def test_one_of_them_with_its_traces(client: TestClient) -> None:
    session = client.get("/api/v1/sessions/s1", params={**DAY, "tenant": "blue"}).json()
    assert names(session["groups"], "id", "unpriced_calls") == [("s1", 0)]
    assert names(session["traces"], "root_name", "cost_usd") == [("run 5", None), ("run 4", 0.5)]
    missing = client.get("/api/v1/sessions/s1", params={"from": "2020-01-01", "to": "2020-01-02"})
    assert (missing.status_code, "widen the time" in missing.json()["detail"]) == (404, True)


def test_what_no_trace_knows_is_null(client: TestClient) -> None:
    [user] = client.get("/api/v1/users/u2", params={**DAY, "tenant": "blue"}).json()["groups"]
    assert (user["cost_usd"], user["energy_kwh"], user["input_tokens"]) == (None, None, None)


def test_prompts_and_their_versions(client: TestClient) -> None:
    [prompt] = client.get("/api/v1/prompts", params=DAY).json()["prompts"]
    assert (prompt["prompt_name"], prompt["versions"], prompt["calls"], prompt["tenants"]) == ("reply", 2, 9, 2)
    versions = client.get("/api/v1/prompts/reply", params=DAY).json()["prompts"]
    assert names(versions, "prompt_version", "calls", "cost_usd", "first_hour") == [
        ("1", 5, 1.0, "2026-11-20 10:00:00"),
        ("2", 4, None, "2026-11-20 11:00:00"),
    ]
    assert client.get("/api/v1/prompts/other", params=DAY).status_code == 404


def stored(engine: Engine, trace_id: str) -> list[list[Any]]:
    return engine.rows(
        "SELECT evaluation_name, score_value, score_label, explanation, tenant, user_id, attributes, problems "
        "FROM events WHERE trace_id = {id:String} ORDER BY evaluation_name",
        {"id": trace_id},
    )


def test_scores_become_events_as_evaluations_by_otlp_do(client: TestClient, engine: Engine) -> None:
    trace_id = secrets.token_hex(16)
    scores = [
        {"name": "task_success", "label": "failure", "trace_id": trace_id.upper(), "tenant": "acme"},
        {"name": "user_feedback", "value": -1, "explanation": "näh", "trace_id": trace_id, "span_id": "1" * 16,
         "user_id": "u1", "attributes": {"page": "checkout"}, "time": "2026-11-20T10:00:00Z"},
    ]  # fmt: skip
    answer = client.post("/api/v1/scores", json={"scores": scores})
    assert (answer.status_code, answer.json()) == (201, {"stored": 2})
    assert stored(engine, trace_id) == [
        ["task_success", None, "failure", "", "acme", "", {}, []],
        ["user_feedback", -1, "", "näh", "", "u1", {"page": "checkout"}, []],
    ]
    moments = engine.rows("SELECT time FROM events WHERE trace_id = {id:String} ORDER BY time", {"id": trace_id})
    assert moments[0] == ["2026-11-20 10:00:00.000000000"]
    now = datetime.fromisoformat(moments[1][0][:26]).replace(tzinfo=UTC).timestamp()
    assert abs(now - time.time()) < 60


def test_the_same_request_again_is_stored_once(client: TestClient, engine: Engine) -> None:
    trace_id = secrets.token_hex(16)
    body = {"scores": [{"name": "x", "value": 1, "trace_id": trace_id}]}
    for _ in range(2):
        assert client.post("/api/v1/scores", json=body, headers={"Idempotency-Key": trace_id}).status_code == 201
    assert len(stored(engine, trace_id)) == 1
    assert client.post("/api/v1/scores", json=body).status_code == 201
    assert len(stored(engine, trace_id)) == 2


@pytest.mark.parametrize(
    ("score", "says"),
    [
        ({"name": "x", "trace_id": "1" * 32}, "a `value` or a `label`"),
        ({"name": "x", "value": 1}, "a score is of a `trace_id`"),
        ({"name": "x", "value": 1, "trace_id": "1"}, "pattern"),
        ({"name": "x", "value": 1, "session_id": "s", "span_id": "1" * 16}, "needs its `trace_id`"),
        ({"name": "", "value": 1, "session_id": "s"}, "at least 1 character"),
        ({"name": "x", "value": 1, "session_id": "s", "time": "1960-01-01T00:00:00Z"}, "before 1970"),
        ({"name": "x", "value": 1, "session_id": "s", "colour": "red"}, "colour"),
    ],
)
def test_what_is_no_score(client: TestClient, score: dict[str, Any], says: str) -> None:
    answer = client.post("/api/v1/scores", json={"scores": [score]})
    assert (answer.status_code, says in answer.json()["detail"]) == (422, True), answer.json()


def test_scores_are_refused_while_the_engine_is_away(
    client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not taken and forgotten: the client is asked to come again."""

    def away(*_: object, **__: object) -> None:
        raise EngineUnavailable("The engine is away.")

    monkeypatch.setattr(engine, "insert_raw", away)
    answer = client.post("/api/v1/scores", json={"scores": [{"name": "x", "value": 1, "session_id": "s"}]})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
