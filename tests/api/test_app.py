from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from starlette.testclient import TestClient

from api.app import create_app
from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.api.conftest import EmptyQuarantine, NoJobs, Told

KEYS = ("first-key", "second-key")


@pytest.fixture(scope="module")
def app_with_keys(engine: Engine, settings: Settings) -> FastAPI:
    with_keys = settings.model_copy(update={"api_keys": tuple(SecretStr(key) for key in KEYS)})
    return create_app(engine, with_keys, Told(), EmptyQuarantine(), NoJobs())


@pytest.fixture
def locked(app_with_keys: FastAPI, request: pytest.FixtureRequest) -> Iterator[TestClient]:
    """Asked from another address by each test: wrong keys of one address are counted."""
    with TestClient(app_with_keys, base_url="http://spans.example.com", client=(request.node.name, 1)) as client:
        yield client


def test_probes(client: TestClient, status: Told) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}
    metrics = client.get("/metrics")
    assert metrics.text == status.text
    assert metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_not_ready_says_why(client: TestClient, status: Told) -> None:
    status.reasons = ["Migration 2 is missing.", "The spool has not drained for 40 s."]
    answer = client.get("/readyz")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    assert answer.json()["reasons"] == status.reasons
    assert answer.json()["detail"] == "Migration 2 is missing. The spool has not drained for 40 s."
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/api/v1/query", 405), ("POST", "/healthz", 405), ("GET", "/docs", 404)],
)
def test_wrong_addresses_are_problems(client: TestClient, method: str, path: str, status: int) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert path in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/", "/healthz", "/metrics", "/openapi.json", "/nothing", "/static/spanledger.css"])
def test_every_answer_has_the_security_headers(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none';")
    assert "unsafe" not in headers["content-security-policy"]


@pytest.mark.parametrize(
    "path", ["/", "/readyz", "/metrics", "/openapi.json", "/api/v1/query", "/nothing", "//healthz"]
)
@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic first-key", "first-key", "Bearer first-key second-key"],
)
def test_with_keys_every_route_but_healthz_needs_one(locked: TestClient, path: str, authorization: str | None) -> None:
    answer = locked.get(path, headers={"Authorization": authorization} if authorization is not None else {})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert "first-key" not in answer.text


@pytest.mark.parametrize("key", KEYS)
def test_each_key_opens(locked: TestClient, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}"}
    assert locked.get("/readyz", headers=headers).status_code == 200
    assert locked.post("/api/v1/query", json={"sql": "SELECT 1"}, headers=headers).status_code == 200
    assert locked.get("/healthz").status_code == 200


@pytest.mark.parametrize("host", ["127.0.0.1:8420", "localhost", "LOCALHOST:1", "[::1]:8420", "[::1]", "127.0.0.2"])
def test_without_keys_names_of_this_machine_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/readyz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example:8420", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "[::2]"]
)
def test_without_keys_other_names_are_not(client: TestClient, host: str) -> None:
    """DNS rebinding: a web page whose name points here would otherwise read everything."""
    answer = client.get("/readyz", headers={"Host": host})
    assert answer.status_code == 421
    assert "SPANLEDGER_API_KEYS" in answer.json()["detail"]


def test_the_api_describes_itself(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert set(paths) == {
        "/healthz", "/readyz", "/metrics", "/api/v1/query", "/api/v1/traces/{trace_id}", "/api/v1/tenants/{tenant}",
        "/api/v1/rejected", "/api/v1/rejected/retry", "/api/v1/carbon", "/api/v1/carbon.csv", "/api/v1/spans",
        "/api/v1/revenue", "/api/v1/unpriced-models", "/api/v1/model-mappings", "/api/v1/price-overrides",
        "/api/v1/reprice", "/api/v1/reprice/days", "/api/v1/energy/import", "/api/v1/energy/renew",
        "/api/v1/energy/sets", "/api/v1/energy/spans/{span_id}",
        "/api/v1/findings", "/api/v1/findings/{finding_id}", "/api/v1/jobs", "/api/v1/jobs/runs",
        "/api/v1/jobs/{job}/runs", "/api/v1/jobs/{job}/run", "/api/v1/jobs/backfill", "/api/v1/jobs/{job}/backfill",
        "/api/v1/explore/heat", "/api/v1/explore/groups", "/api/v1/explore/difference", "/api/v1/explore/keys",
        "/api/v1/explore/values", "/api/v1/explore/tail", "/api/v1/explore/views", "/api/v1/explore/views/{view_id}",
        "/api/v1/keys", "/api/v1/keys/{key_id}", "/api/v1/audit", "/api/v1/traces", "/api/v1/scores",
        "/api/v1/spans/export", "/api/v1/sessions", "/api/v1/sessions/{id}", "/api/v1/users", "/api/v1/users/{id}",
        "/api/v1/tasks",
        "/api/v1/tasks/{id}", "/api/v1/prompts", "/api/v1/prompts/{name}",
    }  # fmt: skip
    answer = paths["/api/v1/query"]["post"]["responses"]
    assert answer["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/QueryAnswer")
    assert "application/problem+json" in answer["default"]["content"]
