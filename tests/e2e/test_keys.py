"""Keys, roles and scores on a running service: two processes that share nothing but the data directory."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import urllib3

from tests.e2e.conftest import Service, spans_body
from tests.waiting import until


def ask(method: str, url: str, key: str, body: Any = None) -> Any:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Connection": "close"}
    sent = json.dumps(body).encode() if body is not None else None
    return urllib3.request(method, url, body=sent, headers=headers, retries=False, timeout=30)


def send(service: Service, key: str, body: bytes) -> int:
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/x-protobuf", "Connection": "close"}
    reply = urllib3.request("POST", f"{service.otlp_url}/v1/traces", body=body, headers=headers, retries=False)
    return int(reply.status)


@pytest.fixture
def service(new_service: Callable[..., Service]) -> Service:
    service = new_service(SETTLE_AFTER_SECONDS=0.5, SETTLE_EVERY_SECONDS=0.5, SEAL_AFTER_SECONDS=0.1)
    service.up()
    return service


def test_from_the_first_key_to_a_score(service: Service) -> None:
    assert service.get(f"{service.http_url}/readyz").status == 200
    created = service.run("keys", "create", "--name", "test", "--role", "ingest")
    assert created.returncode == 0, created.stderr
    sender, ours = created.stdout.strip(), (service.data_dir / "command.key").read_text()
    api = f"{service.http_url}/api/v1"
    asked = {"name": "acme", "role": "read", "tenants": ["acme"]}
    reader = json.loads(ask("POST", f"{api}/keys", ours, asked).data)["key"]

    assert service.get(f"{service.http_url}/readyz").status == 401
    assert [send(service, key, spans_body("s", ["a"])) for key in ("wrong", reader)] == [401, 401]
    for tenant in ("acme", "blue"):
        body = spans_body("s", [f"run of {tenant}"], **{"tenant.id": tenant, "gen_ai.operation.name": "invoke_agent"})
        assert send(service, sender, body) == 200
    found: list[dict[str, Any]] = []

    def settled() -> bool:
        found[:] = json.loads(ask("GET", f"{api}/traces", reader).data)["traces"]
        return len(found) == 1 and found[0]["root_name"] == "run of acme"

    until(settled, what="the trace of acme alone")
    score = {"name": "task_success", "label": "failure", "trace_id": found[0]["trace_id"], "tenant": "acme"}
    assert ask("POST", f"{api}/scores", reader, {"scores": [score]}).status == 403
    assert ask("POST", f"{api}/scores", sender, {"scores": [score]}).status == 201
    until(lambda: settled() and found[0]["task_outcome"] == "failure", what="the outcome of the score")
    assert found[0]["task_outcome_source"] == "evaluation"
    page = ask("GET", f"{service.http_url}/traces/{found[0]['trace_id']}", reader).data.decode()
    assert "task_success" in page

    listed = json.loads(ask("GET", f"{api}/keys", ours).data)["keys"]
    assert {(key["role"], *key["tenants"]) for key in listed} == {("ingest",), ("read", "acme")}
    gone = next(key["key_id"] for key in listed if key["role"] == "ingest")
    assert ask("DELETE", f"{api}/keys/{gone}", ours).status == 200
    assert send(service, sender, spans_body("s", ["late"])) == 401
    audit = json.loads(service.run("audit", "--json").stdout)
    assert {(entry["actor"], entry["action"], entry["subject"]) for entry in audit} >= {
        ("command", "DELETE", f"/api/v1/keys/{gone}"),
        ("test", "POST", "/api/v1/scores"),
    }
    assert sender not in json.dumps(audit) + service.log.read_text()
