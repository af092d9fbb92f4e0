from __future__ import annotations

import http.client
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from collector.drain import Drain
from collector.identity import read_identity
from collector.segment import DONE, OPEN, SEALED, Record, scan, segment_numbers, segment_path
from collector.service import CollectService
from collector.signals import SIGNALS, TRACES, Signal
from collector.spool import Spool
from spanledger.engine import Engine
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
                    for record in list(scan(file, number, identity.seed_of(SIGNALS[signal]))):
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


class Shop:
    """A data directory whose spans carry a service name of their own, and what the engine has of them."""

    def __init__(self, engine: Engine, make_settings: MakeSettings, name: str) -> None:
        self.engine = engine
        self.name = name
        self.settings = make_settings()
        self.data_dir: Path = self.settings.data_dir
        self.drain = self.new_drain()

    def new_drain(self, signal: Signal = TRACES) -> Drain:
        """As after a restart."""
        return Drain(self.engine, self.data_dir, signal)

    def body(self, *names: str, days: Sequence[int] = (0,)) -> bytes:
        request = ExportTraceServiceRequest()
        resource = request.resource_spans.add()
        resource.resource.attributes.add(key="service.name").value.string_value = self.name
        spans = resource.scope_spans.add().spans
        for index, name in enumerate(names):
            start = time.time_ns() - days[index % len(days)] * 86_400_000_000_000
            spans.add(
                name=name,
                trace_id=b"t" * 16,
                span_id=b"s" * 8,
                start_time_unix_nano=start,
                end_time_unix_nano=start + 1,
            )
        return bytes(request.SerializeToString())

    def accept(self, *bodies: bytes, signal: Signal = TRACES, items: int = 1) -> None:
        """One sealed segment with these requests."""
        spool = Spool(self.settings)
        for future in [spool.append(signal, body, items) for body in bodies]:
            future.result(5)
        spool.close()

    def segment(self, state: str = SEALED, signal: Signal = TRACES) -> Path:
        """The only one."""
        folder = self.data_dir / "spool" / signal.name
        (number,) = segment_numbers(folder, state)
        return segment_path(folder, number, state)

    def names(self) -> Counter[str]:
        rows = self.engine.rows(
            "SELECT name, count() FROM spans WHERE service = {s:String} GROUP BY name", {"s": self.name}
        )
        return Counter({str(name): int(count) for name, count in rows})

    def rejected(self) -> list[list[Any]]:
        """What the table says of this spool: id without the spool's own, items, reason, state."""
        identity = read_identity(self.data_dir)
        assert identity
        return self.engine.rows(
            "SELECT substring(id, length({spool:String}) + 2), items, reason, toString(state) FROM rejected FINAL "
            "WHERE startsWith(id, {spool:String}) ORDER BY id",
            {"spool": identity.id},
        )

    def kept(self) -> dict[str, bytes]:
        """The files of quarantine."""
        folder = self.data_dir / "quarantine"
        return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


@pytest.fixture
def shop(engine: Engine, make_settings: MakeSettings, tmp_path: Path) -> Shop:
    return Shop(engine, make_settings, f"shop {tmp_path}")


@pytest.fixture
def cure(engine: Engine) -> Iterator[Callable[[], None]]:
    """The engine refuses each insert with a span named `poison`, until this is called."""
    engine.command("CREATE TABLE scratch (name String) ENGINE = MergeTree ORDER BY name")
    engine.command(
        "CREATE MATERIALIZED VIEW refusing TO scratch AS "
        "SELECT name FROM otlp_spans WHERE throwIf(name = 'poison', 'It is poison') = 0"
    )

    def end() -> None:
        engine.command("DROP VIEW IF EXISTS refusing")
        engine.command("DROP TABLE IF EXISTS scratch")

    yield end
    end()
