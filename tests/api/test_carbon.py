"""The procurement routes."""

from __future__ import annotations

import csv
import io

from fastapi.testclient import TestClient

from spanledger.engine import Engine
from tests.energy.spans import call, store

OCTOBER = "from=2026-10-01&to=2026-11-01T00:00:00Z"


def test_lines_and_file(client: TestClient, engine: Engine) -> None:
    engine.command("TRUNCATE TABLE spans SYNC")
    [span] = store(engine, call(feature="=cmd|'/c calc'!A0"))
    [line] = client.get(f"/api/v1/carbon?{OCTOBER}").json()["carbon"]
    assert (line["inferences"], line["kgCO2e_per_1000"]) == (1, span["co2e_g"])
    reply = client.get(f"/api/v1/carbon.csv?{OCTOBER}")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    assert reply.headers["content-disposition"] == 'attachment; filename="carbon-20261001-20261101.csv"'
    [cells] = csv.DictReader(io.StringIO(reply.text))
    assert cells["feature"] == "'=cmd|'/c calc'!A0"
    assert float(cells["kgCO2e_per_1000"]) == span["co2e_g"]


def test_a_wrong_window(client: TestClient) -> None:
    reply = client.get("/api/v1/carbon.csv?from=2026-11-01&to=2026-10-01")
    assert (reply.status_code, "must be before" in reply.json()["detail"]) == (400, True)
    assert client.get("/api/v1/carbon?from=yesterday&to=2026-10-01").status_code == 422
