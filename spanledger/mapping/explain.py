"""Which rule filled which column of captured spans: what the views made of them, read back with names.

The engine does the mapping here as it does at an insert; two views beside its own keep what the others only pass on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spanledger import sql
from spanledger.engine import Engine
from spanledger.mapping.numbers import RANKS, VARIANTS, Numbers
from spanledger.mapping.render import FLAGS, numbers

HERE = Path(__file__).parent
TOKENS = ("raw_input_tokens", "input_tokens", "cached_input_tokens", "cache_write_tokens", "cache_write_1h_tokens",
    "output_tokens", "reasoning_tokens")  # fmt: skip
SHOWN = ("dialect", "dialect_version", "operation", "provider", "request_model", "model_revision", "usage_role",
    "billable", "tenant", "user_id", "session_id", "task_id", "feature", "purpose", "prompt_name",
    "prompt_version", "agent_name",
    "tool_name", "workflow", "release", "environment", *TOKENS, "token_rule", "token_semantics", "finish_reasons",
    "request_tier", "service_tier", "provider_region", "response_id", "attempt", "time_to_first_token_ns",
    "temperature",
    "error_type", "error_kind", "client_cost_usd", "energy_kwh", "content_tools", "content_system", "content_input",
    "content_output")  # fmt: skip
LONGEST = 80
"""Characters of a value that are shown."""


@dataclass(frozen=True)
class Filled:
    """A column's value, and the rule that it came by."""

    column: str
    value: str
    rule: str
    """`dialect: attribute (rank n)`; '' for what was worked out of several attributes."""


@dataclass(frozen=True)
class Explained:
    """One span."""

    name: str
    recognised: str
    """Dialect or variant, and whether by scope or by attributes."""
    columns: list[Filled]
    tokens: str
    """The arithmetic of its tokens in words; '' if it has none."""
    flags: list[str]


def explain(engine: Engine, store: Callable[[], None]) -> Iterator[Explained]:
    """What becomes of the spans that `store` inserts. The engine is one of its own, and empty."""
    for statement in sql.read(HERE / "explain_tables.sql").split(";"):
        if statement.strip():
            engine.command(statement)
    store()
    columns = ", ".join(f"r.{name}" for name in SHOWN)
    query = sql.read(HERE / "explain.sql").replace("{columns}", columns)
    for row in engine.rows(query):
        yield _explained(row, numbers())


def _explained(row: list[Any], known: Numbers) -> Explained:
    name, scope, by_scope, kind, all_ids, slots, flag_bits, *values = row
    shown = dict(zip(SHOWN, values, strict=True))
    kinds = {item.number: item.name for item in known.kinds}
    rules = _rules(known, kind, all_ids, slots)
    recognised = "no dialect" if not kind else f"{kinds[kind]}, by {f'scope {scope!r}' if by_scope else 'attributes'}"
    columns = [
        Filled(column, _text(value), rules.get(column, ""))
        for column, value in shown.items()
        if value not in (None, "", [], False) and value not in ("none", "unknown")
    ]
    return Explained(name, recognised, columns, _arithmetic(shown), [
        flag for bit, flag in enumerate(FLAGS) if flag_bits >> bit & 1
    ])  # fmt: skip


def _rules(known: Numbers, kind: int, all_ids: list[int], slots: list[int]) -> dict[str, str]:
    names = {number: column for column, number in known.columns.items()}
    keys = {number: key for key, number in known.ids.items()}
    owners = {
        key: dialect.name for dialect in known.mapping.dialects for keys_ in dialect.columns.values() for key in keys_
    }
    kinds = {item.number: item.name for item in known.kinds}
    found: dict[str, str] = {}
    for number, slot in zip(all_ids, slots, strict=True):
        if slot and names[slot] not in found:
            key = keys[number]
            own = known.own.get(kind * VARIANTS + number)
            code = own or known.anywhere.get(number, 0)
            owner = f"{kinds[kind]}'s own" if own else owners.get(key, "newest OpenTelemetry name")
            found[names[slot]] = f"{owner}: {key} (rank {code % RANKS})"
    found["model_revision"] = found.get("response_model", found.get("either_model", ""))
    found["raw_input_tokens"] = found.get("input_tokens", "")
    return found


def _arithmetic(row: dict[str, Any]) -> str:
    if row["raw_input_tokens"] is None and row["output_tokens"] is None:
        return ""
    said, cached, written = (row[name] for name in ("raw_input_tokens", "cached_input_tokens", "cache_write_tokens"))
    parts = " + ".join(f"{'no' if n is None else n} {what}" for n, what in ((cached, "cached"), (written, "written")))
    if row["input_tokens"] != said:
        sum_ = f"input {row['input_tokens']} = {said} said + {parts}"
    else:
        sum_ = f"input {said}, with {parts} in it"
    return f"{sum_}; output {row['output_tokens']}; {row['token_semantics']} by rule {row['token_rule']}"


def _text(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text)} characters)"
