from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.identity import read_identity
from collector.segment import DONE, OPEN, SEALED, Record, scan, segment_numbers, segment_path
from collector.service import CollectService
from collector.signals import SIGNALS
from spanledger.settings import Settings


class MakeSettings(Protocol):
    def __call__(self, **changes: Any) -> Settings: ...


@pytest.fixture
def make_settings(tmp_path: Path) -> MakeSettings:
    def make(**changes: Any) -> Settings:
        defaults = {"data_dir": tmp_path / "data", "otlp_grpc_port": 0, "otlp_http_port": 0, "seal_after_seconds": 0.05}
        return Settings(**{**defaults, **changes})

    return make


@pytest.fixture
def make_body() -> Callable[..., bytes]:
    """A trace request of `spans` spans; different names make different bodies."""

    def make(name: str = "chat", spans: int = 1, text: str = "") -> bytes:
        request = ExportTraceServiceRequest()
        scope = request.resource_spans.add().scope_spans.add()
        for index in range(spans):
            span = scope.spans.add(name=f"{name}-{index}", trace_id=b"t" * 16, span_id=b"s" * 8)
            if text:
                span.attributes.add(key="text").value.string_value = text
        return bytes(request.SerializeToString())

    return make


@dataclass
class Stored:
    """What lies in a spool: records with their bodies, per state of segments."""

    root: Path

    def records(self, signal: str = "traces") -> list[tuple[Record, bytes]]:
        identity = read_identity(self.root)
        assert identity
        found = []
        folder = self.root / "spool" / signal
        for state in (DONE, SEALED, OPEN):
            for number in segment_numbers(folder, state):
                with segment_path(folder, number, state).open("rb") as file:
                    for record in list(scan(file, identity.seed_of(SIGNALS[signal]))):
                        file.seek(record.body_offset)
                        found.append((record, file.read(record.length)))
        return found

    def bodies(self, signal: str = "traces") -> list[bytes]:
        return [body for _, body in self.records(signal)]


@pytest.fixture
def stored(tmp_path: Path) -> Stored:
    return Stored(tmp_path / "data")


@dataclass
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Running:
    """A service in this process and a way to talk to it."""

    service: CollectService
    http_port: int
    grpc_port: int

    def send(self, path: str, body: bytes = b"", /, *, method: str = "POST", **headers: str) -> Reply:
        connection = http.client.HTTPConnection("127.0.0.1", self.http_port, timeout=10)
        defaults = {"content-type": "application/x-protobuf"} if method == "POST" else {}
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, {**defaults, **given})
            answer = connection.getresponse()
            return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()


StartService = Callable[..., Running]


@pytest.fixture
def start(make_settings: MakeSettings) -> Iterator[StartService]:
    running: list[CollectService] = []

    def begin(**changes: Any) -> Running:
        service = CollectService(make_settings(**changes))
        running.append(service)
        addresses = service.start()
        return Running(service, addresses.http_port, addresses.grpc_port)

    yield begin
    for service in running:
        service.stop()
