"""Revenue by CSV and API: all rows or none, and mistakes by line."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from spanledger import revenue
from spanledger.engine import Engine
from spanledger.errors import BadRequest
from spanledger.settings import Settings
from tests.api.conftest import EmptyQuarantine, NoJobs, Told

HEADER = "tenant,plan,monthly_price_usd,valid_from,valid_to\n"


@pytest.fixture
def client(engine: Engine, settings: Settings) -> TestClient:
    return TestClient(
        create_app(engine, settings, Told(), EmptyQuarantine(), NoJobs()),
        base_url="http://127.0.0.1:8420", raise_server_exceptions=False,
    )  # fmt: skip


def test_a_file_is_imported(engine: Engine, tmp_path: Path) -> None:
    file = tmp_path / "revenue.csv"
    file.write_text("\ufeff" + HEADER + "acme,pro,1999.990001,2026-01-01,\n\nglobex, free ,0,2026-01-01,2026-06-30\n")
    assert revenue.import_csv(engine, file) == 2
    file.write_text(HEADER + "acme,pro,2499,2026-01-01,\n")
    assert revenue.import_csv(engine, file) == 1
    assert revenue.read(engine) == [
        {"tenant": "acme", "plan": "pro", "monthly_price_usd": "2499", "valid_from": "2026-01-01", "valid_to": None},
        {
            "tenant": "globex",
            "plan": "free",
            "monthly_price_usd": "0",
            "valid_from": "2026-01-01",
            "valid_to": "2026-06-30",
        },
    ]
    assert engine.rows("SELECT count() FROM revenue") == [[3]]
    assert engine.rows("SELECT toString(max(monthly_price_usd)) FROM revenue WHERE plan = 'pro'") == [["2499"]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEADER + "acme,pro,12,2026-01-01,\nb,p,much,2026-01-01,\n,p,1,2026-01-01,\n",
         r"Nothing was imported: 2 rows are wrong\. line 3: monthly_price_usd: .*'much'.* line 4: tenant"),
        (HEADER + "a,p,1,2026-13-01,\n", "line 2: valid_from"),
        (HEADER + "a,p,-1,2026-01-01,\n", "line 2: monthly_price_usd"),
        (HEADER + "a,p,1,2026-02-01,2026-01-01\n", "line 2: .*valid_from must not be after valid_to"),
        (HEADER + "a,p,1,2026-02-01,,surplus\n", "line 2: more cells than the header has"),
        ("customer,price\na,1\n", "lacks tenant, monthly_price_usd, valid_from"),
        ("tenant,monthly_price_usd,valid_from,colour\na,1,2026-01-01,red\n", "has colour, which is not known"),
    ],
)  # fmt: skip
def test_mistakes_are_named_and_nothing_is_imported(engine: Engine, tmp_path: Path, text: str, said: str) -> None:
    [[before]] = engine.rows("SELECT count() FROM revenue")
    file = tmp_path / "revenue.csv"
    file.write_text(text)
    with pytest.raises(BadRequest, match=said):
        revenue.import_csv(engine, file)
    assert engine.rows("SELECT count() FROM revenue") == [[before]]


def test_a_file_that_is_none(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_bytes(b"\xff\xfe")
    for name in ("x.csv", "missing.csv"):
        with pytest.raises(BadRequest, match="can't be read"):
            revenue.import_csv(engine, tmp_path / name)


def test_the_routes(client: TestClient) -> None:
    row = {"tenant": "initech", "plan": "pro", "monthly_price_usd": "10.5", "valid_from": "2026-03-01"}
    assert client.post("/api/v1/revenue", json=[row, row | {"tenant": "hooli"}]).json() == {"added": 2}
    listed = client.get("/api/v1/revenue").json()["revenue"]
    assert {entry["tenant"] for entry in listed} >= {"initech", "hooli"}
    bad = client.post("/api/v1/revenue", json=[row, row | {"monthly_price_usd": "x"}])
    assert bad.status_code == 400
    assert "row 2: monthly_price_usd" in bad.json()["detail"]


def test_routes_of_prices(engine: Engine, client: TestClient) -> None:
    engine.insert(
        "hashed_spans",
        ["trace_id", "span_id", "started_at", "provider", "request_model", "billable", "input_tokens", "output_tokens"],
        [["t", "s", "2026-11-10 10:00:00", "acme-ai", "mystery", True, 10, 10]],
    )
    assert [m["model"] for m in client.get("/api/v1/unpriced-models").json()["unpriced_models"]] == ["mystery"]
    refused = client.post("/api/v1/model-mappings", json={"name": "mystery", "to": "who-knows"})
    assert (refused.status_code, "who-knows" in refused.json()["detail"]) == (400, True)
    mapped = client.post("/api/v1/model-mappings", json={"name": "mystery", "to": "gpt-4o"})
    assert mapped.json() == {"model": "openai/gpt-4o"}
    asked = "/api/v1/reprice/days?first=2026-11-10&last=2026-11-10"
    assert client.get(asked).json() == {"days": ["2026-11-10"]}
    span = {"from": "2026-11-10", "to": "2026-11-10"}
    assert client.post("/api/v1/reprice", json=span).json() == {"calls": 1, "changed": 1}
    assert client.get("/api/v1/unpriced-models").json() == {"unpriced_models": []}
    assert client.post("/api/v1/price-overrides", json={"model": "gpt-4o"}).status_code in (400, 422)
    override = {"model": "gpt-4o", "input": "1", "output": "2", "valid_from": "2026-12-01"}
    assert client.post("/api/v1/price-overrides", json=override).json() == {"model": "openai/gpt-4o"}
