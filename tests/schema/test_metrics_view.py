"""Metric points of all five kinds; 0 is a value, and what was not sent is NULL."""

from __future__ import annotations

import secrets
import time
from typing import Any

import pytest
from opentelemetry.proto.metrics.v1.metrics_pb2 import (
    Exemplar,
    ExponentialHistogram,
    ExponentialHistogramDataPoint,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    NumberDataPoint,
    Sum,
    Summary,
    SummaryDataPoint,
)

from collector.segment import pack_header
from collector.signals import METRICS
from spanledger.engine import Engine
from tests.schema.otlp import DAY_NS, key_values, metrics, store

NUMBER_COLUMNS = "value, value_int"


def point(**fields: Any) -> Any:
    return NumberDataPoint(**({"time_unix_nano": time.time_ns()} | fields))


def stored(engine: Engine, metric: Any, columns: str, head: bytes = b"") -> list[list[Any]]:
    """Insert a metric and read its points."""
    service = secrets.token_hex(8)
    store(engine, METRICS, head + metrics([metric], {"service.name": service}))
    sql = f"SELECT {columns} FROM metric_points WHERE service = {{service:String}} ORDER BY time, value"
    return engine.rows(sql, {"service": service})


def test_doubles(engine: Engine) -> None:
    numbers = [0.0, -1.5, 1e300, 5e-324, float("inf"), float("nan")]
    now = time.time_ns()
    points = [point(as_double=number, time_unix_nano=now + n) for n, number in enumerate(numbers)]
    found = stored(engine, Metric(name="g", gauge=Gauge(data_points=points)), "toString(value), value_int")
    assert [str(float(row[0])) for row in found] == [str(number) for number in numbers]
    assert {row[1] for row in found} == {None}


def test_integers(engine: Engine) -> None:
    numbers = [0, 1, -1, 2**53, -(2**53), 2**63 - 1, -(2**63)]
    now = time.time_ns()
    points = [point(as_int=number, time_unix_nano=now + n) for n, number in enumerate(numbers)]
    found = stored(engine, Metric(name="g", gauge=Gauge(data_points=points)), "toString(value), value_int")
    assert [[float(text), integer] for text, integer in found] == [[float(number), number] for number in numbers]


def test_no_recorded_value(engine: Engine) -> None:
    metric = Metric(name="g", gauge=Gauge(data_points=[point(flags=1)]))
    assert stored(engine, metric, "no_recorded_value, value, value_int, count, sum") == [[True, None, None, None, None]]


def test_sum(engine: Engine) -> None:
    now = time.time_ns()
    sent = Sum(
        data_points=[point(as_int=7, start_time_unix_nano=now - 10, attributes=key_values({"a": 1, "b": ["x"]}))],
        aggregation_temporality=2,  # type: ignore[arg-type]
        is_monotonic=True,
    )
    metric = Metric(name="requests", unit="{request}", description="How many.", sum=sent)
    columns = {
        "name": "requests",
        "unit": "{request}",
        "description": "How many.",
        "kind": "sum",
        "temporality": "cumulative",
        "monotonic": True,
        "value": 7,
        "toUnixTimestamp64Nano(assumeNotNull(start_time))": now - 10,
        "attributes": {"a": "1", "b": '["x"]'},
        "problems": [],
    }
    (found,) = stored(engine, metric, ", ".join(columns))
    assert dict(zip(columns, found, strict=True)) == columns


HISTOGRAM_COLUMNS = "kind, temporality, count, sum, min, max, bucket_counts, explicit_bounds, value"


def test_histogram(engine: Engine) -> None:
    sent = HistogramDataPoint(
        time_unix_nano=time.time_ns(), count=3, sum=0.0, min=0.0, max=9.5,
        bucket_counts=[1, 0, 2], explicit_bounds=[0.0, 1.5],
    )  # fmt: skip
    metric = Metric(name="h", histogram=Histogram(data_points=[sent], aggregation_temporality=1))  # type: ignore[arg-type]
    assert stored(engine, metric, HISTOGRAM_COLUMNS) == [
        ["histogram", "delta", 3, 0, 0, 9.5, [1, 0, 2], [0, 1.5], None]
    ]


def test_an_empty_histogram_has_no_sum_and_a_count_of_zero(engine: Engine) -> None:
    metric = Metric(name="h", histogram=Histogram(data_points=[HistogramDataPoint(time_unix_nano=time.time_ns())]))
    found = stored(engine, metric, HISTOGRAM_COLUMNS)
    assert found == [["histogram", "unspecified", 0, None, None, None, [], [], None]]


def test_exponential_histogram(engine: Engine) -> None:
    sent = ExponentialHistogramDataPoint(
        time_unix_nano=time.time_ns(), count=4, sum=1.5, scale=-3, zero_count=0, zero_threshold=0.001, min=0.0
    )
    sent.positive.offset = -5
    sent.positive.bucket_counts.extend([1, 0, 2**40])
    sent.negative.offset = 0
    sent.negative.bucket_counts.extend([3])
    metric = Metric(name="e", exponential_histogram=ExponentialHistogram(data_points=[sent]))
    columns = (
        "kind, count, sum, min, max, scale, zero_count, zero_threshold, positive_offset, positive_counts,"
        "negative_offset, negative_counts"
    )
    assert stored(engine, metric, columns) == [
        ["exponential_histogram", 4, 1.5, 0, None, -3, 0, 0.001, -5, [1, 0, 2**40], 0, [3]]
    ]


