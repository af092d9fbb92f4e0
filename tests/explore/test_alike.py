"""Who else looks like a trace: settled traces of its kind, the nearest first."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from spanledger.engine import Engine
from spanledger.moments import as_parameter

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINE = "0" * 31 + "1"


def trace(number: int, **values: Any) -> dict[str, Any]:
    at = as_parameter(START - timedelta(hours=number))
    return {
        "anchor": at[:19], "trace_id": f"{number:032x}", "root_service": "coder", "root_name": "run", "tenant": "acme",
        "started_at": at, "ended_at": at, "duration_ns": 60_000_000_000, "spans": 80, "llm_calls": 40,
        "tool_calls": 40, "errors": 1, "cost_usd": 27.0, "task_outcome": "failure", **values,
    }  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _traces(engine: Engine) -> Iterator[None]:
    rows = [
        trace(1),
        trace(2, cost_usd=30.0, tenant="blue"),
        trace(3, llm_calls=5, tool_calls=4, cost_usd=0.1, duration_ns=9_000_000_000, task_outcome="success", errors=0),
        trace(4, llm_calls=30, tool_calls=30, cost_usd=None),
        trace(5, root_name="another"),
        trace(400, cost_usd=27.0),
    ]
    body = b"\n".join(orjson.dumps(row) for row in rows)
    engine.insert_raw("settled_traces", body, "JSONEachRow", {"insert_deduplicate": 0})
    yield
    engine.command("TRUNCATE TABLE settled_traces SYNC")


def test_the_nearest_come_first_and_other_kinds_not_at_all(client: TestClient) -> None:
    found = client.get(f"/traces/{MINE}/alike.json").json()
    assert [int(each["trace_id"], 16) for each in found["traces"]] == [2, 3, 4]
    assert (found["kind"], found["near"]) == (3, 1)
    assert found["title"] == "1 trace of 1 tenant looks like this one, $30.00 each, 100 % with errors"
    assert found["traces"][0]["distance"] == pytest.approx(0.152, abs=0.001)
    page = client.get(f"/traces/{MINE}/alike")
    assert page.status_code == 200
    assert found["title"] in page.text
    assert client.get(f"/traces/{MINE}/alike.csv").text.count("\n") == 4


def test_the_odd_one_out_and_what_is_not_there(client: TestClient) -> None:
    assert client.get(f"/traces/{5:032x}/alike.json").json()["title"] == "No other trace looks like this one"
    for path in (f"/traces/{'f' * 32}/alike", "/traces/zz/alike"):
        assert client.get(path).status_code == 404
