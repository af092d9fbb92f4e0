"""A disk that is full: an honest answer, a red probe, recovery without help, and nothing lost."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.e2e.conftest import Service, spans_body
from tests.waiting import until

NewService = Callable[..., Service]
MIB = 1024 * 1024


@pytest.fixture
def mount() -> Iterator[Callable[[Path, int], None]]:
    """Mounts a small disk; skips the test where that is not permitted."""
    mounted: list[Path] = []

    def begin(path: Path, size: int) -> None:
        path.mkdir(parents=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"A small disk can't be mounted here: {done.stderr.strip()}")
        mounted.append(path)

    yield begin
    for path in mounted:
        subprocess.run(["umount", "-l", str(path)], check=True)


class Sender:
    """Sends requests of one span each; keeps which were acknowledged."""

    def __init__(self, service: Service, name: str, size: int) -> None:
        self.service = service
        self.name = name
        self.acknowledged: list[str] = []
        self.answer = b""
        self._text = "x" * size

    def send(self) -> int:
        body = spans_body(self.name, ["a span"], text=self._text)
        reply = self.service.send(body)
        self.answer = reply.data
        if reply.status == 200:
            [resource] = ExportTraceServiceRequest.FromString(body).resource_spans
            self.acknowledged.append(resource.scope_spans[0].spans[0].span_id.hex())
        else:
            assert reply.status == 503
            assert int(reply.headers["Retry-After"]) >= 1
        return reply.status

    def stored(self) -> list[str]:
        rows = self.service.rows("SELECT span_id FROM spans WHERE service = {name:String}", name=self.name)
        return [span_id for (span_id,) in rows]

    def is_exact(self) -> bool:
        """All acknowledged spans are stored, once; one that was refused may be, if its bytes reached the disk."""
        stored = self.stored()
        return set(self.acknowledged) <= set(stored) and len(stored) == len(set(stored))


def _ready(url: str, service: Service) -> tuple[int, str]:
    reply = service.get(f"{url}/readyz")
    return reply.status, json.dumps(json.loads(reply.data))


def test_a_full_disk_of_the_spool(new_service: NewService, mount: Callable[[Path, int], None]) -> None:
    service = new_service(SEGMENT_BYTES=MIB)
    mount(service.data_dir / "spool", 6 * MIB)
    service.collect()
    sender = Sender(service, "small disk", 100_000)
    while sender.send() == 200:
        assert len(sender.acknowledged) < 100
    assert len(sender.acknowledged) > 30
    assert b"No space left on device" in sender.answer
    status, reason = _ready(service.otlp_url, service)
    assert (status, "No space left on device; free space on its disk" in reason) == (503, True)
    assert service.get(f"{service.otlp_url}/healthz").status == 200

    service.serve()  # what it drains is freed
    until(lambda: _ready(service.otlp_url, service)[0] == 200, what="a green /readyz")
    until(lambda: sender.send() == 200, what="an acknowledgement")
    until(sender.is_exact, what="all acknowledged spans, once,")
    until(lambda: _ready(service.http_url, service)[0] == 200, what="a green /readyz of the API")


def test_a_full_disk_of_the_whole_data_directory(
    new_service: NewService, mount: Callable[[Path, int], None], tmp_path: Path
) -> None:
    mount(tmp_path / "disk", 64 * MIB)
    service = new_service(DATA_DIR=tmp_path / "disk" / "data")
    service.up()
    sender = Sender(service, "full disk", 100_000)
    for _ in range(20):
        assert sender.send() == 200
    filler = tmp_path / "disk" / "filler"
    with pytest.raises(OSError, match="No space left"), filler.open("wb", buffering=0) as file:
        while file.write(bytes(64 * 1024)):
            pass
    until(lambda: sender.send() == 503, what="a refusal")
    assert b"No space left on device" in sender.answer
    assert _ready(service.otlp_url, service)[0] == 503
    until(lambda: _ready(service.http_url, service)[0] == 503, what="a red /readyz of the API")
    for _ in range(5):
        sender.send()

    filler.unlink()
    until(lambda: sender.send() == 200, what="an acknowledgement")
    until(sender.is_exact, what="all acknowledged spans, once,")
    until(lambda: _ready(service.http_url, service)[0] == 200, what="a green /readyz of the API")
    assert _ready(service.otlp_url, service)[0] == 200
