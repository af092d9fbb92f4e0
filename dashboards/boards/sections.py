"""A report's details as tables and figures: whatever a job puts there is shown, in the order in which it put it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboards.boards.folding import Interval, fold
from spanledger.figures import UNKNOWN, carbon, energy, money, percent, significant
from spanledger.filters import equals

MOST_ROWS = 20
SHARES = ("share", "rate", "hit_rate", "rate_before", "rate_after", "gini")
FIRST, LAST = ("", "value", "name", "tenant", "feature"), ("factor_set", "grid", "source", "boundary", "r")
"""Columns that stand before all others, and behind them; of the rest texts stand first."""
FILTERED = {name: name for name in ("tenant", "feature", "purpose", "provider", "service", "user_id")} | {
    "prompt": "prompt_name",
    "tool": "tool_name",
    "agent": "agent_name",
}
"""Columns, and lists of what has the names of columns, whose texts are found by a field of filters."""
TIME = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d")
WITH_UNIT = ("before", "since", "after", "low", "mid", "high")
"""Figures within a group that have the unit which the group's name tells."""
WORDS = {
    "extra_usd": "Extra cost since, by the formula below",
    "usd_a_call": "Cost of a call",
    "compared_share": "Share of calls that were compared",
    "gini": "Gini: 0 % all alike, 100 % one makes all",
    "alpha": "Exponent of the tail",
    "alpha_error": "Its standard error",
    "xmin": "The tail begins at",
    "n_tail": "Customers in the tail",
    "distance": "Kolmogorov–Smirnov distance",
    "own_usd": "Own cost: evaluations, development",
    "own_calls": "Own calls",
    "cost_with_customer_usd": "Cost that names a customer",
    "p_of_kernel_test": "p of the kernel test",
    "p_value": "p",
    "kwh": "Energy",
}
"""Names that say too little by themselves."""


@dataclass(frozen=True)
class Table:
    """A list of like things."""

    title: str
    names: list[str]
    numeric: list[bool]
    rows: list[list[str]]
    filters: list[list[str]]
    """By row and column the filter of the spans with this value, or ''."""
    traces: list[str]
    """Trace to open per row, or ''."""
    more: int


@dataclass(frozen=True)
class Facts:
    """Single figures: (name, as it is read, exact)."""

    title: str
    items: list[tuple[str, str, str]]


def sections(details: Mapping[str, Any], title: str = "", skip: Sequence[str] = ()) -> Iterator[Table | Facts]:
    """Single figures and short lists first, then each table and each group of figures under its name."""
    return _sections(fold({name: value for name, value in details.items() if name not in skip}), title, "")


def _sections(details: Mapping[str, Any], title: str, unit: str) -> Iterator[Table | Facts]:
    single = {name: value for name, value in details.items() if not isinstance(value, dict) and not _rows(value)}
    known = {name: value for name, value in single.items() if value != []}
    if known:
        yield Facts(
            title, [(words(name), shown(_unit(unit, name), value), exact(value)) for name, value in known.items()]
        )
    for name, value in details.items():
        if name not in single and value:
            yield from _group(_heading(title, name), value, name)


def _heading(title: str, name: str) -> str:
    if not title:
        return words(name)
    return f"{title} {words(name).lower()}" if title == "By" else f"{title}: {words(name).lower()}"


def _group(title: str, value: Any, name: str) -> Iterator[Table | Facts]:
    if isinstance(value, list):
        yield _table(title, value, name)
    elif all(isinstance(each, dict) and not _deep(each) for each in value.values()):
        yield _table(title, [{"": words(key), **each} for key, each in value.items()])
    else:
        yield from _sections(value, title, name)


def _rows(value: object) -> bool:
    """True for a list of like things, which is a table."""
    return isinstance(value, list) and bool(value) and any(isinstance(each, dict | list) for each in value)


def _table(title: str, rows: list[Any], of: str = "") -> Table:
    flat = [_flat(row if isinstance(row, dict) else {"": row}) for row in rows[:MOST_ROWS]]
    found = dict.fromkeys(name for row in flat for name in row if name != "trace_id")
    kept = [name for name in found if any(row.get(name) not in (None, "") for row in flat)]
    counted = {name: all(isinstance(row.get(name), int | float | Interval | None) for row in flat) for name in kept}
    names = sorted(kept, key=lambda name: (name in LAST, counted[name], name not in FIRST))
    numeric = [counted[name] for name in names]
    return Table(
        title,
        [words(name) or "Which" for name in names],
        numeric,
        [[shown(name, row.get(name)) for name in names] for row in flat],
        [[_filter(of if name in ("name", "value") else name, row.get(name)) for name in names] for row in flat],
        [str(row.get("trace_id", "")) for row in flat],
        max(0, len(rows) - MOST_ROWS),
    )


def _filter(name: str, value: object) -> str:
    field = FILTERED.get(name)
    return equals(field, value) if field and value and isinstance(value, str) else ""


def _flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A row without nesting; of a list of figures (by factor set, say) the first, which is the largest."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name} ")
        elif _rows(value):
            largest = value[0] if name == "figures" and isinstance(value[0], dict) else {}
            found |= {key: each for key, each in _flat(largest).items() if key not in row}
        elif isinstance(value, list):
            found[prefix + name] = ", ".join(str(each) for each in value[:12])
        else:
            found[prefix + name] = value
    return found


def _deep(row: Mapping[str, Any]) -> bool:
    return any(isinstance(value, dict | list) for value in row.values())


def _unit(group: str, name: str) -> str:
    return f"{group} {name}" if name in WITH_UNIT else name


def exact(value: object) -> str:
    """A value in full."""
    if isinstance(value, Interval):
        return (
            f"{value.low} to {value.high}" if value.middle is None else f"{value.middle}, {value.low} to {value.high}"
        )
    return str(value)


def words(name: str) -> str:
    """`cost_usd` as `Cost`."""
    if name in WORDS:
        return WORDS[name]
    text = name.replace("_usd", "").replace("_kwh", "").replace("co2e_g", "CO₂e").replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def shown(name: str, value: object) -> str:  # noqa: PLR0911  (one line for each kind of figure)
    """A value as people read it, by the unit that its name tells."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Interval):
        return _interval(name, value)
    if isinstance(value, list):
        return ", ".join(shown("", each) for each in value[:MOST_ROWS])
    if not isinstance(value, int | float):
        text = str(value)[:500]
        return text[:16].replace("T", " ") if TIME.match(text) else text
    if "usd" in name:
        return money(value)
    if "kwh" in name:
        return energy(value)
    if "co2e_g" in name or name.startswith("g_per"):
        return carbon(value)
    if name.rsplit(" ", maxsplit=1)[-1] in SHARES and -1 <= value <= 1:
        return percent(value)
    return f"{value:,}" if isinstance(value, int) else significant(value)


def _interval(name: str, value: Interval) -> str:
    """`73.9 (57.2 to 80) %`: the unit is said once where it is one and the same."""
    parts = [shown(name, each) for each in (value.middle, value.low, value.high) if each is not None]
    numbers, units = zip(*(part.partition(" ")[::2] for part in parts), strict=True)
    if len(set(units)) > 1:
        numbers, units = tuple(parts), ("",)
    *middle, low, high = numbers
    bounds = f"{middle[0]} ({low} to {high})" if middle else f"{low} to {high}"
    return f"{bounds} {units[0]}".strip()
