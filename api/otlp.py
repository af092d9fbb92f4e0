"""Stored spans as OTLP/JSON again: a line is a request that any collector takes, ours too.

What was mapped to a column goes back under OpenTelemetry's newest name. Messages are stored apart, by hash, and costs
and energy are worked out here: they are not in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

from spanledger.filters.fields import columns_of_keys
from spanledger.otlp_attributes import as_attributes

SPANS_OF_A_LINE = 500
KINDS = ("unspecified", "internal", "server", "client", "producer", "consumer")
STATUSES = ("unset", "ok", "error")
MAPPED = {key: field for key, field in columns_of_keys().items() if key != "service.name" and not field.sql}
"""OpenTelemetry's names of columns."""
COLUMNS = (
    "trace_id", "span_id", "parent_span_id", "trace_state", "name", "toString(kind) AS kind",
    "toString(toUnixTimestamp64Nano(started_at)) AS start_ns", "duration_ns", "toString(status) AS status",
    "status_message", "toString(operation) AS operation", "scope", "scope_version", "attributes", "resource_attributes",
    "arrayMap(e -> (toString(toUnixTimestamp64Nano(e.time)), e.name, e.attributes), events) AS happened", "links",
    *dict.fromkeys(field.name for field in MAPPED.values()),
)  # fmt: skip
"""What a statement must read for it."""


def requests(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines of OTLP/JSON from pieces of the engine's lines."""
    spans: list[dict[str, Any]] = []
    for line in _lines(pieces):
        spans.append(orjson.loads(line))
        if len(spans) == SPANS_OF_A_LINE:
            yield _request(spans)
            spans = []
    if spans:
        yield _request(spans)


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        yield from whole
    if rest.strip():
        yield rest


def _request(spans: list[dict[str, Any]]) -> bytes:
    groups: dict[bytes, tuple[dict[str, Any], list[dict[str, Any]]]] = {}
    for span in spans:
        key = orjson.dumps([span["resource_attributes"], span["scope"], span["scope_version"]])
        groups.setdefault(key, (span, []))[1].append(_span(span))
    resources = [
        {
            "resource": {"attributes": _attributes(first["resource_attributes"])},
            "scopeSpans": [{"scope": {"name": first["scope"], "version": first["scope_version"]}, "spans": inside}],
        }
        for first, inside in groups.values()
    ]
    return orjson.dumps({"resourceSpans": resources}) + b"\n"


def _span(row: Mapping[str, Any]) -> dict[str, Any]:
    start = int(row["start_ns"])
    mapped = {key: row[field.name] for key, field in MAPPED.items()}
    if row["operation"] != "other":
        mapped["gen_ai.operation.name"] = "execute_tool" if row["operation"] == "tool" else row["operation"]
    return {
        "traceId": row["trace_id"],
        "spanId": row["span_id"],
        **({} if row["parent_span_id"] == "0" * 16 else {"parentSpanId": row["parent_span_id"]}),
        "traceState": row["trace_state"],
        "name": row["name"],
        "kind": KINDS.index(row["kind"]),
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + int(row["duration_ns"] or 0)),
        "status": {"code": STATUSES.index(row["status"]), "message": row["status_message"]},
        "attributes": _attributes({**mapped, **row["attributes"]}),
        "events": [
            {"timeUnixNano": at, "name": name, "attributes": _attributes(attributes)}
            for at, name, attributes in map(_values, row["happened"])
        ],
        "links": [
            {"traceId": trace_id, "spanId": span_id, "attributes": _attributes(attributes)}
            for trace_id, span_id, attributes in map(_values, row["links"])
        ],
    }


def _values(item: Any) -> list[Any]:
    """A tuple comes as an object when its elements have names."""
    return list(item.values()) if isinstance(item, dict) else list(item)


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return as_attributes({key: value for key, value in values.items() if value not in ("", None, [])})
