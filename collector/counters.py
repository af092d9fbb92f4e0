"""What the collector took, refused and stored: counted here, shown as Prometheus text and in `collect.json`.

Totals survive restarts: they are read back from the file, which is written once a second, so a crash costs at most a
second of counts (and never data).
"""

from __future__ import annotations

import json
import os
import threading
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

STATUS_FILE = "collect.json"
_PREFIX = "spanledger_"


@dataclass(frozen=True)
class Total:
    """A counter: its name (without prefix and `_total`), what it counts, its labels."""

    name: str
    help: str
    labels: tuple[str, ...] = ("signal",)


TOTALS = {
    total.name: total
    for total in (
        Total("accepted_requests", "Requests stored in the spool."),
        Total("accepted_items", "Spans, log records and data points stored in the spool."),
        Total("accepted_bytes", "Bytes of stored bodies, inflated."),
        Total("rejected_items", "Items of accepted requests that were not taken.", ("signal", "reason")),
        Total("mended_requests", "Accepted requests with text that was not UTF-8, or values nested too deep."),
        Total("resent_requests", "Requests that were stored before and were answered without storing them again."),
        Total("refused_requests", "Requests answered with an error.", ("transport", "cause")),
        Total("torn_segments", "Segments whose end was cut off at a start, because it was not whole."),
        Total("torn_bytes", "Bytes cut off so; they lie in the spool's folder `torn`."),
        Total("lost_segments", "Sealed segments that somebody else removed before they were in the engine."),
    )
}
COMMIT_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Upper bounds of the histogram of group commits (write and fsync)."""


@dataclass(frozen=True)
class SpoolState:
    """The spool at one moment."""

    problem: str
    """Why it can't be written, or ''."""
    bytes: int
    """On disk and not yet in the engine, and on the way to disk."""
    bound: int
    segments: Mapping[str, int]
    """Per signal, sealed and waiting for the drain."""

    @property
    def full(self) -> float:
        """From 0 (empty) to 1 (refuses)."""
        return min(1.0, self.bytes / self.bound)


class HasState(Protocol):
    """A spool, as far as it is shown."""

    def state(self) -> SpoolState:
        """How it is now."""
        ...


class Counters:
    """All totals of one collector. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._totals: defaultdict[tuple[str, ...], int] = defaultdict(int)
        self._commits = [0] * (len(COMMIT_SECONDS) + 1)
        self._commit_seconds = 0.0

    def add(self, name: str, *labels: str, by: int = 1) -> None:
        """Count `by` more; `name` and labels as in TOTALS."""
        if len(labels) != len(TOTALS[name].labels):
            raise ValueError(f"{name} has the labels {TOTALS[name].labels}, not {labels}.")
        with self._lock:
            self._totals[(name, *labels)] += by

    def value(self, name: str, *labels: str) -> int:
        """What was counted so far."""
        with self._lock:
            return self._totals.get((name, *labels), 0)

    def observe_commit(self, seconds: float) -> None:
        """A group commit took so long."""
        with self._lock:
            self._commits[bisect_left(COMMIT_SECONDS, seconds)] += 1
            self._commit_seconds += seconds

    def totals(self) -> list[dict[str, Any]]:
        """Every total as {"name", "labels", "value"}."""
        with self._lock:
            items = sorted(self._totals.items())
        return [
            {"name": name, "labels": dict(zip(TOTALS[name].labels, labels, strict=True)), "value": value}
            for (name, *labels), value in items
        ]

    def restore(self, totals: Iterable[Mapping[str, Any]]) -> None:
        """Go on from totals as `totals()` gives them; what this version does not know is left out."""
        for total in totals:
            known = TOTALS.get(total["name"])
            if known and set(known.labels) == set(total["labels"]):
                self.add(known.name, *(total["labels"][label] for label in known.labels), by=total["value"])

    def commits(self) -> tuple[list[int], float]:
        """Counts per bucket of COMMIT_SECONDS (the last is above all) and the sum of seconds."""
        with self._lock:
            return list(self._commits), self._commit_seconds


class _Families:
    """The collector's metrics in the form that prometheus_client writes."""

    def __init__(self, counters: Counters, spool: HasState) -> None:
        self._counters = counters
        self._spool = spool

    def collect(self) -> Iterator[Metric]:
        """All metrics now."""
        families = {t.name: CounterMetricFamily(_PREFIX + t.name, t.help, labels=t.labels) for t in TOTALS.values()}
        for total in self._counters.totals():
            families[total["name"]].add_metric(list(total["labels"].values()), total["value"])
        yield from families.values()
        yield from self._gauges()
        counts, seconds = self._counters.commits()
        bounds = [*map(str, COMMIT_SECONDS), "+Inf"]
        buckets = [(bound, float(sum(counts[: index + 1]))) for index, bound in enumerate(bounds)]
        yield HistogramMetricFamily(
            f"{_PREFIX}spool_commit_seconds", "Time of a group commit: write and fsync.", buckets, seconds
        )

    def _gauges(self) -> Iterator[Metric]:
        state = self._spool.state()
        yield GaugeMetricFamily(f"{_PREFIX}spool_bytes", "Bytes in the spool, not yet in the engine.", state.bytes)
        yield GaugeMetricFamily(f"{_PREFIX}spool_max_bytes", "Bound of the spool; beyond it clients wait.", state.bound)
        yield GaugeMetricFamily(f"{_PREFIX}spool_healthy", "1 when the spool can be written.", int(not state.problem))
        segments = GaugeMetricFamily(f"{_PREFIX}spool_segments", "Segments that wait for the drain.", labels=["signal"])
        for signal, count in state.segments.items():
            segments.add_metric([signal], count)
        yield segments


def render(counters: Counters, spool: HasState) -> bytes:
    """Prometheus text."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Families(counters, spool))
    return generate_latest(registry)


def load(data_dir: Path) -> Counters:
    """Counters that go on from `collect.json`, or from zero when it is absent or unreadable."""
    counters = Counters()
    try:
        counters.restore(json.loads((data_dir / STATUS_FILE).read_bytes())["totals"])
    except (OSError, ValueError, KeyError, TypeError):
        return counters
    return counters


def write_status(data_dir: Path, counters: Counters, spool: HasState) -> None:
    """Write `collect.json`, whole or not at all: totals, spool and process, for the API and for the next start."""
    status = {
        "at": time.time(),
        "pid": os.getpid(),
        "totals": counters.totals(),
        "spool": asdict(spool.state()),
    }
    fresh = data_dir / f"{STATUS_FILE}.new"
    fresh.write_bytes(json.dumps(status, separators=(",", ":")).encode())
    fresh.replace(data_dir / STATUS_FILE)
