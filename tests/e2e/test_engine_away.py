"""The engine's side is down for a while: spans are taken until the spool is full, none is lost, all are stored once."""

from __future__ import annotations

import re
import signal
from collections.abc import Callable
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.e2e.conftest import Service, spans_body
from tests.waiting import until

SMALL_SPOOL = {"SPOOL_MAX_BYTES": 2 * 1024 * 1024, "SEGMENT_BYTES": 256 * 1024}
NewService = Callable[..., Service]


def _resident_mb(pid: int) -> float:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) / 1024


def _span_ids(body: bytes) -> list[str]:
    request = ExportTraceServiceRequest.FromString(body)
    return [span.span_id.hex() for r in request.resource_spans for s in r.scope_spans for span in s.spans]


def _stored(service: Service, name: str) -> list[str]:
    rows = service.rows("SELECT span_id FROM spans WHERE service = {name:String}", name=name)
    return sorted(span_id for (span_id,) in rows)


def test_spans_wait_for_the_engine(new_service: NewService) -> None:
    service = new_service()
    service.collect()
    bodies = [spans_body("patient", [f"{number}", "b"]) for number in range(50)]
    assert {service.send(body).status for body in bodies} == {200}
    assert service.waiting()
    server = service.serve()
    until(lambda: service.count("patient") == 100)
    server.end(signal.SIGKILL)
    late = spans_body("patient", ["late"])
    assert service.send(late).status == 200
    service.serve()
    until(lambda: service.count("patient") == 101)
    assert _stored(service, "patient") == sorted(span_id for body in [*bodies, late] for span_id in _span_ids(body))


def test_a_full_spool_asks_clients_to_wait_and_goes_on(new_service: NewService) -> None:
    service = new_service(**SMALL_SPOOL)
    program = service.collect()
    taken: list[str] = []
    refused = b""
    for number in range(1000):
        body = spans_body("full", [f"{number}"], text="x" * 20_000)
        reply = service.send(body)
        if reply.status != 200:
            refused = body
            break
        taken += _span_ids(body)
    assert reply.status == 503
    assert 1 <= int(reply.headers["Retry-After"]) <= 5
    assert b"SPANLEDGER_SPOOL_MAX_BYTES" in reply.data
    assert 90 < len(taken) < 110

    before = _resident_mb(program.process.pid)
    for number in range(300):
        assert service.send(spans_body("full", [f"refused {number}"], text="x" * 200_000)).status == 503
    assert _resident_mb(program.process.pid) < before + 20

    program.end(signal.SIGKILL)
    program = service.collect()
    assert service.send(refused).status == 503, "a spool that was full is full after a restart"

    service.serve()
    until(lambda: service.send(refused).status == 200, what="room in the spool")
    taken += _span_ids(refused)
    until(lambda: service.count("full") == len(taken))
    assert _stored(service, "full") == sorted(taken)
    assert program.end() == 0
