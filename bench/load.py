"""A client that sends OTLP/HTTP and times the answers: `python -m bench.load --endpoint http://127.0.0.1:4318`.

Every body is made before the clock starts and kept in memory (0.8 kB a span of kind spans19). With `--rate` the
schedule is open: a request has a due time that no slow answer moves, and its latency counts from then. 429, 502, 503,
504 and a broken connection are met as OTLP asks: wait as long as told, send the same bytes again. Any other answer ends
the run, and so does a success that says spans were rejected.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from gzip import compress
from typing import NamedTuple, TypeVar
from urllib.parse import urlsplit

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from bench import workload

PATH = "/v1/traces"
RETRYABLE = {429, 502, 503, 504}
ANSWER_TIMEOUT_S = 30.0
GIVE_UP_S = 60.0  # a request not taken this long after its first try ends the run
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 5.0  # before another try, when the server names no time
GZIP_LEVEL = 6  # what SDKs use


Number = TypeVar("Number", int, float)


class LoadError(Exception):
    """The endpoint can't be reached, refuses, or does not take a request in time; the message says which."""


@dataclass(frozen=True)
class Report:
    """What was sent and how it was acknowledged; `bytes` counts each body once, as on the wire."""

    spans: int
    requests: int
    seconds: float
    ack_p50_ms: float
    ack_p99_ms: float
    ack_max_ms: float
    retries: int
    bytes: int


def run(  # noqa: PLR0913  (one argument for each flag of the command)
    endpoint: str,
    bodies: Sequence[bytes],
    spans: int,
    *,
    rate: float | None = None,
    connections: int = 4,
    gzip: bool = False,
) -> Report:
    """Sends each body once over kept-alive connections and returns when all are acknowledged.

    `spans` is what the bodies hold together. `rate` is in spans a second; None sends as fast as answers come.
    """
    if gzip:
        bodies = [compress(body, GZIP_LEVEL, mtime=0) for body in bodies]
    clients = [_Client(endpoint, gzip=gzip) for _ in range(connections)]
    schedule = _Schedule(bodies, spans / len(bodies) / rate if rate else None)
    with ThreadPoolExecutor(connections) as pool:
        try:
            for work in [pool.submit(client.work, schedule) for client in clients]:
                work.result()
        finally:
            schedule.stop()  # Ctrl-C reaches only this thread
    seconds = time.perf_counter() - schedule.started_s
    acks_ms = sorted(1000 * ack_s for client in clients for ack_s in client.acks_s)
    return Report(
        spans=spans,
        requests=len(bodies),
        seconds=round(seconds, 3),
        ack_p50_ms=_quantile(acks_ms, 0.5),
        ack_p99_ms=_quantile(acks_ms, 0.99),
        ack_max_ms=_quantile(acks_ms, 1),
        retries=sum(client.retries for client in clients),
        bytes=sum(map(len, bodies)),
    )


class _Schedule:
    """Hands each body to one client, when it is due."""

    def __init__(self, bodies: Sequence[bytes], step_s: float | None) -> None:
        self._bodies = iter(enumerate(bodies))
        self._step_s = step_s
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.started_s = time.perf_counter()

    def next(self) -> tuple[float, bytes] | None:
        """The time from which the latency counts, and the body; None when there are no more."""
        with self._lock:
            index, body = next(self._bodies, (0, None))
        if body is None or self._stopped.is_set():
            return None
        if self._step_s is None:
            return time.perf_counter(), body
        due_s = self.started_s + index * self._step_s
        self.wait(due_s - time.perf_counter())
        return due_s, body

    def wait(self, seconds: float) -> bool:
        """Sleeps; wakes up early and returns True if the run is stopped."""
        return self._stopped.wait(max(seconds, 0))

    def stop(self) -> None:
        """No more bodies, no more tries: the run is over."""
        self._stopped.set()


