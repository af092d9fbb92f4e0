"""Queries on ten million spans, through the API as a user has it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from bench import load, workload
from bench.figures import Figure
from bench.service import Service, running

REPEATS = 15
HOUR_NS = 3_600_000_000_000
CHUNK = 512 * 1000


def ten_million(scale: float) -> list[Figure]:
    """Median milliseconds of each question, asked with ever different values; the answer's way over HTTP included."""
    spans = int(10_000_000 * scale) // 512 * 512
    with running({"SPANLEDGER_SEGMENT_BYTES": str(48 * 1024 * 1024)}) as service:
        _fill(service, spans)
        return _ask(service)


def _fill(service: Service, spans: int) -> None:
    """A day of spans."""
    day = 24 * HOUR_NS
    start = time.time_ns() - day
    sent = 0
    while sent < spans:
        count = min(CHUNK, spans - sent)
        window = day * count // spans
        bodies = list(workload.requests("spans19", count, seed=sent, start_ns=start, window_ns=window))
        load.run(service.otlp, bodies, count)
        start += window
        sent += count
        service.wait_for_spans(sent)
    service.wait_for_quiet()


def _ask(service: Service) -> list[Figure]:
    sample = service.query(
        "SELECT trace_id, tenant, request_model, toString(started_at), attributes['gen_ai.response.id'], "
        "attributes['app.feature'] "
        f"FROM spans WHERE cityHash64(span_id) % 1000 = 1 LIMIT {REPEATS * 2}"
    )

    def timed(sql_of: Callable[[list[str]], str]) -> float:
        times = []
        for row in sample:
            rows = service.query  # warm connection each time: urllib3 opens one
            started = time.perf_counter()
            rows(sql_of(row))
            times.append((time.perf_counter() - started) * 1000)
        return statistics.median(times[len(times) // 2 :])

    return [
        Figure("a trace by its id", timed(lambda r: f"SELECT * FROM spans WHERE trace_id = '{r[0]}'"), "ms", most=25),
        Figure(
            "newest 100 by tenant, model and hour",
            timed(
                lambda r: (
                    "SELECT trace_id, span_id, name, started_at, duration_ns FROM spans "
                    f"WHERE tenant = '{r[1]}' AND request_model = '{r[2]}' "
                    f"AND started_at > toDateTime64('{r[3]}', 9, 'UTC') - INTERVAL 1 HOUR "
                    f"AND started_at <= toDateTime64('{r[3]}', 9, 'UTC') "
                    "ORDER BY started_at DESC LIMIT 100"
                )
            ),
            "ms",
            most=40,
        ),
        Figure(
            "newest 100 by a rare attribute value",
            timed(
                lambda r: (
                    "SELECT trace_id, span_id, name, started_at FROM spans "
                    f"WHERE attributes['gen_ai.response.id'] = '{r[4]}' ORDER BY started_at DESC LIMIT 100"
                )
            ),
            "ms",
            most=150,
        ),
        Figure(
            "newest 100 by a frequent attribute value",
            timed(
                lambda r: (
                    "SELECT trace_id, span_id, name, started_at FROM spans "
                    f"WHERE attributes['app.feature'] = '{r[5]}' ORDER BY started_at DESC LIMIT 100"
                )
            ),
            "ms",
            most=150,
        ),
        Figure(
            "count by an attribute key",
            timed(lambda _r: "SELECT attributes['app.feature'], count() FROM spans GROUP BY 1"),
            "ms",
            most=600,
        ),
        Figure(
            "count by an attribute key with a value for each span",
            timed(lambda _r: "SELECT uniq(attributes['gen_ai.response.id']) FROM spans"),
            "ms",
            most=600,
        ),
    ]
