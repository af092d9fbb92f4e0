"""The real OpenTelemetry SDK for JavaScript (send.mjs) exports OTLP/HTTP with JSON to the whole service."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import urllib3

from tests import tables

HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(
    not shutil.which("node") and not os.environ.get("CI"), reason="Node.js is not installed; CI runs this test"
)


@pytest.fixture(scope="session")
def packages() -> Path:
    """The packages of package-lock.json, fetched anew when the lock file is not the one that they came from."""
    lock, mark = HERE / "package-lock.json", HERE / "node_modules" / ".lock-installed"
    if not mark.exists() or mark.read_bytes() != lock.read_bytes():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=HERE, check=True, timeout=300)
        mark.write_bytes(lock.read_bytes())
    return HERE / "node_modules"


@dataclass
class Service:
    """A running `spanledger up`."""

    api: str
    otlp: str

    def rows(self, sql: str, count: int) -> list[dict[str, Any]]:
        """Rows by the names of their columns, as soon as there are `count`."""
        end = time.monotonic() + 15
        while True:
            reply = urllib3.request("POST", f"{self.api}/api/v1/query", json={"sql": sql}, timeout=10)
            answer = json.loads(reply.data)
            assert reply.status == 200, answer
            if len(answer["rows"]) == count or time.monotonic() > end:
                names = [column["name"] for column in answer["columns"]]
                return [dict(zip(names, row, strict=True)) for row in answer["rows"]]
            time.sleep(0.05)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    tables.copy(folder / "data")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SPANLEDGER_")}
    ports = {f"SPANLEDGER_{name}_PORT": "0" for name in ("OTLP_GRPC", "OTLP_HTTP", "HTTP")}
    environment = {
        **kept,
        **ports,
        "SPANLEDGER_DATA_DIR": str(folder / "data"),
        "SPANLEDGER_SEAL_AFTER_SECONDS": "0.05",
    }
    command = [sys.executable, "-m", "spanledger", "up"]
    process = subprocess.Popen(command, env=environment, cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        yield _greeted(process)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert process.returncode == 0


def _greeted(process: subprocess.Popen[str]) -> Service:
    """The addresses that it prints when it is up."""
    found: dict[str, str] = {}
    for line in process.stdout or ():
        if address := re.search(r"^\s+(pages and API|OTLP/HTTP)\s+(http://\S+)$", line):
            found[address[1]] = address[2]
        if len(found) == 2:
            return Service(found["pages and API"], found["OTLP/HTTP"])
    raise AssertionError("spanledger up ended before it was up")


@dataclass
class Sent:
    """What the script printed, and the service that got it."""

    printed: dict[str, Any]
    service: Service

    def rows(self, table: str, order: str, count: int, columns: str = "*") -> list[dict[str, Any]]:
        """The rows of a table that this run of the script has sent."""
        sql = f"SELECT {columns} FROM {table} WHERE service = '{self.printed['service']}' ORDER BY {order}"
        return self.service.rows(sql, count)


@pytest.fixture(scope="module", params=["none", "gzip"])
def sent(request: pytest.FixtureRequest, packages: Path, service: Service) -> Sent:
    assert packages.is_dir()
    environment = {**os.environ, "ENDPOINT": service.otlp, "COMPRESSION": request.param}
    run = subprocess.run(
        ["node", "send.mjs"], env=environment, cwd=HERE, check=False, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return Sent(json.loads(run.stdout), service)


ALIASES = "*, ended_at, resource_attributes, events, links, problems"


def test_the_spans_of_a_trace(sent: Sent) -> None:
    agent, chat = sent.rows("spans", "name DESC", 2)
    for span, name in ((agent, "agent"), (chat, "chat")):
        assert {key: span[key] for key in ("trace_id", "span_id")} == sent.printed[name]
    assert (agent["parent_span_id"], chat["parent_span_id"]) == ("0" * 16, agent["span_id"])
    assert (agent["name"], agent["kind"], agent["operation"]) == ("invoke_agent planner", "internal", "agent")
    assert (agent["agent_name"], agent["status"]) == ("planner", "unset")


def test_the_columns_of_a_model_call(sent: Sent) -> None:
    _, chat = sent.rows("spans", "name DESC", 2, ALIASES)
    expected = {
        "name": "chat gpt-4o",
        "kind": "client",
        "scope": "js-test",
        "scope_version": "1.2.3",
        "environment": "tést",
        "started_at": "2023-11-14 22:13:20.123456789",
        "ended_at": "2023-11-14 22:13:22.123456790",
        "duration_ns": 2_000_000_001,
        "status": "error",
        "status_message": "gave up",
        "error_type": "RangeError",
        "operation": "chat",
        "provider": "openai",
        "request_model": "gpt-4o",
        "input_tokens": 1234,
        "output_tokens": 56,
        "reasoning_tokens": None,
        "temperature": 0.7,
        "finish_reasons": ["stop"],
        "tenant": "acme",
        "problems": [],
    }
    assert {name: chat[name] for name in expected} == expected


def test_all_other_attributes(sent: Sent) -> None:
    _, chat = sent.rows("spans", "name DESC", 2, ALIASES)
    expected = {
        "app.unicode": 'Grüße, 世界 🦉 "quoted" \\ and\nnew line',
        "app.true": "true",
        "app.false": "false",
        "app.integer": "-7",
        "app.large": "9007199254740991",
        "app.double": "0.1",
        "app.strings": '["a","ü",""]',
        "app.numbers": "[1,2,300]",
        "app.doubles": "[0.5,1.25]",
        "app.booleans": "[true,false]",
        "app.empty": "[]",
    }
    assert {key: value for key, value in chat["attributes"].items() if key.startswith("app.")} == expected
    assert (chat["resource_attributes"]["process.pid"], chat["resource_attributes"]["service.name"]) == (
        "42",
        sent.printed["service"],
    )


def test_events_and_links_of_a_span(sent: Sent) -> None:
    _, chat = sent.rows("spans", "name DESC", 2, ALIASES)
    first, last = chat["events"]
    assert first == {
        "time": "2023-11-14 22:13:20.500000000",
        "name": "first token",
        "attributes": {"position": "1", "late": "false"},
    }
    kept = {key: last["attributes"][key] for key in ("exception.type", "exception.message")}
    assert (last["name"], kept) == ("exception", {"exception.type": "RangeError", "exception.message": "too långt"})
    linked = {"trace_id": sent.printed["linked"]["traceId"], "span_id": sent.printed["linked"]["spanId"]}
    assert chat["links"] == [{**linked, "attributes": {"why": "retry"}}]


def test_a_log_record(sent: Sent) -> None:
    [event] = sent.rows("events", "time", 1)
    assert {key: event[key] for key in ("trace_id", "span_id")} == sent.printed["chat"]
    assert (event["event_name"], event["severity_number"], event["severity_text"]) == (
        "gen_ai.evaluation.result",
        13,
        "WARN",
    )
    assert (event["evaluation_name"], event["score_value"]) == ("relevance", 0.25)
    assert json.loads(event["body"]) == {"verdict": "bad", "scores": [1, 0.5], "nested": {"ok": False}}


def test_metrics(sent: Sent) -> None:
    calls, duration, fill = sent.rows("metric_points", "name", 3)
    assert (calls["name"], calls["kind"], calls["monotonic"], calls["unit"]) == ("calls", "sum", True, "{call}")
    assert (calls["value_int"] if calls["value"] is None else calls["value"], calls["attributes"]) == (
        3,
        {"model": "gpt-4o"},
    )
    assert (duration["kind"], duration["count"], duration["sum"], sum(duration["bucket_counts"])) == (
        "histogram",
        1,
        1.5,
        1,
    )
    assert (fill["name"], fill["kind"], fill["value"]) == ("queue.fill", "gauge", 0.25)


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((HERE / "package-lock.json").read_text())
    assert lock["lockfileVersion"] == 3
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert all(package["integrity"].startswith("sha512-") for package in packages.values())
    assert not [name for name, package in packages.items() if "resolved" in package]
