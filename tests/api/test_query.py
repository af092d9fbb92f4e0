from __future__ import annotations

import json

import pytest
from starlette.testclient import TestClient

QUERY = "/api/v1/query"


def test_columns_rows_and_what_it_took(client: TestClient) -> None:
    answer = client.post(QUERY, json={"sql": "SELECT number AS n, 'a' AS s FROM numbers(2) ORDER BY n"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert body.pop("elapsed_ms") >= 0
    assert body == {
        "columns": [{"name": "n", "type": "UInt64"}, {"name": "s", "type": "String"}],
        "rows": [[0, "a"], [1, "a"]],
        "rows_read": 2,
    }


def test_no_rows_still_have_columns(client: TestClient) -> None:
    body = client.post(QUERY, json={"sql": "SELECT 1 AS a, [1] AS b WHERE 0"}).json()
    assert body["columns"] == [{"name": "a", "type": "UInt8"}, {"name": "b", "type": "Array(UInt8)"}]
    assert body["rows"] == []


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("toUInt64(18446744073709551615)", 18446744073709551615),
        ("toInt64(-9223372036854775808)", -9223372036854775808),
        ("nan", None),
        ("-inf", None),
        ("NULL", None),
        ("unhex('ff41')", "�A"),
        ("'\\0\\t\\n\\\"<script>'", '\0\t\n"<script>'),
        ("map('k', [1, 2])", {"k": [1, 2]}),
        ("true", True),
        ("toDateTime64('2026-01-02 03:04:05.123456789', 9, 'UTC')", "2026-01-02 03:04:05.123456789"),
    ],
)
def test_values(client: TestClient, expression: str, value: object) -> None:
    assert client.post(QUERY, json={"sql": f"SELECT {expression}"}).json()["rows"] == [[value]]


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("String", "it's %s {x:UInt8} \\N", "it's %s {x:UInt8} \\N"),
        ("UInt64", 18446744073709551615, 18446744073709551615),
        ("Float64", 1.5, 1.5),
        ("Bool", True, True),
        ("Nullable(String)", None, None),
        ("Array(String)", ["a'b", "c"], ["a'b", "c"]),
        ("Array(UInt64)", [], []),
    ],
)
def test_parameters_are_bound(client: TestClient, kind: str, value: object, expected: object) -> None:
    answer = client.post(QUERY, json={"sql": f"SELECT {{x:{kind}}}", "parameters": {"x": value}})
    assert answer.json()["rows"] == [[expected]]


@pytest.mark.parametrize(
    ("sql", "status", "kind", "code"),
    [
        ("SELECT * FROM url('http://127.0.0.1:1/')", 403, "query-refused", None),
        ("DROP TABLE spans", 403, "query-refused", None),
        ("SELECT 1; SELECT 2", 400, "query-failed", 62),
        ("SELEC 1", 400, "query-failed", 62),
        ("SELECT nonsense FROM spans", 400, "query-failed", 47),
        ("SELECT * FROM nonsense", 400, "query-failed", 60),
        ("SELECT 1 + 'a'", 400, "query-failed", 43),
        ("SELECT {x:UInt8}", 400, "query-failed", 456),
    ],
)
def test_errors_are_problems(client: TestClient, sql: str, status: int, kind: str, code: int | None) -> None:
    answer = client.post(QUERY, json={"sql": sql})
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, body["status"], body.get("code")) == (status, status, code)
    assert body["type"] == f"urn:spanledger:problem:{kind}"
    assert body["title"] and body["detail"]
    for ours in ("DB::Exception", "formatQuerySingleLine", "(version"):
        assert ours not in body["detail"]


@pytest.mark.parametrize(
    ("content", "status", "kind"),
    [
        (b"{", 400, "bad-request"),
        (b"\xff\xfe", 400, "bad-request"),
        (b"[]", 422, "invalid"),
        (b"{}", 422, "invalid"),
        (b'{"sql": ""}', 422, "invalid"),
        (b'{"sql": 1}', 422, "invalid"),
        (b'{"sql": "SELECT 1", "more": 1}', 422, "invalid"),
        (b'{"sql": "SELECT \\ud800"}', 422, "invalid"),
        (b'{"sql": "SELECT 1", "parameters": {"$a$": "x"}}', 422, "invalid"),
        (b'{"sql": "SELECT 1", "parameters": {"a": {"b": 1}}}', 422, "invalid"),
        (b'{"sql": "SELECT 1", "parameters": {"a": NaN}}', 422, "invalid"),
        (b'{"sql": "' + b"x" * 1024 * 1024 + b'"}', 413, "request-entity-too-large"),
        (b"[" * 100_000, 400, "bad-request"),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else str(value),
)
def test_bad_bodies_are_problems(client: TestClient, content: bytes, status: int, kind: str) -> None:
    answer = client.post(QUERY, content=content, headers={"Content-Type": "application/json"})
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"urn:spanledger:problem:{kind}"


def test_a_body_without_length_is_bounded_too(client: TestClient) -> None:
    chunks = (b"x" * 65_536 for _ in range(32))
    answer = client.post(QUERY, content=chunks, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_form_of_another_site_is_not_taken(client: TestClient) -> None:
    """Only application/json is read: a web page can't send that here without asking first (CORS)."""
    body = json.dumps({"sql": "SELECT 1"})
    answer = client.post(QUERY, content=body, headers={"Content-Type": "text/plain"})
    assert answer.status_code == 422


def test_the_engines_own_tables_can_be_described(client: TestClient) -> None:
    sql = "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {t:String}"
    rows = client.post(QUERY, json={"sql": sql, "parameters": {"t": "spans"}}).json()["rows"]
    assert ["trace_id"] in rows