def test_summary(engine: Engine) -> None:
    sent = SummaryDataPoint(time_unix_nano=time.time_ns(), count=5, sum=0.0)
    sent.quantile_values.add(quantile=0.0, value=-1.0)
    sent.quantile_values.add(quantile=0.99, value=0.0)
    metric = Metric(name="s", summary=Summary(data_points=[sent]))
    assert stored(engine, metric, "kind, count, sum, quantiles, scale") == [
        ["summary", 5, 0, [{"quantile": 0, "value": -1}, {"quantile": 0.99, "value": 0}], None]
    ]


def test_exemplars(engine: Engine) -> None:
    now = time.time_ns()
    exemplars = [
        Exemplar(as_int=0, time_unix_nano=now, trace_id=b"1" * 16, span_id=b"2" * 8),
        Exemplar(as_double=2.5, filtered_attributes=key_values({"a": True, "b": "x"})),
        Exemplar(),
    ]
    attributes = key_values({"own": "kept", "two": 2})
    metric = Metric(name="g", gauge=Gauge(data_points=[point(as_int=1, exemplars=exemplars, attributes=attributes)]))
    ((found, at, own),) = stored(engine, metric, "exemplars, toUnixTimestamp64Nano(exemplars[1].time), attributes")
    assert [item["value"] for item in found] == [0, 2.5, None]
    assert [item["attributes"] for item in found] == [{}, {"a": "true", "b": "x"}, {}]
    assert (found[0]["trace_id"], found[0]["span_id"], at) == ("31" * 16, "32" * 8, now)
    assert own == {"own": "kept", "two": "2"}


def test_token_usage_can_be_asked_for(engine: Engine) -> None:
    now = time.time_ns()
    attributes = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
    points = [
        HistogramDataPoint(
            time_unix_nano=now, count=count, sum=sum_, bucket_counts=[0, count], explicit_bounds=[1.0],
            attributes=key_values(attributes | {"gen_ai.token.type": kind}),
        )
        for kind, count, sum_ in (("input", 2, 300.0), ("output", 2, 50.0), ("input", 1, 20.0))
    ]  # fmt: skip
    histogram = Histogram(data_points=points, aggregation_temporality=1)  # type: ignore[arg-type]
    service = secrets.token_hex(8)
    metric = Metric(name="gen_ai.client.token.usage", unit="{token}", histogram=histogram)
    store(engine, METRICS, metrics([metric], {"service.name": service, "tenant.id": "acme"}))
    found = engine.rows(
        "SELECT attributes['gen_ai.token.type'] AS type, sum(sum), sum(count), any(tenant) FROM metric_points"
        " WHERE name = 'gen_ai.client.token.usage' AND service = {service:String} GROUP BY type ORDER BY type",
        {"service": service},
    )
    assert found == [["input", 320, 3, "acme"], ["output", 50, 2, "acme"]]


def test_points_of_one_series_share_a_number(engine: Engine) -> None:
    one, other, third = key_values({"a": 1, "b": 2}), key_values({"b": 2, "a": 1}), key_values({"a": 1})
    now = time.time_ns()
    points = [point(as_int=n, attributes=a, time_unix_nano=now + n) for n, a in enumerate((one, other, third))]
    found = stored(engine, Metric(name="g", gauge=Gauge(data_points=points)), "series")
    assert found[0] == found[1] != found[2]


HOUR_NS = 3600 * 10**9


@pytest.mark.parametrize(
    ("own", "start", "found", "problems"),
    [
        (-1, -HOUR_NS, (-1, -HOUR_NS), []),
        (-1, 0, (-1, None), []),
        (0, 0, (0, None), ["time"]),
        (2**64 - 1, 0, (0, None), ["time"]),
        (5, 3, (0, None), ["time", "start_time"]),
        (-HOUR_NS, -1, (-HOUR_NS, None), ["start_time"]),
    ],
)
def test_times(engine: Engine, own: int, start: int, found: tuple[int, int | None], problems: list[str]) -> None:
    """Negative numbers here are before the time of acceptance."""
    accepted = time.time_ns() - 3 * DAY_NS
    own_ns, start_ns = (accepted + ns if ns < 0 else ns for ns in (own, start))
    metric = Metric(name="g", gauge=Gauge(data_points=[point(time_unix_nano=own_ns, start_time_unix_nano=start_ns)]))
    columns = "toUnixTimestamp64Nano(time), toUnixTimestamp64Nano(start_time), problems, attributes"
    ((time_found, start_found, problems_found, attributes),) = stored(
        engine, metric, columns, pack_header(1, 1, accepted, b"d" * 16)
    )
    assert (time_found, problems_found) == (accepted + found[0], problems)
    assert start_found == (None if found[1] is None else accepted + found[1])
    raw = {"spanledger.raw.time_unix_nano": str(own_ns), "spanledger.raw.start_time_unix_nano": str(start_ns)}
    assert raw.items() <= attributes.items() if problems else attributes == {}


def test_a_metric_without_data_and_one_with_an_unknown_temporality(engine: Engine) -> None:
    assert stored(engine, Metric(name="nothing"), "name") == []
    assert stored(engine, Metric(name="nothing", gauge=Gauge()), "name") == []
    metric = Metric(name="s", sum=Sum(data_points=[point(as_int=1)], aggregation_temporality=9))  # type: ignore[arg-type]
    ((temporality, problems, attributes),) = stored(engine, metric, "temporality, problems, attributes")
    assert (temporality, problems) == ("unspecified", ["temporality"])
    assert attributes["spanledger.raw.temporality"] == "9"
