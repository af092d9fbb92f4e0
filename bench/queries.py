"""Queries on ten million spans, through the API as a user has it."""

from __future__ import annotations

import statistics
import time

from bench import load, workload
from bench.figures import Figure
from bench.service import Service, running

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


COLUMNS = "trace_id, span_id, name, started_at, duration_ns"
QUESTIONS = (
    ("a trace by its id", "SELECT * FROM spans WHERE trace_id = {{trace:String}}", 25),
    (
        "newest 100 by tenant, model and hour",
        "SELECT {columns} FROM spans WHERE tenant = '{tenant}' AND request_model = '{model}' "
        "AND started_at > toDateTime64('{at}', 9, 'UTC') - INTERVAL 1 HOUR "
        "AND started_at <= toDateTime64('{at}', 9, 'UTC') ORDER BY started_at DESC LIMIT 100",
        40,
    ),
    (
        "newest 100 by a rare attribute value",
        "SELECT {columns} FROM spans WHERE attributes['gen_ai.response.id'] = '{response}' "
        "ORDER BY started_at DESC LIMIT 100",
        150,
    ),
    (
        "newest 100 by a frequent attribute value",
        "SELECT {columns} FROM spans WHERE attributes['app.feature'] = '{feature}' ORDER BY started_at DESC LIMIT 100",
        150,
    ),
    ("count by an attribute key", "SELECT attributes['app.feature'], count() FROM spans GROUP BY 1", 600),
    ("distinct values of an attribute key", "SELECT uniq(attributes['gen_ai.response.id']) FROM spans", 600),
)
SAMPLE = (
    "SELECT trace_id, tenant, request_model, toString(started_at), attributes['gen_ai.response.id'], "
    "attributes['app.feature'] FROM spans WHERE cityHash64(span_id) % 1000 = 1 LIMIT 30"
)


def _ask(service: Service) -> list[Figure]:
    names = ("trace", "tenant", "model", "at", "response", "feature")
    sample = [dict(zip(names, row, strict=True)) for row in service.query(SAMPLE)]
    return [Figure(what, _median_ms(service, question, sample), "ms", most=most) for what, question, most in QUESTIONS]


def _median_ms(service: Service, question: str, sample: list[dict[str, str]]) -> float:
    """Of the second half of the answers; the first half warms caches."""
    times = []
    for values in sample:
        started = time.perf_counter()
        parameters = {"trace": values["trace"]} if "{{trace" in question else {}
        service.query(question.format(columns=COLUMNS, **values), parameters)
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[len(times) // 2 :])
