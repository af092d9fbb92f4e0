from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from spanledger.engine import Engine

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RANGE = {"from": "2026-11-21T00:00:00Z", "to": "2026-11-22"}
MANY = 25


@pytest.fixture(scope="module", autouse=True)
def _spans(engine: Engine) -> Iterator[None]:
    """Spans of which five begin at the same moment, so that a page may end among them."""
    rows = [
        [
            f"{place:032x}",
            f"{place:016x}",
            "0" * 16,
            f"span {place}",
            NOW + timedelta(seconds=place // 5),
            "acme",
            place / 10,
        ]
        for place in range(MANY)
    ]
    engine.insert("spans", ["trace_id", "span_id", "parent_span_id", "name", "started_at", "tenant", "cost_usd"], rows)
    yield
    engine.command("TRUNCATE TABLE spans SYNC")


def test_pages_have_each_span_once_and_end(client: TestClient) -> None:
    found, cursor, pages = [], "", 0
    while True:
        page = client.get("/api/v1/spans", params={**RANGE, "limit": 7, "cursor": cursor}).json()
        found += [span["name"] for span in page["spans"]]
        pages += 1
        if page["next"] is None:
            break
        cursor = page["next"]
    assert found == [f"span {place}" for place in reversed(range(MANY))]
    assert pages == 4


def test_a_filter_and_columns(client: TestClient) -> None:
    asked = {**RANGE, "filter": 'cost_usd >= 2.3 and tenant = "acme"', "columns": "name,cost_usd"}
    spans = client.get("/api/v1/spans", params=asked).json()["spans"]
    assert [(span["name"], span["cost_usd"]) for span in spans] == [("span 24", 2.4), ("span 23", 2.3)]
    assert set(spans[0]) == {"name", "cost_usd", "started_at", "trace_id", "span_id"}


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"filter": "tennant = acme"}, "Did you mean tenant?"),
        ({"from": "yesterday"}, "`from`: 'yesterday' is no time"),
        ({"from": "2026-11-22", "to": "2026-11-21"}, "must end after it begins"),
        ({"cursor": "abc"}, "cursor"),
        ({"cursor": "WzEsMl0"}, "cursor"),
        ({"columns": "name,costusd"}, "Did you mean cost_usd?"),
        ({"columns": "name) FROM system.one --"}, "no column"),
    ],
)
def test_what_can_not_be_understood_is_said(client: TestClient, asked: dict[str, str], says: str) -> None:
    answer = client.get("/api/v1/spans", params={**RANGE, **asked})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert says in answer.json()["detail"]


def test_a_wrong_filter_has_its_place(client: TestClient) -> None:
    body = client.get("/api/v1/spans", params={**RANGE, "filter": "tenant = acme and costusd > 1"}).json()
    assert (body["position"], body["suggestion"]) == (18, "cost_usd")
