"""The real Alertmanager: what fires arrives there, is grouped, and resolves."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import urllib3

from analytics.alerts.channels.catalogue import channels
from spanledger.settings import Settings
from tests.analytics.alerts.conftest import Desk
from tests.analytics.alerts.receivers import Receiver, receiving, wait_for
from tests.analytics.alerts.test_alerting import COST

BINARY = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
CONFIG = """
route:
  receiver: hook
  group_by: [alertname]
  group_wait: 300ms
  group_interval: 500ms
receivers:
  - name: hook
    webhook_configs:
      - url: http://127.0.0.1:{port}/hook
        send_resolved: true
"""


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def alertmanager(tmp_path: Path, hook: Receiver) -> Iterator[str]:
    """Its address."""
    assert BINARY, "Debian's package prometheus-alertmanager is not installed"
    config = tmp_path / "alertmanager.yml"
    config.write_text(CONFIG.format(port=hook.port))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    arguments = [
        BINARY, f"--config.file={config}", f"--storage.path={tmp_path / 'am'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=", "--log.level=error",
    ]  # fmt: skip
    process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: _ready(port))
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _ready(port: int) -> bool:
    try:
        return urllib3.request("GET", f"http://127.0.0.1:{port}/-/ready", timeout=2, retries=False).status == 200
    except urllib3.exceptions.HTTPError:
        return False


def shown(address: str) -> list[dict[str, Any]]:
    reply = urllib3.request("GET", f"http://{address}/api/v2/alerts", timeout=5)
    return list(json.loads(reply.data))


def test_alerts_arrive_are_grouped_repeated_and_resolve(
    desk: Desk, level: Callable[..., None], alertmanager: str, hook: Receiver
) -> None:
    named = Settings.model_validate({"alert_channels": f"am=alertmanager+http://{alertmanager}"})
    desk.channels = channels(named)
    desk.rules(COST)
    level(acme=150, globex=150)
    desk.minute()
    there = {alert["labels"]["tenant"]: alert for alert in shown(alertmanager)}
    assert set(there) == {"acme", "globex"}
    assert there["acme"]["labels"]["alertname"] == "cost"
    assert "acme costs 150" in there["acme"]["annotations"]["summary"]
    wait_for(lambda: bool(hook.requests))
    assert len(hook.requests[0].body["alerts"]) == 2, "one notification for the group"
    ends = there["acme"]["endsAt"]
    desk.minute(2)
    again = {alert["labels"]["tenant"]: alert for alert in shown(alertmanager)}
    assert again["acme"]["endsAt"] > ends, "said again, so that it does not end by itself"
    level()
    desk.minute()
    wait_for(lambda: hook.requests[-1].body["status"] == "resolved")
    assert shown(alertmanager) == []
