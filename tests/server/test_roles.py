"""`collect` and `serve` as processes on a ClickHouse server that fails now and then (front.py)."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import urllib3
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from tests.e2e.conftest import free_ports
from tests.server.conftest import ClickHouse, Roles

COUNT = "SELECT count(), uniqExact(span_id) FROM spans WHERE name = '{name}'"
HEALTHCHECK = Path(__file__).resolve().parents[2] / "docker" / "healthcheck.py"
SPANS = 20
"""Spans in a request."""


def request_of(number: int, name: str) -> bytes:
    """The request of a number; each has other spans."""
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    for index in range(SPANS):
        identity = (number * SPANS + index + 1).to_bytes(8, "big")
        now = time.time_ns()
        scope.spans.add(trace_id=b"trace-id" + identity, span_id=identity, name=name, start_time_unix_nano=now)
    return request.SerializeToString()


def healthy(url: str) -> int:
    """The exit code of the containers' health check for the port of a URL."""
    return subprocess.run([sys.executable, HEALTHCHECK, url.rsplit(":", 1)[1]], check=False).returncode


class Load:
    """Sends one request after the other in a thread, as an SDK does: one that is refused is sent again."""

    def __init__(self, roles: Roles, name: str) -> None:
        self._roles = roles
        self._name = name
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.acknowledged = 0
        self.refused = 0

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(0.04):
            if self._roles.send(request_of(self.acknowledged, self._name)) == 200:
                self.acknowledged += 1
            else:
                self.refused += 1

    def check_all_stored_once(self) -> None:
        """Each acknowledged span, after a while, and nothing was refused on the way."""
        expected = [[self.acknowledged * SPANS, self.acknowledged * SPANS]]
        assert self._roles.wait_for(COUNT.format(name=self._name), expected) == expected
        assert (self.refused, self._roles.rows("SELECT count() FROM rejected")) == (0, [[0]])


def test_spans_of_a_real_sdk_arrive(
    roles: Roles, clickhouse: ClickHouse, without_secrets: Callable[[str], bool]
) -> None:
    roles.start()
    provider = TracerProvider(resource=Resource.create({"service.name": "checkout"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{roles.otlp}/v1/traces")))
    for index in range(100):
        attributes: dict[str, str | int] = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": index}
        with provider.get_tracer("test").start_as_current_span("chat", attributes=attributes):
            pass
    provider.shutdown()
    sql = "SELECT service, operation, count(), sum(input_tokens) FROM spans GROUP BY ALL"
    expected = [["checkout", "chat", 100, 4950]]
    assert roles.wait_for(sql, expected) == expected
    for command, said in (
        (("doctor",), "0 migrations to run"),
        (("query", "SELECT 6 * 7"), "42"),
        (("migrate",), "Nothing"),
    ):
        done = roles.command(*command)
        assert said in done.stdout, (command, done)
        assert without_secrets(done.stdout + done.stderr)
    assert [healthy(url) for url in (roles.otlp, roles.api, "http://127.0.0.1:1")] == [0, 0, 1]
    assert roles.stop() == [0, 0]
    asked = "\n".join(request["url"] for request in clickhouse.requests())
    assert without_secrets(roles.logs() + asked)
    assert "Traceback" not in roles.logs()


def test_clients_are_acknowledged_while_the_server_is_away(shared_roles: Roles, clickhouse: ClickHouse) -> None:
    with Load(shared_roles, "away") as load:
        time.sleep(0.5)
        clickhouse.stop()
        before = load.acknowledged
        time.sleep(2.5)  # the drain tries again after 0.1, 0.2, 0.4, 0.8, 1.6 s …
        meanwhile = load.acknowledged - before
        clickhouse.start()
    assert meanwhile > 20
    load.check_all_stored_once()


def test_a_server_killed_again_and_again_loses_and_doubles_nothing(shared_roles: Roles, clickhouse: ClickHouse) -> None:
    with Load(shared_roles, "killed") as load:
        for pause in (0.61, 0.83):
            time.sleep(pause)
            clickhouse.stop()
            clickhouse.start()
    assert load.acknowledged > 20
    load.check_all_stored_once()


def test_refusals_and_lost_answers_lose_and_double_nothing(shared_roles: Roles, clickhouse: ClickHouse) -> None:
    faults: list[dict[str, object]] = [
        {"kind": "hang_up"},
        {"kind": "error", "code": 252, "skip": 2},
        {"kind": "hang_up"},
        {"kind": "error", "code": 241, "skip": 2},
        {"kind": "error", "status": 502, "skip": 1},
        {"kind": "hang_up", "skip": 1},
    ]
    clickhouse.fault(*({"match": "INSERT INTO otlp_traces", **fault} for fault in faults))
    with Load(shared_roles, "refused") as load:
        time.sleep(2)
    load.check_all_stored_once()


def test_serve_waits_for_a_server_that_is_not_there_yet(roles: Roles, clickhouse: ClickHouse) -> None:
    clickhouse.stop()
    [port] = free_ports(1)
    roles.environment["SPANLEDGER_HTTP_PORT"] = str(port)
    collect, serve = roles.begin("collect"), roles.begin("serve")
    roles.otlp = f"http://{collect.ready().split()[-1]}"
    assert roles.send(request_of(0, "early")) == 200
    end = time.monotonic() + 30
    while "Waiting for ClickHouse" not in roles.logs():
        assert time.monotonic() < end
        time.sleep(0.1)
    while healthy(f"http://127.0.0.1:{port}"):
        assert time.monotonic() < end
        time.sleep(0.1)
    not_yet = urllib3.request("GET", f"http://127.0.0.1:{port}/readyz", retries=False)
    assert (not_yet.status, not_yet.json()["detail"]) == (503, "ClickHouse is away.")
    clickhouse.start()
    roles.api = serve.ready().split()[-1]
    assert roles.wait_for(COUNT.format(name="early"), [[SPANS, SPANS]]) == [[SPANS, SPANS]]
    assert roles.logs().count("Waiting for ClickHouse") == 1
    assert roles.stop() == [0, 0]


def test_a_wrong_password_ends_serve_with_a_sentence(roles: Roles, clickhouse: ClickHouse) -> None:
    roles.environment["SPANLEDGER_CLICKHOUSE_URL"] = clickhouse.url("x", "hunter2")
    done = roles.command("serve")
    assert done.returncode == 1
    assert re.search("^spanledger: .*Authentication failed", done.stderr, re.MULTILINE)
    assert "hunter2" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_spool_is_drained_by_one_serve(shared_roles: Roles) -> None:
    done = shared_roles.command("serve")
    assert done.returncode == 1
    assert re.search(r"in use by `spanledger serve` \(process \d+\)", done.stderr)