class _Client:
    """One connection, used by one thread; keeps the latency in seconds of every acknowledged request."""

    def __init__(self, endpoint: str, *, gzip: bool) -> None:
        url = urlsplit(endpoint)
        if url.scheme != "http" or not url.hostname:
            raise LoadError(f"The endpoint {endpoint!r} is not of the form http://host:port.")
        self._path = url.path.rstrip("/") + PATH
        self._headers = {"Content-Type": "application/x-protobuf"} | ({"Content-Encoding": "gzip"} if gzip else {})
        self._connection = http.client.HTTPConnection(url.hostname, url.port, timeout=ANSWER_TIMEOUT_S)
        self.acks_s: list[float] = []
        self.retries = 0
        try:
            self._connection.connect()
        except OSError as error:
            raise LoadError(f"Nothing answers at {endpoint}: {error}.") from error

    def work(self, schedule: _Schedule) -> None:
        """Sends what the schedule hands out, until there is no more or something fails."""
        try:
            while item := schedule.next():
                due_s, body = item
                self._deliver(body, schedule)
                self.acks_s.append(time.perf_counter() - due_s)
        except BaseException:
            schedule.stop()
            raise
        finally:
            self._connection.close()

    def _deliver(self, body: bytes, schedule: _Schedule) -> None:
        """Sends one body until it is taken, or the run is stopped."""
        give_up_s = time.perf_counter() + GIVE_UP_S
        backoff_s = FIRST_WAIT_S
        while refusal := self._send(body):
            if time.perf_counter() > give_up_s:
                raise LoadError(f"A request was not taken within {GIVE_UP_S:.0f} s; the last try: {refusal.why}.")
            self.retries += 1
            wait_s = backoff_s * random.uniform(0.5, 1) if refusal.wait_s is None else refusal.wait_s
            if schedule.wait(wait_s):
                return
            backoff_s = min(2 * backoff_s, LONGEST_WAIT_S)

    def _send(self, body: bytes) -> _Refusal | None:
        """One try; None when the server has taken all spans of the body."""
        try:
            self._connection.request("POST", self._path, body, self._headers)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()  # the next try connects again
            return _Refusal(f"{type(error).__name__}: {error}", None)
        if answer.status in RETRYABLE:
            return _Refusal(f"status {answer.status}", _seconds(answer.headers.get("Retry-After")))
        if answer.status != http.client.OK:
            raise LoadError(f"The endpoint answered with status {answer.status}: {text[:300]!r}.")
        _check_all_taken(text)
        return None


class _Refusal(NamedTuple):
    """Why a try failed that may succeed later, and the seconds to wait if the server named them."""

    why: str
    wait_s: float | None


def _seconds(retry_after: str | None) -> float | None:
    """Retry-After in seconds; None if it is absent, a date (OTLP does not use them) or out of bounds."""
    try:
        wait_s = float(retry_after or "")
    except ValueError:
        return None
    return wait_s if 0 <= wait_s <= GIVE_UP_S else None


def _check_all_taken(text: bytes) -> None:
    """Refuses a success that took only some of the spans: the numbers of such a run would be wrong."""
    try:
        rejected = ExportTraceServiceResponse.FromString(text).partial_success.rejected_spans
    except DecodeError as error:
        raise LoadError(f"The endpoint answered 200 with a body that is not OTLP: {text[:300]!r}.") from error
    if rejected:
        raise LoadError(f"The endpoint rejected {rejected} spans of a request.")


def _quantile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least `share` of the values do not exceed, rounded to 0.001."""
    return round(ordered[max(math.ceil(share * len(ordered)) - 1, 0)], 3)


def _positive(number: type[Number]) -> Callable[[str], Number]:
    """A parser of numbers above zero."""

    def parse(text: str) -> Number:
        value = number(text)
        if not 0 < value < math.inf:
            raise argparse.ArgumentTypeError(f"{text} is not above zero")
        return value

    return parse


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description="Send synthetic spans over OTLP/HTTP.")
    parser.add_argument("--endpoint", default="http://127.0.0.1:4318", help="base address of the receiver")
    parser.add_argument("--kind", choices=sorted(workload.KINDS), default="spans19")
    parser.add_argument("--spans", type=_positive(int), default=100_000)
    parser.add_argument("--rate", type=_positive(float), help="spans a second; without it, as fast as answers come")
    parser.add_argument("--connections", type=_positive(int), default=4)
    parser.add_argument("--gzip", action="store_true", help="compress the bodies, before the clock starts")
    parser.add_argument("--per-request", type=_positive(int), default=512, help="spans in a request")
    parser.add_argument("--hours", type=_positive(float), default=1.0, help="the spans lie in so many hours up to now")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other spans")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> None:
    """Makes the bodies, sends them, and prints the report as JSON on the last line."""
    args = _arguments(argv)
    window_ns = int(args.hours * 3600e9)
    bodies = list(
        workload.requests(
            args.kind,
            args.spans,
            seed=args.seed,
            start_ns=time.time_ns() - window_ns,
            window_ns=window_ns,
            per_request=args.per_request,
        )
    )
    print(f"{args.spans:,} spans in {len(bodies):,} requests are made; sending to {args.endpoint}", flush=True)
    try:
        report = run(args.endpoint, bodies, args.spans, rate=args.rate, connections=args.connections, gzip=args.gzip)
    except LoadError as error:
        sys.exit(f"The load run failed. {error}")
    print(json.dumps(asdict(report)))


if __name__ == "__main__":
    main()
