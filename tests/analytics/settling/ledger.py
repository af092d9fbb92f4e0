"""Spans put straight into the table, steps at given moments, and what `usage` must be by a plain query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from analytics.settling.step import Settler, Step
from spanledger.engine import Engine
from spanledger.settings import Settings

TABLES = (
    "spans", "events", "settle_marks", "settle_steps", "trace_times", "usage_dirty", "settle_again", "dirty_slices",
    "usage_slices", "usage_hours", "settled_traces",
)  # fmt: skip
START = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
SUMS = (
    "calls", "errors", "unpriced_calls", "cache_reported_calls", "input_tokens", "cached_input_tokens",
    "output_tokens", "reasoning_tokens", "cost_usd", "cost_input_usd", "client_cost_usd", "energy_kwh", "co2e_g",
)  # fmt: skip
DIMENSIONS = "hour, tenant, provider, model, prompt_name, prompt_version, prompt_hash, feature, purpose"
EXPECTED = """
SELECT
    toStartOfHour(started_at) AS hour, tenant, provider,
    if(model_revision != '', model_revision, request_model) AS model,
    prompt_name, prompt_version, if(prompt_name = '', s.prompt_hash, '') AS prompt_hash, feature, purpose,
    count() AS calls, countIf(status = 'error') AS errors, countIf(cost_status = 'unpriced') AS unpriced_calls,
    countIf(s.cached_input_tokens IS NOT NULL) AS cache_reported_calls,
    sum(s.input_tokens) AS input_tokens, sum(s.cached_input_tokens) AS cached_input_tokens,
    sum(s.output_tokens) AS output_tokens, sum(s.reasoning_tokens) AS reasoning_tokens,
    sum(s.cost_usd) AS cost_usd, sum(s.cost_input_usd) AS cost_input_usd, sum(s.client_cost_usd) AS client_cost_usd,
    sum(s.energy_kwh) AS energy_kwh, sum(s.co2e_g) AS co2e_g
