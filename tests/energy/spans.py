"""Spans put straight into `priced_spans`, and what the energy view made of them."""

from __future__ import annotations

import itertools
from typing import Any

from spanledger.engine import Engine

SPAN_ID = itertools.count(1)
FIGURES = (
    "energy_kwh",
    "energy_kwh_low",
    "energy_kwh_high",
    "energy_source",
    "energy_factors",
    "co2e_g",
    "grid",
)


def call(**columns: Any) -> dict[str, Any]:
    """A billable chat call of gpt-4o at OpenAI: 1,000 tokens in, 300 out, no measured duration."""
    return {
        "span_id": f"{next(SPAN_ID):016x}",
        "trace_id": f"{7:032x}",
        "name": "chat",
        "started_at": "2026-10-01 12:00:00",
        "billable": True,
        "usage_role": "leaf",
        "operation": "chat",
        "provider": "openai",
        "request_model": "gpt-4o",
        "input_tokens": 1000,
        "output_tokens": 300,
    } | columns


def store(engine: Engine, *calls: dict[str, Any]) -> list[dict[str, Any]]:
    """Insert calls, in one insert for each set of columns; their figures, in order."""
    for names, group in itertools.groupby(calls, key=_names):
        engine.insert("priced_spans", names, [[one[name] for name in names] for one in group])
    return read(engine, [one["span_id"] for one in calls])


def read(engine: Engine, ids: list[str]) -> list[dict[str, Any]]:
    """The figures of stored spans, in the order of `ids`."""
    rows = engine.rows(
        f"SELECT span_id, {', '.join(FIGURES)} FROM spans WHERE span_id IN {{ids:Array(String)}}", {"ids": ids}
    )
    found = {row[0]: dict(zip(FIGURES, row[1:], strict=True)) for row in rows}
    return [found[one] for one in ids]


def _names(one: dict[str, Any]) -> list[str]:
    return sorted(one)
