"""Explorer, graph and a trace's page over a day of ten million spans, asked over HTTP. `python -m bench --only pages`.

The day is put into the tables by SQL; the service that answers has nothing else to do.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from math import ceil
from multiprocessing import get_context
from pathlib import Path
from urllib.parse import urlencode

import urllib3

from analytics.settling.marks import HOURS, SETTLED, TOUCHED, set_mark
from bench.figures import Figure
from bench.jobs import fill_day, settle_traces
from bench.service import Service, ServiceError, running
from dashboards.render import NAV
from spanledger import sql
from spanledger.engine import open_engine
from spanledger.settings import MIB, load
from spanledger.upgrade import upgrade

TRACE = Path(__file__).with_name("pages_trace.sql")
SPANS = 10_000_000
TRACES = {"a" * 32: 200, "b" * 32: 10_000}
"""Ids of two traces, and their spans."""
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
ROUNDS = 40
"""Questions of a kind; the first fifth warms caches and is not counted."""
MEASURES = ("duration", "cost", "tokens", "kwh")
FILTERS = ("", "operation = chat", "tenant = tenant-7", "model = gpt-4o-mini and status = ok", "duration > 400ms")
KEYS = ("tenant", "model", "operation", "http.route", 'attributes["k8s.pod.name"]')
GRAPHS: tuple[dict[str, str], ...] = (
    {},
    {"type": "transition"},
    {"service": "support"},
    {"filter": "tenant = tenant-7"},
)
"""What is chosen on the page of the graph."""
QUIET = {"SPANLEDGER_JOBS_CATCH_UP_DAYS": "0", "SPANLEDGER_LOG_LEVEL": "error"}


def pages(scale: float) -> list[Figure]:
    """95th percentiles, answers read to their end, with the CPU that they took, and the size of the largest page."""
    spans = int(SPANS * scale) // 8 * 8
    start = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - DAY
    with tempfile.TemporaryDirectory(prefix="spanledger-pages-") as folder:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:  # the engine owns its directory
            pool.submit(_fill, folder, start, spans).result()
        with running({"SPANLEDGER_DATA_DIR": folder} | QUIET) as service:
            service.wait_for_quiet()
            return [*_explorer(service, start, spans), *_traces(service), _largest(service, start)]


def _fill(folder: str, start: datetime, spans: int) -> None:
    """The day and its traces, two more of them, and marks of settling that have passed it."""
    settings = load({"SPANLEDGER_DATA_DIR": folder, "SPANLEDGER_ENGINE_MAX_MEMORY_BYTES": str(4096 * MIB)})
    engine = open_engine(settings, role="bench")
    try:
        for _ in upgrade(engine, settings):
            pass
        fill_day(engine, start, spans)
        settle_traces(engine, start)
        for trace, many in TRACES.items():
            values = {"trace": trace, "spans": many, "start": f"{start + 9 * HOUR:%Y-%m-%d %H:%M:%S}"}
            engine.command(sql.read(TRACE), values)
        for mark in (TOUCHED, SETTLED, HOURS):
            set_mark(engine, mark, int((start + DAY).timestamp() * 1000))
    finally:
        engine.close()


def _explorer(service: Service, start: datetime, spans: int) -> list[Figure]:
    day = {"from": start.isoformat(), "to": (start + DAY).isoformat()}
    explore = "/api/v1/explore"
    maps = [f"{explore}/heat?{urlencode(day | {'measure': m, 'filter': f})}" for f in FILTERS for m in MEASURES]
    groups = [f"{explore}/groups?{urlencode(day | {'by': key, 'filter': f})}" for f in FILTERS for key in KEYS]
    noon = start + 12 * HOUR
    boxes: list[dict[str, str]] = [
        {"box_from": noon.isoformat(), "box_to": (noon + HOUR).isoformat(), "low": "600ms"},
        {"low": "790ms", "high": "1s"},
        {"select": "status = error"},
        {"measure": "cost", "low": "0.01", "filter": "operation = chat"},
        {"box_from": noon.isoformat()},
    ]
    compared = [f"{explore}/difference?{urlencode(day | box)}" for box in boxes]
    typed = [f"{explore}/values?{urlencode(day | {'key': key, 'part': '1'})}" for key in KEYS]
    known = [f"{explore}/keys?{urlencode(day)}"]
    graphs = [f"/graph?{urlencode(day | chosen)}" for chosen in GRAPHS]
    whole = [f"/explore?{urlencode(day | {'by': key, 'filter': f})}" for f in FILTERS for key in KEYS]
    of = f"over 24 h of {spans:,} spans"
    return [
        *_asked(service, f"heat map {of}", maps, 500),
        *_asked(service, f"groups by a key {of}", groups, 500),
        *_asked(service, f"page of the explorer {of}", whole),
        *_asked(service, f"what is different about a selection {of}", compared, 2000),
        *_asked(service, f"graph of all traces, or of some, {of}", graphs, 3000),
        *_asked(service, f"completion of values {of}", typed),
        *_asked(service, f"completion of keys {of}", known),
    ]


def _traces(service: Service) -> Iterator[Figure]:
    most = {200: 100.0, 10_000: 300.0}
    for trace, many in TRACES.items():
        yield from _asked(service, f"page of a trace of {many:,} spans", [f"/traces/{trace}"], most[many])
        yield from _asked(service, "… its spans for the waterfall", [f"/traces/{trace}/spans.json"])


def _largest(service: Service, start: datetime) -> Figure:
    """Of all pages, as they are sent before charts."""
    day = urlencode({"from": start.isoformat(), "to": (start + DAY).isoformat()})
    paths = [f"{path}?{day}" for _, path, _ in NAV] + [f"/traces/{trace}" for trace in TRACES]
    paths.append(f"/explore?{day}&select=status+%3D+error")
    return Figure("largest page before charts", max(len(_get(service, path)) for path in paths) / 1000, "kB", most=1000)


def _asked(service: Service, what: str, paths: Sequence[str], most: float | None = None) -> Iterator[Figure]:
    """The 95th percentile, and the mean of the CPU, which tells runs apart where other work goes on beside."""
    times, warm, before = [], ROUNDS // 5, 0.0
    for turn, path in enumerate(islice(cycle(paths), ROUNDS)):
        if turn == warm:
            before = service.usage().cpu_seconds
        began = time.perf_counter()
        _get(service, path)
        times.append((time.perf_counter() - began) * 1000)
    counted = sorted(times[warm:])
    yield Figure(f"{what}, p95", counted[ceil(0.95 * len(counted)) - 1], "ms", most)
    yield Figure("… CPU", (service.usage().cpu_seconds - before) * 1000 / len(counted), "ms")


def _get(service: Service, path: str) -> bytes:
    answer = urllib3.request("GET", service.api + path, timeout=60.0)
    if answer.status != 200:
        raise ServiceError(f"{path}: {answer.status} {answer.data[:300]!r}")
    return answer.data
