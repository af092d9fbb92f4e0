"""Nine days of small, steady traffic: each trace has a call, a retrieval and a tool. A test changes what it likes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import orjson

from spanledger.engine import Engine
from spanledger.moments import as_parameter

END = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BREAK = END - timedelta(hours=12)
BEGIN = END - timedelta(days=9)
STEP = timedelta(minutes=10)
Row = dict[str, Any]
Fault = Callable[[dict[str, Row], Random], None]
"""Changes the spans of a trace (by `call`, `retrieval`, `tool`) that began at or after the break."""


def put(engine: Engine, fault: Fault = lambda _trace, _random: None, tenant: str = "acme", **given: Any) -> None:
    """Insert the traffic of a tenant; `given` are columns that all its spans have."""
    random = Random(f"{tenant}")
    rows: list[Row] = []
    at, number = BEGIN, 0
    while at < END:
        number += 1
        moment = at + timedelta(seconds=random.uniform(0, 300))
        trace = _trace(random, tenant, number, moment, given)
        if moment >= BREAK:
            fault(trace, random)
        rows += trace.values()
        at += STEP
    body = b"\n".join(orjson.dumps(row) for row in rows)
    engine.insert_raw("spans", body, "JSONEachRow", {"insert_deduplicate": 0})


def _trace(random: Random, tenant: str, number: int, at: datetime, given: Row) -> dict[str, Row]:
    shared = {
        "trace_id": f"{tenant.encode().hex()[:8]:0<8}{number:024x}", "tenant": tenant, "service": "chat",
        "status": "ok", "feature": "helpdesk", "started_at": as_parameter(at), "locale": "en",
        "user_id": f"u{random.randrange(20)}",
        **given,
    }  # fmt: skip
    call = {
        "operation": "chat", "span_id": f"{number:015x}1", "request_model": "gpt-4o", "provider": "openai",
        "model_revision": "gpt-4o-2024-08-06", "prompt_name": "answer", "prompt_version": "7", "billable": True,
        "input_tokens": 2000, "cached_input_tokens": random.choice((1024, 1536)), "output_tokens": 200,
        "cost_usd": 0.01 * random.uniform(0.8, 1.2), "duration_ns": int(2e9 * random.uniform(0.8, 1.2)),
        "user_characters": random.randrange(80, 120),
    }  # fmt: skip
    retrieval = {
        "operation": "retrieval", "span_id": f"{number:015x}2", "duration_ns": int(1e8 * random.uniform(0.8, 1.2)),
        "retrieved_ids": [f"doc-{random.randrange(40)}" for _ in range(4)],
        "retrieved_scores": [round(random.uniform(0.7, 0.95), 3)] * 4,
    }  # fmt: skip
    tool = {
        "operation": "tool", "span_id": f"{number:015x}3", "tool_name": "search", "parent_span_id": f"{number:015x}1",
        "duration_ns": int(5e8 * random.uniform(0.8, 1.2)),
    }  # fmt: skip
    return {"call": {**shared, **call}, "retrieval": {**shared, **retrieval}, "tool": {**shared, **tool}}
