"""OTLP messages in few words, and what the views should make of attribute values."""

from __future__ import annotations

import base64
import json
import math
import secrets
import time
from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, LogsData
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric, MetricsData
from opentelemetry.proto.trace.v1.trace_pb2 import Span, TracesData

from collector.insert import insert
from collector.signals import Signal
from spanledger.engine import Engine

DAY_NS = 24 * 3600 * 10**9
ZERO_TRACE, ZERO_SPAN = "0" * 32, "0" * 16

Attributes = Mapping[str, Any] | Iterable[tuple[str, Any]]


KINDS = {bool: "bool_value", int: "int_value", float: "double_value", str: "string_value", bytes: "bytes_value"}


def any_value(value: Any) -> Any:
    """The kind of AnyValue that an SDK would choose; None is one without a value."""
    if value is None:
        return AnyValue()
    if isinstance(value, list):
        return AnyValue(array_value=ArrayValue(values=[any_value(item) for item in value]))
    return AnyValue(**{KINDS[type(value)]: value})


def key_values(attributes: Attributes) -> list[Any]:
    pairs = attributes.items() if isinstance(attributes, Mapping) else attributes
    return [KeyValue(key=key, value=any_value(value)) for key, value in pairs]


def span(attributes: Attributes = (), **fields: Any) -> Any:
    """A span of one second that has just ended, with ids of its own."""
    now = time.time_ns()
    times = {"start_time_unix_nano": now - 10**9, "end_time_unix_nano": now}
    ids = {"trace_id": secrets.token_bytes(16), "span_id": secrets.token_bytes(8)}
    return Span(attributes=key_values(attributes), **({"name": "test"} | ids | times | fields))


def log_record(attributes: Attributes = (), **fields: Any) -> Any:
    ids = {"trace_id": secrets.token_bytes(16), "span_id": secrets.token_bytes(8)}
    return LogRecord(attributes=key_values(attributes), **(ids | {"time_unix_nano": time.time_ns()} | fields))


def traces(spans: Iterable[Any], resource: Attributes = (), scope: str = "") -> bytes:
    """A request with one resource and one scope. (TracesData is the same on the wire as an export request.)"""
    data = TracesData()
    whole = data.resource_spans.add()
    whole.resource.attributes.extend(key_values(resource))
    part = whole.scope_spans.add(spans=spans)
    part.scope.name = scope
    return bytes(data.SerializeToString())


def logs(records: Iterable[Any], resource: Attributes = ()) -> bytes:
    data = LogsData()
    whole = data.resource_logs.add()
    whole.resource.attributes.extend(key_values(resource))
    whole.scope_logs.add(log_records=records)
    return bytes(data.SerializeToString())


def metrics(metrics: Iterable[Metric], resource: Attributes = ()) -> bytes:
    data = MetricsData()
    whole = data.resource_metrics.add()
    whole.resource.attributes.extend(key_values(resource))
    whole.scope_metrics.add(metrics=metrics)
    return bytes(data.SerializeToString())


def store(engine: Engine, signal: Signal, body: bytes) -> None:
    """Insert a body under a token of its own."""
    insert(engine, signal, body, secrets.token_hex(8))


def read_spans(engine: Engine, spans: Iterable[Any], columns: str) -> list[list[Any]]:
    """The columns of these spans, in their order."""
    return _read(engine, "spans", [item.span_id.hex() for item in spans], columns)


def read_events(engine: Engine, records: Iterable[Any], columns: str) -> list[list[Any]]:
    return _read(engine, "events", [item.span_id.hex() for item in records], columns)


def _read(engine: Engine, table: str, ids: list[str], columns: str) -> list[list[Any]]:
    return engine.rows(
        f"SELECT {columns} FROM {table} WHERE span_id IN {{ids:Array(String)}}"
        " ORDER BY indexOf({ids:Array(String)}, span_id)",
        {"ids": ids},
    )


def stored(engine: Engine, item: Any, columns: str) -> list[Any]:
    """The columns of one span that is in the engine."""
    (row,) = read_spans(engine, [item], columns)
    return row


def value_of(text: str, sent: Any) -> Any:
    """The Python value that the text of an attribute stands for, when one like `sent` was sent."""
    match sent:
        case bool():
            return {"true": True, "false": False}[text]
        case int():
            return int(text)
        case float():
            return plain(float(text))
        case bytes():
            return base64.b64decode(text, validate=True)
        case list():
            found = json.loads(text, parse_constant=_no_constant)
            return [_as_sent(item, like) for item, like in zip_longest(found, sent)]
        case _:
            return text


def plain(sent: Any) -> Any:
    """What `value_of` should give for a value sent: what JSON can't hold is text in an array; NaN equals itself."""
    match sent:
        case None:
            return ""
        case float() if math.isnan(sent):
            return "a NaN"
        case list():
            return [_element(item) for item in sent]
        case _:
            return sent


def _element(item: Any) -> Any:
    if isinstance(item, bytes):
        return base64.b64encode(item).decode()
    if isinstance(item, float) and not math.isfinite(item):
        return "NaN" if math.isnan(item) else "Infinity" if item > 0 else "-Infinity"
    return item


def _as_sent(item: Any, like: Any) -> Any:
    """A double without a fraction has none in JSON either."""
    return float(item) if isinstance(like, float) and isinstance(item, int) else item


def _no_constant(name: str) -> Any:
    raise AssertionError(f"{name} is not JSON")
