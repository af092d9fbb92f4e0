"""kill -9 of any process at any moment, under load: every acknowledged span is stored, exactly once."""

from __future__ import annotations

import http.client
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.e2e.conftest import Program, Service
from tests.waiting import until

SEED = 20261121
CLIENTS = 3
SPANS = 5
DAYS = 6
"""Spans of an insert lie in so many partitions, which the engine writes one after the other: more to be torn apart."""
VICTIMS = {
    "collect": ["collect"],
    "serve": ["serve"],
    "both": ["collect", "serve"],
    "up": ["up"],
    "all": ["up", "collect", "serve"],
}
KILLS = {"collect": 9, "serve": 11, "both": 4, "up": 3, "all": 3}
"""Times that each is killed in a round; CRASH_ROUNDS says how many rounds."""


class Client(threading.Thread):
    """Sends requests as an SDK does: the same bytes again until they are acknowledged; some it gives up."""

    def __init__(self, url: str, number: int, rng: random.Random) -> None:
        super().__init__(daemon=True)
        self.acknowledged: set[str] = set()
        self.given_up: set[str] = set()
        self.tries = 0
        self.stop = threading.Event()
        """Begin no new request; what is under way is sent until it is acknowledged."""
        self._address = urlsplit(url).netloc
        self._connection = http.client.HTTPConnection(self._address, timeout=10)
        self._number = number
        self._rng = rng
        self._sent = 0

    def run(self) -> None:
        while not self.stop.is_set():
            self._deliver()
            time.sleep(0.01)
        self._connection.close()

    def _deliver(self) -> None:
        span_ids = [self._rng.randbytes(8) for _ in range(SPANS)]
        body = self._body(span_ids)
        names = {span_id.hex() for span_id in span_ids}
        while not self._try(body):
            if self._rng.random() < 0.02:
                self.given_up |= names
                return
            time.sleep(0.05)
        self.acknowledged |= names

    def _body(self, span_ids: list[bytes]) -> bytes:
        request = ExportTraceServiceRequest()
        resource = request.resource_spans.add()
        resource.resource.attributes.add(key="service.name").value.string_value = "crash"
        spans = resource.scope_spans.add().spans
        now = time.time_ns()
        for span_id in span_ids:
            start = now - self._rng.randrange(DAYS) * 86_400_000_000_000
            spans.add(
                name="a span", trace_id=span_id * 2, span_id=span_id,
                start_time_unix_nano=start, end_time_unix_nano=start + 1000,
            )  # fmt: skip
        return bytes(request.SerializeToString())

    def _try(self, body: bytes) -> bool:
        self.tries += 1
        try:
            self._connection.request("POST", "/v1/traces", body, {"Content-Type": "application/x-protobuf"})
            reply = self._connection.getresponse()
            reply.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return False
        assert reply.status in (200, 503), reply.status
        return reply.status == 200


def _restart(service: Service) -> Program:
    """`up` again, when the processes of the last one are gone. They go by themselves."""
    until(lambda: not service.pids(), what="the end of processes without a supervisor")
    return service.start("up")


def _kill(service: Service, roles: list[str]) -> int:
    """SIGKILL to those that live; how many that were."""
    pids = [pid for role in roles for pid in service.pids(role)]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return len(pids)


def _storm(service: Service, rng: random.Random) -> Counter[str]:
    """Kill in an order of chance; what was killed."""
    victims = list(Counter(KILLS).elements()) * int(os.environ.get("CRASH_ROUNDS", "1"))
    rng.shuffle(victims)
    killed: Counter[str] = Counter()
    program = service.up()
    while victims:
        time.sleep(rng.choice([rng.uniform(0, 0.6), rng.uniform(0.5, 3.5)]))
        victim = victims.pop()
        if _kill(service, VICTIMS[victim]):
            killed[victim] += 1
        else:  # none of them lives just now
            victims.insert(0, victim)
        if "up" in VICTIMS[victim]:
            program.end(signal.SIGKILL)
            program = _restart(service)
    return killed


def _stored(service: Service) -> list[str]:
    return [span_id for (span_id,) in service.rows("SELECT span_id FROM spans WHERE service = 'crash'")]


def test_kill_9_at_random_moments(new_service: Callable[..., Service]) -> None:
    seed = int(os.environ.get("CRASH_SEED", SEED))
    service = new_service(QUERY_MAX_ROWS=2_000_000, SEGMENT_BYTES=256 * 1024)
    clients = [
        Client(
            f"http://127.0.0.1:{service.environment['SPANLEDGER_OTLP_HTTP_PORT']}", number, random.Random(seed + number)
        )
        for number in range(1, CLIENTS + 1)
    ]
    for client in clients:
        client.start()
    killed = _storm(service, random.Random(seed))
    for client in clients:
        client.stop.set()
    for client in clients:
        client.join(60)
        assert not client.is_alive()

    story = f"CRASH_SEED={seed}, killed {dict(killed)}; the log ends with:\n{service.log.read_text()[-3000:]}"
    until(lambda: service.answers() and not service.waiting(), 60, f"an empty spool ({story})")
    stored = _stored(service)
    acknowledged = set[str]().union(*(client.acknowledged for client in clients))
    sent = acknowledged.union(*(client.given_up for client in clients))
    assert len(acknowledged) > 1000, story
    assert not acknowledged - set(stored), (
        f"lost {len(acknowledged - set(stored))} of {len(acknowledged)} spans; {story}"
    )
    assert not set(stored) - sent, story
    assert len(stored) == len(set(stored)), f"{len(stored) - len(set(stored))} spans are stored twice; {story}"
    assert not (service.data_dir / "quarantine").exists(), story
