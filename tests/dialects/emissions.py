"""Requests as instrumentations really send them (captured by running them; two are built from their sources)."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from collector.insert import insert
from collector.otlp_json import decode
from collector.signals import TRACES
from spanledger.engine import Engine
from spanledger.mapping.render import FLAGS, OPERATIONS
from tests.schema.otlp import span, traces

FOLDER = Path(__file__).with_name("emissions")
FILES = sorted(path.name for path in FOLDER.glob("*.json") if path.name != "expected.json")
EXPECTED: dict[str, list[dict[str, Any]]] = json.loads((FOLDER / "expected.json").read_text())

ROLES = ("none", "leaf", "rollup", "duplicate", "partial")
SEMANTICS = ("unknown", "inclusive", "exclusive", "inclusive_inferred", "exclusive_inferred")
Row = dict[str, Any]


def request(name: str) -> TracesData:
    """The request in a file."""
    message = decode((FOLDER / name).read_bytes(), TRACES).message
    return TracesData.FromString(message.SerializeToString())


def columns(engine: Engine) -> list[str]:
    """Names of what is known of a span, in order."""
    return [
        str(name)
        for (name,) in engine.rows(
            "SELECT name FROM system.columns WHERE database = currentDatabase() AND table = 'recognised' ORDER BY position"
        )
    ]


def _read(engine: Engine, ids: Iterable[bytes]) -> list[Row]:
    names = columns(engine)
    hexed = [item.hex() for item in ids]
    rows = engine.rows(
        f"SELECT {', '.join(names)} FROM recognised WHERE span_id IN {{ids:Array(String)}}"
        " ORDER BY indexOf({ids:Array(String)}, span_id)",
        {"ids": hexed},
    )
    return [_readable(dict(zip(names, row, strict=True))) for row in rows]


def _readable(row: Row) -> Row:
    """The row with names of flags."""
    row["flags"] = [name for bit, name in enumerate(FLAGS) if row["flag_bits"] >> bit & 1]
    assert row["operation"] in OPERATIONS
    return row


def recognise(engine: Engine, data: TracesData) -> list[Row]:
    """What the spans of a request become, in the order of the request. Their ids are made new, so that each run is its own."""
    new: dict[bytes, bytes] = {b"": b""}
    spans = [item for whole in data.resource_spans for part in whole.scope_spans for item in part.spans]
    for item in spans:
        new.setdefault(item.span_id, secrets.token_bytes(8))
    for item in spans:
        item.span_id, item.parent_span_id = new[item.span_id], new.get(item.parent_span_id, item.parent_span_id)
    insert(engine, TRACES, data.SerializeToString(), secrets.token_hex(8))
    found = _read(engine, [item.span_id for item in spans])
    assert len(found) == len(spans)
    return found


_FILES: dict[str, list[Row]] = {}


def recognise_file(engine: Engine, name: str) -> list[Row]:
    """What the spans of a file become. A file is sent once a run."""
    if name not in _FILES:
        _FILES[name] = recognise(engine, request(name))
    return _FILES[name]


def several(engine: Engine, spans: Iterable[Mapping[str, Any]], scope: str = "") -> list[Row]:
    """What spans with these attributes become, sent in one request."""
    return recognise(engine, TracesData.FromString(traces([span(item) for item in spans], {}, scope)))


def one(
    engine: Engine,
    attributes: Mapping[str, Any],
    scope: str = "",
    resource: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Row:
    """What one span becomes."""
    data = TracesData.FromString(traces([span(attributes, **fields)], resource or {}, scope))
    return recognise(engine, data)[0]
