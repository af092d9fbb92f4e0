"""Spans with content, put straight into the station where they are recognised, and what became of them."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from spanledger.engine import Engine

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

Row = dict[str, Any]


def message(role: str, text: str, **more: object) -> dict[str, object]:
    """A message as the semantic conventions write it."""
    return {"role": role, "parts": [{"type": "text", "content": text}], **more}


def put(engine: Engine, *rows: Mapping[str, Any]) -> None:
    """Insert spans in one block. Content may be a list, which becomes JSON."""
    names = sorted({name for row in rows for name in row} | {"trace_id", "span_id", "started_at"})
    whole = [
        {"trace_id": uuid.uuid4().hex, "span_id": uuid.uuid4().hex[:16], "started_at": NOON, **row} for row in rows
    ]
    empty: dict[str, object] = {"input_tokens": None, "attributes": {}, "flag_bits": 0}
    engine.insert(
        "recognised_spans", names, [[_value(row.get(name, empty.get(name, ""))) for name in names] for row in whole]
    )


def span(engine: Engine, span_id: str) -> Row:
    """The stored span, its hashes in hex."""
    answer = engine.query(
        "SELECT trace_id, tenant, tools_hash_hex, system_hash_hex, message_hashes_hex, message_offsets,"
        " output_hashes_hex, prefix_hashes, prompt_hash, flags, attributes, events_json, status_message,"
        " tool_arguments_hash, tool_result_hash FROM spans WHERE span_id = {span_id:String}",
        {"span_id": span_id},
    )
    [row] = answer.rows
    return dict(zip((name for name, _ in answer.columns), row, strict=True))


def stored(engine: Engine) -> dict[str, Row]:
    """All messages by hash, merged or not."""
    query = (
        "SELECT hash_hex, day, kind, role, size, text, toUnixTimestamp(first_seen) AS first_seen FROM messages FINAL"
    )
    answer = engine.query(query)
    names = [name for name, _ in answer.columns]
    return {row[0]: dict(zip(names, row, strict=True)) for row in answer.rows}


def turns(count: int, start: datetime = NOON, **more: object) -> Sequence[Row]:
    """A conversation that resends its history: one span a turn, each with all that went before."""
    rows, history = [], []
    for turn in range(count):
        history.append(message("user", f"question {turn}"))
        answer = message("assistant", f"answer {turn}")
        rows.append(
            {
                "trace_id": f"{7:032x}",
                "span_id": f"{turn + 1:016x}",
                "started_at": start + timedelta(minutes=turn),
                "content_tools": json.dumps([{"name": "search"}]),
                "content_system": "Be brief.",
                "content_input": list(history),
                "content_output": [answer | {"finish_reason": "stop"}],
                **more,
            }
        )
        history.append(answer)
    return rows


def _value(value: object) -> object:
    return json.dumps(value) if isinstance(value, list) else value
