"""Alerts in the running service: a rule fires, the page arrives, it is acknowledged, silenced, tested, resolved."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.analytics.alerts.receivers import receiving
from tests.e2e.conftest import Service
from tests.waiting import until

RULE = """
[[rule]]
name = "always"
type = "threshold"
query = "SELECT 'acme' AS tenant, 7 AS value"
above = {above}
"""


def asked(service: Service, method: str, path: str, body: object = None) -> tuple[int, Any]:
    reply = service._http.request(
        method, f"{service.http_url}/api/v1/alerts{path}", body=json.dumps(body) if body is not None else None,
        headers={"Content-Type": "application/json", "Connection": "close"},
    )  # fmt: skip
    return reply.status, json.loads(reply.data) if reply.data else None


def test_an_alert_from_rule_to_page_to_end(new_service: Callable[..., Service], tmp_path: Path) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(RULE.format(above=5))
    with receiving() as receiver:
        url = f"hook=webhook+http://S3CRET@127.0.0.1:{receiver.port}/in"
        service = new_service(ALERT_CHANNELS=url, ALERT_RULES_FILE=rules, ALERT_EVERY_SECONDS=1)
        service.up()
        until(lambda: bool(receiver.requests), what="the page")
        page = receiver.requests[0].body
        assert page["alert"]["labels"] == {"tenant": "acme"}

        alert_id = page["alert"]["alert_id"]
        listed = service.run("alerts", "list", "--json")
        assert [row["alert_id"] for row in json.loads(listed.stdout)] == [alert_id], listed.stderr
        acked = service.run("alerts", "ack", alert_id, "--by", "ann")
        assert "acknowledged" in acked.stdout, acked.stderr
        until(lambda: receiver.requests[-1].body["event"] == "acknowledge", what="the acknowledgement")

        tested = service.run("alerts", "test", "hook")
        assert tested.returncode == 0, tested.stderr
        assert [taken.body["event"] for taken in receiver.requests[-2:]] == ["trigger", "resolve"]
        assert service.run("alerts", "test", "nobody").returncode == 1
        status, channels = asked(service, "GET", "/channels")
        assert (status, channels["channels"][0]["channel"]) == (200, "hook")

        assert asked(service, "PUT", "/rules/broken", {"type": "threshold", "query": "SELEC 1", "above": 1})[0] == 200
        until(lambda: "broken" in receiver.requests[-1].body["headline"], what="the page of a bad rule")
        assert asked(service, "DELETE", "/rules/broken")[0] == 204
        rules.write_text(RULE.format(above=50))
        until(
            lambda: alert_id in {t.body["alert"]["alert_id"] for t in receiver.requests if t.body["event"] == "resolve"}
        )

        status, silence = asked(
            service, "POST", "/silences", {"matchers": {"tenant": "*"}, "until": "2099-01-01T00:00:00Z"}
        )
        assert status == 201
        assert asked(service, "GET", "/silences")[1]["silences"][0]["silence_id"] == silence["silence_id"]
        assert asked(service, "DELETE", f"/silences/{silence['silence_id']}")[0] == 200
        assert asked(service, "POST", f"/{alert_id}/ack", {})[0] == 400
        history = asked(service, "GET", f"/{alert_id}")[1]["history"]
        assert [row["event"] for row in history] == ["resolve", "acknowledge", "trigger"]
        assert "S3CRET" not in service.log.read_text() + json.dumps(channels) + tested.stdout


def test_rules_check(tmp_path: Path, new_service: Callable[..., Service]) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(RULE.format(above=5))
    service = new_service()
    assert "1 rules" in service.run("alerts", "rules", "check", str(rules)).stdout
    rules.write_text("[[rule]]\nname = 'x'\ntype = 'threshold'\nquery = 'SELECT 1'\n")
    done = service.run("alerts", "rules", "check", str(rules))
    assert done.returncode == 1
    assert "above" in done.stderr
