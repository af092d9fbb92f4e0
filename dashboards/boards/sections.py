"""A report's details as tables and figures: whatever a job puts there is shown, in the order in which it put it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spanledger.figures import UNKNOWN, carbon, energy, money, percent, significant

MOST_ROWS = 50
SHARES = ("share", "rate", "hit_rate", "rate_before", "rate_after", "gini")


@dataclass(frozen=True)
class Table:
    """A list of like things."""

    title: str
    names: list[str]
    numeric: list[bool]
    rows: list[list[str]]
    traces: list[str]
    """Trace to open per row, or ''."""
    more: int


@dataclass(frozen=True)
class Facts:
    """Single figures: (name, as it is read, exact)."""

    title: str
    items: list[tuple[str, str, str]]


def sections(details: Mapping[str, Any], title: str = "", skip: Sequence[str] = ()) -> Iterator[Table | Facts]:
    """Single figures first, then each list and each group of figures under its name."""
    single = {name: value for name, value in details.items() if not isinstance(value, dict | list) and name not in skip}
    if single:
        yield Facts(title, [(words(name), shown(name, value), str(value)) for name, value in single.items()])
    for name, value in details.items():
        heading = f"{title}, {words(name).lower()}" if title else words(name)
        if name in skip or not value:
            continue
        if isinstance(value, dict):
            yield from _group(heading, value)
        elif isinstance(value, list):
            yield from _list(heading, value)


def _group(title: str, value: Mapping[str, Any]) -> Iterator[Table | Facts]:
    if all(isinstance(each, dict) and not _deep(each) for each in value.values()):
        yield _table(title, [{"": name, **each} for name, each in value.items()])
    else:
        yield from sections(value, title)


def _list(title: str, value: list[Any]) -> Iterator[Table | Facts]:
    if all(isinstance(each, dict) for each in value):
        yield _table(title, value)
    elif not any(isinstance(each, dict | list) for each in value):
        yield Facts(title, [("", ", ".join(shown("", each) for each in value[:MOST_ROWS]), "")])


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    flat = [_flat(row) for row in rows[:MOST_ROWS]]
    found = dict.fromkeys(name for row in flat for name in row if name != "trace_id")
    counted = {name: all(isinstance(row.get(name), int | float | None) for row in flat) for name in found}
    names = sorted(found, key=lambda name: counted[name])  # texts stand first
    numeric = [counted[name] for name in names]
    return Table(
        title,
        [words(name) for name in names],
        numeric,
        [[shown(name, row.get(name)) for name in names] for row in flat],
        [str(row.get("trace_id", "")) for row in flat],
        max(0, len(rows) - MOST_ROWS),
    )


def _flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name} ")
        elif isinstance(value, list) and all(not isinstance(each, dict | list) for each in value):
            found[prefix + name] = ", ".join(str(each) for each in value[:12])
        elif not isinstance(value, list):
            found[prefix + name] = value
    return found


def _deep(row: Mapping[str, Any]) -> bool:
    return any(isinstance(value, dict | list) for value in row.values())


def words(name: str) -> str:
    """`cost_usd` as `Cost`."""
    text = name.replace("_usd", "").replace("_kwh", "").replace("co2e_g", "CO₂e").replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def shown(name: str, value: object) -> str:  # noqa: PLR0911  (one line for each kind of figure)
    """A value as people read it, by the unit that its name tells."""
    if value is None or value == "":
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, int | float):
        return str(value)[:500]
    if "usd" in name:
        return money(value)
    if "kwh" in name:
        return energy(value)
    if "co2e_g" in name or name.startswith("g_per"):
        return carbon(value)
    if name.rsplit(" ", maxsplit=1)[-1] in SHARES and -1 <= value <= 1:
        return percent(value)
    return f"{value:,}" if isinstance(value, int) else significant(value)
