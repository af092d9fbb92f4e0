"""From the socket to the queryable row: CPU a span, LLM-sized spans, latency of acknowledgement and of visibility."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Sequence

from bench import load, rotel, workload
from bench.figures import Figure
from bench.service import Service, running

PER_REQUEST = 512
HOUR_NS = 3_600_000_000_000
GIB = 1024.0**3
WITHOUT_SETTLING = {"SPANLEDGER_SETTLE_EVERY_SECONDS": "3600", "SPANLEDGER_JOBS_SCHEDULE": "off"}
"""Settling and jobs are measured by themselves (`settle`, `jobs`)."""
MERGED_AWAY_SECONDS = 60.0
"""After which parts that were merged into others are gone from the disk."""


def _bodies(kind: str, spans: int, seed: int) -> list[bytes]:
    start = time.time_ns() - HOUR_NS
    made = workload.requests(kind, spans, seed=seed, start_ns=start, window_ns=HOUR_NS // 2, per_request=PER_REQUEST)
    return list(made)


def _measured(
    service: Service, bodies: Sequence[bytes], spans: int, *, rate: float | None
) -> tuple[float, load.Report]:
    """CPU seconds of the service from the first byte until all is queryable and merged, and the client's report."""
    before = service.usage().cpu_seconds
    have = service.query("SELECT count() FROM spans")[0][0]
    report = load.run(service.otlp, bodies, spans, rate=rate)
    service.wait_for_spans(have + spans)
    service.wait_for_quiet()
    return service.usage().cpu_seconds - before, report


def cpu_per_span(scale: float) -> list[Figure]:
    """µs of CPU a span, all processes and background merges included, beside rotel in turns."""
    spans = int(PER_REQUEST * max(200, 2000 * scale))
    rotel_bodies = _bodies("spans19", PER_REQUEST * 400, seed=3)
    rotels = []
    with running(WITHOUT_SETTLING) as service:
        _measured(service, _bodies("spans19", PER_REQUEST * 200, seed=9), PER_REQUEST * 200, rate=None)  # warm
        results = []
        for seed in (1, 2, 3):
            cpu, report = _measured(service, _bodies("spans19", spans, seed=seed), spans, rate=None)
            results.append((cpu / spans * 1e6, spans / report.seconds))
            rotels.append(rotel.measure(rotel_bodies, PER_REQUEST * 400))
        time.sleep(MERGED_AWAY_SECONDS)
        disk = service.disk_bytes() / service.query("SELECT count() FROM spans")[0][0]
        resident = service.usage().resident_bytes / GIB
    ours = statistics.median(result[0] for result in results)
    theirs = statistics.median(rotels)
    return [
        Figure("service CPU a span, socket to merged row", ours, "µs", most=15),
        Figure("rotel in the same run, re-encoding only", theirs, "µs"),
        Figure("ratio", ours / theirs, "×"),
        Figure("accepted at full speed", statistics.median(result[1] for result in results) / 1000, "thousand spans/s"),
        Figure("disk a span, everything in the data directory", disk, "B", most=100),
        Figure("memory of all processes at the end", resident, "GiB", most=1.5),
    ]


def llm_sized(scale: float) -> list[Figure]:
    """Wire bytes a core with 10 kB of messages a span."""
    spans = int(PER_REQUEST * max(20, 100 * scale))
    with running(WITHOUT_SETTLING) as service:
        _measured(service, _bodies("chat10k", PER_REQUEST * 20, seed=9), PER_REQUEST * 20, rate=None)
        bodies = _bodies("chat10k", spans, seed=1)
        cpu, _report = _measured(service, bodies, spans, rate=None)
    return [Figure("LLM-sized spans, wire bytes per CPU second", sum(map(len, bodies)) / cpu / 1e6, "MB/s", least=50)]


class _Watcher:
    """Samples every 50 ms how many spans can be queried, and the memory of the service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._stop = threading.Event()
        self.seen: list[tuple[float, int]] = []
        self.resident: list[int] = []
        self._thread = threading.Thread(target=self._loop, daemon=True)

    def __enter__(self) -> _Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _loop(self) -> None:
        while not self._stop.wait(0.05):
            count = self._service.query("SELECT count() FROM spans")[0][0]
            self.seen.append((time.monotonic(), count))
            self.resident.append(self._service.usage().resident_bytes)


def latency(scale: float) -> list[Figure]:
    """At 20,000 spans/s: acknowledgement, and how long after it a span is visible; memory over the run."""
    rate, seconds = 20_000, max(20, 600 * scale)
    spans = int(rate * seconds / PER_REQUEST) * PER_REQUEST
    with running() as service:
        bodies = _bodies("spans19", spans, seed=4)
        with _Watcher(service) as watcher:
            started = time.monotonic()
            report = load.run(service.otlp, bodies, spans, rate=rate)
            service.wait_for_spans(spans)
            time.sleep(0.2)
    # a request's spans are acknowledged at its due time plus ack time; visible when the count passes them
    waits = []
    for done in range(PER_REQUEST, spans, PER_REQUEST * 4):
        due = started + done / rate
        visible = next(at for at, count in watcher.seen if count >= done)
        waits.append(visible - due)
    third = len(watcher.resident) // 3
    return [
        Figure(f"acknowledged (fsynced) p99 at {rate:,} spans/s", report.ack_p99_ms, "ms", most=25),
        Figure("queryable after its acknowledgement, p99", sorted(waits)[int(len(waits) * 0.99)], "s", most=2),
        Figure(f"memory at most, over {seconds:.0f} s", max(watcher.resident) / GIB, "GiB", most=1.5),
        Figure("memory, last third over second third", _growth(watcher.resident, third), "×"),
    ]


def _growth(resident: Sequence[int], third: int) -> float:
    return statistics.mean(resident[2 * third :]) / statistics.mean(resident[third : 2 * third])
