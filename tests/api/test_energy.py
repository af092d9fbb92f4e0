"""The energy routes."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient

from spanledger.energy.load import reload
from spanledger.engine import Engine
from tests.energy.spans import call, store


def test_own_rows_are_added_and_bad_ones_refused(client: TestClient, engine: Engine) -> None:
    reply = client.post("/api/v1/energy/import", json={"csv": "model,joules_out\napi-model,2"})
    assert (reply.status_code, reply.json()) == (200, {"factors": 1, "intensities": 0})
    [span] = store(engine, call(request_model="api-model"))
    assert span["energy_kwh"] == pytest.approx(300 * 2 / 3.6e6, rel=2.4e-10)  # 32 bits are kept
    engine.command("ALTER TABLE energy_factors DELETE WHERE model = 'api-model' SETTINGS mutations_sync = 2")
    reload(engine)
    reply = client.post("/api/v1/energy/import", json={"csv": "model,watts\nx,3"})
    assert reply.status_code == 400
    assert "column 'watts'" in reply.json()["detail"]


def test_a_window_under_every_set(client: TestClient, engine: Engine) -> None:
    [span] = store(engine, call(started_at="2026-09-03 12:00:00", request_model="gpt-4o-mini"))
    sets = client.get("/api/v1/energy/sets?from=2026-09-03&to=2026-09-04").json()["sets"]
    chosen = next(row for row in sets if row["factor_set"] == "ecologits-0.11.3")
    assert (chosen["calls"], chosen["calls_known"]) == (1, 1)
    assert chosen["kwh"] == pytest.approx(span["energy_kwh"])
    assert chosen["co2e_market_g"] is None
    assert client.get("/api/v1/energy/sets?from=2026-09-04&to=2026-09-03").status_code == 400


def test_a_span_is_explained(client: TestClient, engine: Engine) -> None:
    one = call()
    [span] = store(engine, one)
    [told] = client.get(f"/api/v1/energy/spans/{one['span_id']}").json()["spans"]
    assert (told["factor_model"], told["energy_kwh"]) == ("gpt-4o", span["energy_kwh"])
    assert client.get("/api/v1/energy/spans/ffffffffffffffff").json() == {"spans": []}
