from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter

from collector.counters import load


def _names(bodies: Sequence[bytes]) -> list[str]:
    requests = map(ExportTraceServiceRequest.FromString, bodies)
    return [s.name for r in requests for rs in r.resource_spans for ss in rs.scope_spans for s in ss.spans]


@pytest.mark.parametrize("transport", ["http", "http gzip", "grpc", "grpc gzip"])
def test_the_sdks_exporters(start: Any, stored: Any, transport: str) -> None:
    running = start()
    kind, _, compression = transport.partition(" ")
    exporter: SpanExporter
    if kind == "http":
        from opentelemetry.exporter.otlp.proto.http import Compression  # noqa: PLC0415

        exporter = HttpExporter(
            f"http://127.0.0.1:{running.http_port}/v1/traces", compression=Compression(compression or "none")
        )
    else:
        import grpc  # noqa: PLC0415

        gzip = grpc.Compression.Gzip if compression else grpc.Compression.NoCompression
        exporter = GrpcExporter(f"127.0.0.1:{running.grpc_port}", insecure=True, compression=gzip)
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    with provider.get_tracer("tests").start_as_current_span("from the SDK", attributes={"list": ["a", "b"]}):
        pass
    provider.shutdown()
    assert _names(stored.bodies()) == ["from the SDK"]


def test_counters_survive_a_restart(start: Any, stored: Any, make_body: Callable[..., bytes]) -> None:
    first = start()
    first.send("/v1/traces", make_body("a", 3))
    first.service.stop()
    status = json.loads((stored.root / "collect.json").read_text())
    assert status["spool"]["problem"] == ""
    assert status["spool"]["segments"] == {"traces": 1, "logs": 0, "metrics": 0}
    second = start()
    second.send("/v1/traces", make_body("b", 4))
    second.service.stop()
    assert load(stored.root).value("accepted_items", "traces") == 7


def test_an_unreadable_status_file_starts_at_zero(tmp_path: Path) -> None:
    for text in (
        "",
        "[]",
        '{"totals": [{"name": "accepted_items", "labels": {"a": "b"}, "value": 1}]}',
        '{"totals": 1}',
    ):
        (tmp_path / "collect.json").write_text(text)
        assert load(tmp_path).totals() == []


class _Process:
    """`python -m collector` on its own."""

    def __init__(self, data_dir: Path, **environment: str) -> None:
        settings = {"DATA_DIR": str(data_dir), "OTLP_GRPC_PORT": "0", "OTLP_HTTP_PORT": "0", **environment}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "collector"],
            env={**os.environ, **{f"SPANLEDGER_{name}": value for name, value in settings.items()}},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdout
        line = self.process.stdout.readline()
        self.http_port = int(line.rpartition(b":")[2]) if line else 0

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self.process.communicate(timeout=20)
        return self.process.returncode


class _Client(threading.Thread):
    """Sends numbered requests until the connection breaks; keeps what was acknowledged."""

    def __init__(self, port: int, name: str, make_body: Callable[..., bytes]) -> None:
        super().__init__()
        self.acknowledged: list[bytes] = []
        self.sent: list[bytes] = []
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        self._client = name
        self._make_body = make_body

    def run(self) -> None:
        try:
            for number in range(100_000):
                body = self._make_body(f"{self._client}-{number}", 5, "x" * (number % 7 * 3000))
                self.sent.append(body)
                self._connection.request("POST", "/v1/traces", body, {"content-type": "application/x-protobuf"})
                answer = self._connection.getresponse()
                answer.read()
                if answer.status == 200:
                    self.acknowledged.append(body)
        except (OSError, http.client.HTTPException):
            pass
        finally:
            self._connection.close()


def test_kill_9_under_load_loses_and_doubles_nothing(stored: Any, make_body: Callable[..., bytes]) -> None:
    acknowledged: list[bytes] = []
    unanswered: list[bytes] = []
    for life in range(3):
        collector = _Process(stored.root, SEGMENT_BYTES="100000")
        clients = [_Client(collector.http_port, f"{life}-{number}", make_body) for number in range(4)]
        for client in clients:
            client.start()
        time.sleep(0.7)
        collector.end(signal.SIGKILL)
        for client in clients:
            client.join()
            acknowledged += client.acknowledged
            unanswered += client.sent[len(client.acknowledged) :]
    assert len(acknowledged) > 50

    collector = _Process(stored.root)
    connection = http.client.HTTPConnection("127.0.0.1", collector.http_port, timeout=5)
    for body in [*unanswered, *acknowledged[-100:]]:  # as clients do that missed the answer
        connection.request("POST", "/v1/traces", body, {"content-type": "application/x-protobuf"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200
    connection.close()
    assert collector.end(signal.SIGTERM) == 0
    assert Counter(stored.bodies()) == Counter(set(acknowledged + unanswered))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly(stored: Any, make_body: Callable[..., bytes], number: signal.Signals) -> None:
    collector = _Process(stored.root, SEAL_AFTER_SECONDS="60")
    client = _Client(collector.http_port, "c", make_body)
    client.start()
    while len(client.acknowledged) < 5:
        time.sleep(0.01)
    assert collector.end(number) == 0
    client.join()
    assert stored.bodies()[: len(client.acknowledged)] == client.acknowledged
    assert {path.suffix for path in (stored.root / "spool" / "traces").iterdir()} == {".seg"}


def test_a_start_that_fails_says_why(stored: Any) -> None:
    first = _Process(stored.root)
    second = _Process(stored.root)
    _, error = second.process.communicate(timeout=20)
    assert second.process.returncode == 1
    assert error.decode().count("\n") == 1
    assert f"in use by `spanledger collect` (process {first.process.pid})" in error.decode()
    assert first.end(signal.SIGTERM) == 0


def test_a_broken_thread_ends_the_service(stored: Any) -> None:
    code = (
        "from collector import service, spool\n"
        "from spanledger.settings import load\n"
        "def broken(*_): raise RuntimeError('a bug')\n"
        "spool.Spool._store = broken\n"
        "def ready(addresses): print(addresses.http_port, flush=True)\n"
        "service.run(load(), ready)\n"
    )
    environment = {"DATA_DIR": str(stored.root), "OTLP_GRPC_PORT": "0", "OTLP_HTTP_PORT": "0"}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, **{f"SPANLEDGER_{name}": value for name, value in environment.items()}},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        connection = http.client.HTTPConnection("127.0.0.1", int(process.stdout.readline()), timeout=10)
        body = b"\x0a\x08\x12\x06\x12\x04\x2a\x02hi"
        connection.request("POST", "/v1/traces", body, {"content-type": "application/x-protobuf"})
        with pytest.raises((OSError, http.client.HTTPException)):
            connection.getresponse()
        connection.close()
        _, error = process.communicate(timeout=20)
    assert process.returncode == 1
    assert b"a bug" in error