FROM spans AS s
WHERE billable
GROUP BY hour, tenant, provider, model, prompt_name, prompt_version, prompt_hash, feature, purpose
"""
CALL = {
    "operation": "chat",
    "usage_role": "leaf",
    "billable": True,
    "provider": "openai",
    "request_model": "gpt-4o",
    "input_tokens": 100,
    "output_tokens": 10,
    "cost_usd": 0.25,
    "cost_status": "priced",
    "energy_kwh": 0.001,
}
Span = dict[str, Any]


def trace(number: int) -> str:
    """A trace id."""
    return f"{number:032x}"


def span(of: str, number: int, parent: int | None = None, begin: float = 0, end: float = 1, **columns: Any) -> Span:
    """A span from `begin` to `end`, seconds since START, accepted half a second after its end."""
    return {
        "trace_id": of,
        "span_id": f"{number:016x}",
        "parent_span_id": "0" * 16 if parent is None else f"{parent:016x}",
        "name": f"span {number}",
        "started_at": START + timedelta(seconds=begin),
        "duration_ns": round((end - begin) * 1e9),
        "ingested_at": START + timedelta(seconds=end + 0.5),
        **columns,
    }


def call(of: str, number: int, parent: int | None = None, begin: float = 0, end: float = 1, **columns: Any) -> Span:
    """A billable call."""
    return span(of, number, parent, begin, end, **{**CALL, **columns})


class Ledger:
    """The tables under test."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.engine = engine
        self.settler = Settler(engine, settings)

    def add(self, *spans: Span, at: float | None = None) -> None:
        """Insert; `at`: seconds since START at which they were accepted."""
        rows = [each if at is None else {**each, "ingested_at": START + timedelta(seconds=at)} for each in spans]
        body = b"\n".join(orjson.dumps(row, default=_as_text, option=orjson.OPT_PASSTHROUGH_DATETIME) for row in rows)
        self.engine.insert_raw("spans", body, "JSONEachRow", {"insert_deduplicate": 0})

    def clear(self) -> None:
        """Forget everything."""
        for table in TABLES:
            self.engine.command(f"TRUNCATE TABLE {table} SYNC")

    def everything(self) -> dict[str, list[dict[str, Any]]]:
        """All rows of what follows from spans, in an order of their own."""
        return {
            table: sorted(
                self.dicts(f"SELECT * EXCEPT ({left_out}) FROM {table}"), key=lambda row: str(row[first]) + str(row)
            )
            for table, left_out, first in (
                ("usage", "calls", "hour"),
                ("traces", "settled_at", "trace_id"),
                ("edges", "tenant", "trace_id"),
            )
        }

    def check_same(self, table: str, one: list[dict[str, Any]], other: list[dict[str, Any]]) -> None:
        """Row by row, money to 1e-9."""
        assert len(one) == len(other), table
        for a, b in zip(one, other, strict=True):
            assert not [(name, a[name], b[name]) for name in a if not same(a[name], b[name])], table

    def step(self, at: float) -> Step:
        """A step `at` seconds since START."""
        return self.settler.step(round((START.timestamp() + at) * 1000))

    def dicts(self, query: str, **values: Any) -> list[dict[str, Any]]:
        answer = self.engine.query(query, values)
        names = [name for name, _ in answer.columns]
        return [dict(zip(names, row, strict=True)) for row in answer.rows]

    def one(self, query: str, **values: Any) -> dict[str, Any]:
        [row] = self.dicts(query, **values)
        return row

    def billed(self, *traces: str) -> dict[str, str]:
        """Span (its number) to the one that is billed instead; '' for a billed one. Other spans are left out."""
        rows = self.engine.rows(
            "SELECT span_id, billable, duplicate_of FROM spans WHERE usage_role IN ('leaf', 'duplicate') "
            "AND (empty({traces:Array(String)}) OR trimLeft(trace_id, '0') IN {traces:Array(String)}) ORDER BY span_id",
            {"traces": list(traces)},
        )
        assert all(bool(billable) == (winner == "") for _, billable, winner in rows)
        return {str(int(span_id, 16)): str(int(winner, 16)) if winner else "" for span_id, _, winner in rows}

    def check_usage(self) -> None:
        """`usage` is the sum of the billable spans, money to 1e-9."""
        found = {self._key(row): row for row in self.dicts("SELECT * FROM usage")}
        expected = {self._key(row): row for row in self.dicts(EXPECTED)}
        assert found.keys() == expected.keys()
        for key, row in expected.items():
            for name in SUMS:
                assert same(found[key][name], row[name]), (key, name, found[key][name], row[name])

    def check_parts(self) -> None:
        """What `usage_parts` adds up to is `usage`, every column of it."""
        whole = self.dicts(f"SELECT * FROM usage ORDER BY {DIMENSIONS}")
        sums = [name for name in whole[0] if name not in DIMENSIONS.split(", ")]
        added = ", ".join(f"sum(parts.{name}) AS {name}" for name in sums)
        parts = f"SELECT {DIMENSIONS}, {added} FROM usage_parts AS parts GROUP BY {DIMENSIONS} ORDER BY {DIMENSIONS}"
        assert same(self.dicts(parts), whole)

    def _key(self, row: Mapping[str, Any]) -> tuple[str, ...]:
        return tuple(str(row[name]) for name in DIMENSIONS.split(", "))


def _as_text(value: object) -> str:
    assert isinstance(value, datetime)
    return f"{value:%Y-%m-%d %H:%M:%S.%f}"


def same(one: Any, other: Any) -> bool:
    """Equal, or numbers that are to 1e-9 of each other."""
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) <= 1e-9 * max(abs(one), abs(other), 1e-12)
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[name], other[name]) for name in one)
    if isinstance(one, Sequence) and isinstance(other, Sequence) and not isinstance(one, str):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)
