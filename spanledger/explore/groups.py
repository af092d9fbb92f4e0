"""Sums by any key, or several: who makes the spans of a range, what they cost, how long they take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from spanledger import sql
from spanledger.engine import Engine
from spanledger.explore.question import Question, both
from spanledger.explore.sample import Slots, range_size
from spanledger.filters import LONGEST_VALUE, Condition, Keys, compile_keys, equals

SUMS, LATENCIES, SHARE = (Path(__file__).with_name(f"{name}.sql") for name in ("groups", "latencies", "share"))
MOST = 50
MOST_TIMED = 200_000
"""Spans that are enough for latencies."""
ENOUGH_TIMED, MOST_READ = 20_000, 1_000_000
"""So many are enough where they are rare, so that more than MOST_READ of the range would have to be read for them."""

FEW_SPANS, ENOUGH_ASKED = 1_000_000, 50_000
"""In a range of so few spans it does not matter when the filter is asked; of more, so many are enough for its share."""
DENSE = 0.5
"""Where a larger share of the spans pass the filter, passing over the others takes longer than reading them."""

ALL = "all_"
"""Columns of groups.sql that begin so are sums of all groups."""

Latencies = dict[tuple[bool, str | None], list[float]]
"""Half and 95 % take less, in ns: by whether it is of all, and the value of a group."""


@dataclass(frozen=True)
class Group:
    """Spans with one value of the key, or of each of several. A sum is None when it is known of none of them."""

    value: str
    """'' for spans without the key. One of LONGEST_VALUE characters begins it. Several are joined by " · "."""
    values: tuple[str, ...]
    """That of each key."""
    filter: str
    """The condition whose spans these are; '' for all."""
    spans: int
    failed: int
    calls: int
    """Billable spans."""
    unpriced: int
    """Of them without a price: what they cost is not in `cost_usd`."""
    cost_usd: float | None
    tokens: int | None
    energy_kwh: float | None
    p50_ns: float | None = None
    """Half take less; within 1 %."""
    p95_ns: float | None = None


@dataclass(frozen=True)
class Groups:
    """All of a range, and its dearest groups."""

    by: str
    keys: tuple[str, ...]
    """Those that `by` names."""
    all: Group
    groups: list[Group]
    more: bool
    """There are more groups than are listed."""
    timed: float
    """Share of the spans that latencies are taken from: less than 1 is a sample, in slots of time."""
    sql: str


def groups(engine: Engine, question: Question, most: int = MOST) -> Groups:
    """The groups of what is asked, of the selection when there is one. Raises BadFilter."""
    keys = compile_keys(question.by)
    condition = _condition(question)
    values = {**condition.parameters, **keys.parameters, **question.parameters()}
    in_range = 0 if condition.sql == "1" else range_size(engine, question.since, question.until)
    late = _is_dense(engine, question, condition, in_range)
    rows = engine.scan_guarded(_statement(keys, condition.sql, late=late), values | {"limit": most + 1}).records()
    found = [_group(row, keys, _values(row, keys)) for row in rows]
    total = _all(rows, keys)
    listed = [str(row["value"]) for row in rows[:most]]
    in_range = in_range or total.spans
    slots = Slots.of(question.since, question.until, in_range, _timed_part(total.spans, in_range))
    sample = {**slots.parameters(), "values": listed}
    took = _latencies(engine, keys, condition, values | sample) if found else {}
    return Groups(
        by=question.by,
        keys=keys.names,
        all=_timed(total, took.get((True, None))),
        groups=[_timed(group, took.get((False, value))) for group, value in zip(found, listed, strict=False)],
        more=len(found) > most,
        timed=slots.part,
        sql=_statement(keys, condition.inlined(), late=late),
    )


def _statement(keys: Keys, condition: str, *, late: bool) -> str:
    """`late`: the condition is asked of spans that are read with all their columns."""
    first, then = ("PREWHERE", "WHERE") if late else ("WHERE", "AND")
    statement = sql.read(SUMS).replace("FIRST", first).replace("THEN", then)
    return statement.replace("KEYS", ", ".join(keys.each)).replace("KEY", keys.text).replace("FILTER", condition)


def _is_dense(engine: Engine, question: Question, condition: Condition, in_range: int) -> bool:
    """Most of many spans pass the condition, by a sample. One with relations is not asked twice."""
    if in_range <= FEW_SPANS or condition.relates:
        return False
    slots = Slots.of(question.since, question.until, in_range, ENOUGH_ASKED / in_range)
    values = {**condition.parameters, **question.parameters(), **slots.parameters()}
    [[share]] = engine.query_guarded(sql.read(SHARE).replace("FILTER", condition.sql), values).rows
    return float(share) > DENSE


def _condition(question: Question) -> Condition:
    outer, inner = question.condition(), question.inside()
    if inner.sql == "1":
        return outer
    return Condition(f"({outer.sql} AND {inner.sql})", {**outer.parameters, **inner.parameters})


def _timed_part(spans: int, in_range: int) -> float:
    """The share of so many spans of a range that latencies are taken from."""
    least = max(MOST_READ / max(in_range, 1), ENOUGH_TIMED / max(spans, 1))
    return min(1.0, MOST_TIMED / max(spans, 1), least)


def _latencies(engine: Engine, keys: Keys, condition: Condition, values: dict[str, Any]) -> Latencies:
    statement = sql.read(LATENCIES).replace("KEY", keys.text).replace("FILTER", condition.sql)
    rows = engine.scan_guarded(statement, values).rows
    return {(bool(is_all), value): took for is_all, value, took in rows if is_all or value is not None}


def _all(rows: Sequence[dict[str, Any]], keys: Keys) -> Group:
    """The sums that stand beside each group."""
    sums = {name.removeprefix(ALL): value for name, value in rows[0].items() if name.startswith(ALL)} if rows else {}
    return _group(sums, keys, ())


def _values(row: dict[str, Any], keys: Keys) -> tuple[str, ...]:
    texts = [str(row["value"])] if len(keys.names) == 1 else orjson.loads(row["value"])
    return tuple(text[:LONGEST_VALUE] for text in texts)


def _group(row: dict[str, Any], keys: Keys, values: tuple[str, ...]) -> Group:
    """A row of groups.sql; `values` is empty for the sums of all."""
    return Group(
        value=values[0] if len(values) == 1 else " · ".join(value or "none" for value in values),
        values=values,
        filter=both(*(equals(name, value) for name, value in zip(keys.names, values, strict=False))),
        spans=int(row.get("spans", 0)),
        failed=int(row.get("failed", 0)),
        calls=int(row.get("calls", 0)),
        unpriced=int(row.get("unpriced", 0)),
        cost_usd=row.get("cost"),
        tokens=row.get("tokens"),
        energy_kwh=row.get("kwh"),
    )


def _timed(group: Group, took: list[float] | None) -> Group:
    return replace(group, p50_ns=took[0], p95_ns=took[1]) if took else group
