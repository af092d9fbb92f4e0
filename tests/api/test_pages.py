from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from dashboards.asked import read
from dashboards.pages.home import Facts, arrival, title
from dashboards.sparks import spark
from dashboards.vitals import Line
from spanledger.engine import Engine
from spanledger.errors import EngineUnavailable
from spanledger.figures import ago, carbon, duration, energy, money, percent, short

TRACE = "0af7651916cd43dd8448eb211c80319c"
HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}\u202e"


@pytest.fixture
def spans(engine: Engine) -> Iterator[None]:
    """Two spans of one trace; the second came first, and all its texts are hostile."""
    now = datetime.now(UTC)
    then = now - timedelta(seconds=9)
    columns = ["trace_id", "span_id", "parent_span_id", "name", "service", "started_at", "duration_ns", "status"]
    columns += ["request_model", "tenant", "input_tokens", "output_tokens"]
    engine.insert(
        "spans",
        columns,
        [
            [TRACE, "b" * 16, "a" * 16, "child", "agent", now, 2_500_000, "ok", "gpt-4o", "acme", 1200, 34],
            [TRACE, "a" * 16, "0" * 16, HOSTILE, HOSTILE, then, None, "error", HOSTILE, HOSTILE, None, None],
        ],
    )
    yield
    engine.command("TRUNCATE TABLE spans")


def test_empty_says_what_to_do_next(client: TestClient) -> None:
    page = client.get("/").text
    assert "<h1>No span yet: send the first one</h1>" in page
    assert "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318" in page
    assert "endpoint: 127.0.0.1:4317" in page


@pytest.mark.usefixtures("spans")
def test_the_title_is_the_answer(client: TestClient) -> None:
    page = client.get("/").text
    assert "<h1>Nothing is open</h1>" in page
    assert "2 spans from 2 services, 2 tenants, 2 models in the last 24 hours, the newest " in page
    assert f'href="/traces/{TRACE}"' in page
    assert "1,200" in page
    assert "2.5 ms" in page


@pytest.mark.usefixtures("spans")
def test_spans_are_hostile(client: TestClient) -> None:
    page = client.get("/").text
    assert "&lt;script&gt;alert(1)" in page
    assert "{{ 7*7 }}" in page
    assert page.count("<script") == 1, "our own module and nothing else"
    for markup in ("<script>", "<img", "onerror=alert(1)>", "<style", "javascript:"):
        assert markup not in page.replace("&gt;", "").replace("&lt;", "")


def test_an_engine_that_is_away_is_a_page_too(
    client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise EngineUnavailable("<b>away</b>")

    monkeypatch.setattr(engine, "query_guarded", away)
    answer = client.get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "text/html; charset=utf-8")
    assert "&lt;b&gt;away&lt;/b&gt;" in answer.text


def test_the_page_needs_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/").text
    assert " style=" not in page
    assert "<style" not in page
    assert "http" not in "".join(re.findall(r'(?:src|href)="([^"]*)"', page))
    scripts = re.findall(r"<script[^>]*>([^<]*)</script>", page)
    assert set(scripts) == {""}, "no script stands in the page itself"


def test_static_files_are_kept_by_browsers_until_they_change(client: TestClient) -> None:
    address = re.search(r'href="(/static/spanledger\.css\?v=[0-9a-f]{12})"', client.get("/").text)
    assert address
    style = client.get(address[1])
    assert style.headers["content-type"].startswith("text/css")
    assert "immutable" in style.headers["cache-control"]
    assert "url(" not in style.text
    assert client.get("/static/../render.py").status_code == 404
    assert client.get("/static/nothing.js").status_code == 404


@pytest.mark.usefixtures("spans")
@pytest.mark.parametrize("trace_id", [TRACE, TRACE.upper()])
def test_a_trace_by_start(client: TestClient, trace_id: str) -> None:
    answer = client.get(f"/api/v1/traces/{trace_id}")
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert (body["trace_id"], body["truncated"]) == (TRACE, False)
    assert [span["span_id"] for span in body["spans"]] == ["a" * 16, "b" * 16]
    assert body["spans"][0]["name"] == HOSTILE
    assert body["spans"][1]["duration_ns"] == 2_500_000


