"""Saved views and the live tail over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from spanledger.engine import Engine
from spanledger.errors import BadRequest
from spanledger.explore import views as saved
from spanledger.moments import as_parameter

VIEWS = "/api/v1/explore/views"


@pytest.fixture(autouse=True)
def _no_views(engine: Engine) -> Iterator[None]:
    yield
    engine.command("TRUNCATE TABLE saved_views SYNC")


def test_a_view_is_saved_renamed_moved_and_taken_away(client: TestClient) -> None:
    made = client.post(VIEWS, json={"name": "  Slow   calls ", "address": "/explore?measure=cost&theme=dark&x=1"})
    assert made.status_code == 201
    view = made.json()
    assert (view["name"], view["address"]) == ("Slow calls", "measure=cost")
    renamed = client.put(f"{VIEWS}/{view['view_id']}", json={"name": "Dear calls"}).json()
    assert renamed == {**view, "name": "Dear calls"}
    moved = client.put(f"{VIEWS}/{view['view_id']}", json={"address": "filter=tenant+%3D+acme"}).json()
    assert moved["address"] == "filter=tenant+%3D+acme"
    client.post(VIEWS, json={"name": "another", "address": ""})
    assert [each["name"] for each in client.get(VIEWS).json()["views"]] == ["another", "Dear calls"]
    assert "Dear calls" in client.get("/explore").text
    assert client.delete(f"{VIEWS}/{view['view_id']}").status_code == 204
    assert client.delete(f"{VIEWS}/{view['view_id']}").status_code == 404
    assert [each["name"] for each in client.get(VIEWS).json()["views"]] == ["another"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": " ", "address": ""}, 400),
        ({"name": "x" * 101, "address": ""}, 400),
        ({"name": "x", "address": "filter=" + "a" * 7000}, 400),
        ({"name": "x"}, 422),
        ({"name": "x", "address": "", "more": 1}, 422),
    ],
)
def test_a_view_that_can_not_be_is_refused(client: TestClient, body: dict[str, str], status: int) -> None:
    assert client.post(VIEWS, json=body).status_code == status
    assert client.put(f"{VIEWS}/{'0' * 16}", json={"name": "x"}).status_code == 404
    assert client.put(f"{VIEWS}/zz", json={"name": "x"}).status_code == 422


def test_there_are_not_too_many_views(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(saved, "MOST", 1)
    views = saved.Views(engine)
    views.save("one", "")
    with pytest.raises(BadRequest, match="take one away"):
        views.save("two", "")


@given(st.text(max_size=200), st.sampled_from(["filter", "javascript", "by", "//evil"]))
@settings(max_examples=50)
def test_an_address_leads_nowhere_but_to_the_explorer(value: str, name: str) -> None:
    kept = saved.kept(f"https://evil.example/?{name}={value}&by=model")
    assert kept.endswith("by=model")
    assert set(kept) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-~%+&=")


def test_the_tail_brings_what_came_in_since(client: TestClient, engine: Engine) -> None:
    now = datetime.now(UTC).replace(microsecond=0)

    def came(number: int, tenant: str, ago: timedelta) -> None:
        row = [f"{number:032x}", f"{number:016x}", "0" * 16, "chat", tenant, as_parameter(now), as_parameter(now - ago)]
        names = ["trace_id", "span_id", "parent_span_id", "name", "tenant", "started_at", "ingested_at"]
        text = ", ".join(f"'{value}'" for value in row)
        engine.command(f"INSERT INTO spans ({', '.join(names)}) VALUES ({text})")

    came(1, "acme", timedelta(hours=1))
    came(2, "acme", timedelta(seconds=2))
    after = round(now.timestamp() * 1000)
    first = client.get("/api/v1/explore/tail", params={"after": after}).json()
    assert [span["span_id"] for span in first["spans"]] == [f"{2:016x}"]
    assert first["next"] == after
    came(3, "blue", timedelta(seconds=-1))
    came(4, "acme", timedelta(seconds=-2))
    second = client.get("/api/v1/explore/tail", params={"after": after, "filter": "tenant = acme"}).json()
    assert [int(span["span_id"], 16) for span in second["spans"]] == [2, 4]
    assert second["next"] == after + 2000
    related = client.get("/api/v1/explore/tail", params={"after": after, "filter": "trace(tenant = blue)"}).json()
    assert [int(span["span_id"], 16) for span in related["spans"]] == [3]
    engine.command("TRUNCATE TABLE spans SYNC")