@pytest.mark.parametrize(("trace_id", "status"), [("0" * 32, 404), ("zz", 422), ("0" * 31 + "'", 422)])
def test_no_such_trace(client: TestClient, trace_id: str, status: int) -> None:
    answer = client.get(f"/api/v1/traces/{trace_id}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


SPENT = Line("Spend", "$2.50", "", "", "", spark([], []))
OPEN = {"severity": "page", "cost_usd": 12.0}


@pytest.mark.parametrize(
    ("facts", "findings", "alerts", "expected"),
    [
        (Facts(0, 0, 0, 0, None), [], {}, "No span yet: send the first one"),
        (Facts(0, 0, 0, 0, 90_000), [], {}, "Nothing is open"),
        (Facts(1, 1, 0, 0, 0), [OPEN, {**OPEN, "cost_usd": None}], {}, "2 open findings worth $12.00; $2.50 spent"),
        (Facts(1, 1, 0, 0, 0), [{**OPEN, "severity": "digest"}], {"firing": 1}, "1 alert fires; $2.50 spent"),
    ],
)
def test_titles(facts: Facts, findings: list[dict[str, Any]], alerts: dict[str, int], expected: str) -> None:
    assert title(facts, findings, alerts, [SPENT] if facts.spans else []) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(0, 0, 0, 0, None), "Nothing has come in yet."),
        (Facts(0, 0, 0, 0, 90_000), "No span in the last 24 hours, the newest 1 d 1 h ago."),
        (Facts(1, 1, 0, 0, 0), "1 span from 1 service in the last 24 hours, the newest 0 s ago."),
        (Facts(12_345, 3, 2, 1, 62),
         "12,345 spans from 3 services, 2 tenants, 1 model in the last 24 hours, the newest 1 min 2 s ago."),
    ],
)  # fmt: skip
def test_what_came_in_is_a_sentence(facts: Facts, expected: str) -> None:
    assert arrival(facts, read("/", {}, datetime(2026, 11, 21, 12, tzinfo=UTC))) == expected


def test_a_small_line_has_gaps_where_nothing_is_known() -> None:
    drawn = spark([0, 1, None, 2], [None])
    assert drawn.line == "M2.0,34.0L54.0,18.0M158.0,2.0h0.1"
    assert (drawn.ghost, drawn.most) == ("", 2)
    assert spark([None], []).line == ""


def test_numbers_are_written_one_way() -> None:
    assert [short(n) for n in (None, 0, 9999, 12_345, 1_234_567, 98_765_432_100)] == [
        "–", "0", "9,999", "12.3 k", "1.23 M", "98.8 G",
    ]  # fmt: skip
    assert [duration(n) for n in (None, 0, 1500, 340_000_000, 1_234_000_000, 125_000_000_000)] == [
        "–", "0 µs", "1.5 µs", "340 ms", "1.23 s", "2 min 5 s",
    ]  # fmt: skip
    assert ago(4 * 86_400 + 6 * 3600 + 59) == "4 d 6 h"


def test_money_energy_and_carbon_are_written_one_way() -> None:
    assert [money(x) for x in (None, 0, 0.0031, 0.25, 12.3, 4812.4, -3960)] == [
        "–", "$0.00", "$0.0031", "$0.25", "$12.30", "$4,812", "−$3,960",
    ]  # fmt: skip
    assert [energy(x) for x in (None, 0, 0.0000012, 0.82, 3.41, 1234)] == [
        "–", "0 mWh", "1.2 mWh", "820 Wh", "3.41 kWh", "1.23 MWh",
    ]  # fmt: skip
    assert [carbon(x) for x in (None, 0.014, 820, 3210)] == ["–", "14 mg CO₂e", "820 g CO₂e", "3.21 kg CO₂e"]
    assert [percent(x) for x in (None, 0, 0.1834, 1)] == ["–", "0 %", "18.3 %", "100 %"]
