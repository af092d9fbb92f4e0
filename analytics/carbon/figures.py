"""Figures of the window by dimension, value and method: absolute, and per request, task and resolved task."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from spanledger.energy.methods import Method, methods
from spanledger.energy.sci import Amount

MOST_GRIDS = 5
"""Intensities that a figure lists; how many more there are is said."""
DIGITS = 6
"""Significant digits of rates. Absolute sums have all of theirs, so that they can be added up."""


@dataclass(frozen=True)
class Figure:
    """A value's calls of one method."""

    method: Method
    tasks: int
    """Tasks that had such a call."""
    resolved_tasks: int
    in_tasks: float
    """Share of the energy that belongs to tasks."""

    def record(self) -> dict[str, Any]:
        """As JSON; what is not known is null."""
        kwh, grams, method = self.method.kwh, self.method.co2e_g, self.method
        known = {
            "factor_set": method.factor_set,
            "source": method.source,
            "grid": list(method.grids[:MOST_GRIDS]),
            "more_grids": max(len(method.grids) - MOST_GRIDS, 0),
            "calls": method.calls,
            "tasks": self.tasks,
            "resolved_tasks": self.resolved_tasks,
            "kwh": kwh.record() if kwh else None,
            "co2e_g": grams.record() if grams else None,
        }
        return known if kwh is None else known | self._rates(kwh, grams)

    def _rates(self, kwh: Amount, grams: Amount | None) -> dict[str, Any]:
        wh = kwh.times(1000)
        return {
            "wh_per_request": _rate(wh, self.method.calls),
            "g_per_request": _rate(grams, self.method.calls),
            "kg_per_1000_inferences": _rate(grams, self.method.calls),
            "wh_per_task": _rate(wh, self.tasks, self.in_tasks),
            "g_per_task": _rate(grams, self.tasks, self.in_tasks),
            "wh_per_resolved_task": _rate(wh, self.resolved_tasks, self.in_tasks),
            "g_per_resolved_task": _rate(grams, self.resolved_tasks, self.in_tasks),
            "tokens_per_wh": _per_wh(self.method.input_tokens, self.method.output_tokens, wh=wh),
            "output_tokens_per_wh": _per_wh(self.method.output_tokens, wh=wh),
            "tasks_per_kwh": rounded(_ratio(self.tasks, kwh.mid * self.in_tasks)),
            "resolved_tasks_per_kwh": rounded(_ratio(self.resolved_tasks, kwh.mid * self.in_tasks)),
        }


@dataclass(frozen=True)
class Value:
    """One value of a dimension, or all others of it in one (`rest`)."""

    dimension: str
    value: str
    rest: bool
    values: int
    """How many values stand in it."""
    calls: int
    tasks: int
    resolved_tasks: int
    kwh: float
    """Of calls with a figure, of all methods: to order and to check by, not to publish where methods differ."""
    co2e_g: float
    co2e_g_squared: float
    calls_with_co2e: int
    market_g: float | None
    market_kwh: float | None
    figures: tuple[Figure, ...]

    @property
    def calls_without_figure(self) -> int:
        """Calls of which no energy is known."""
        return sum(figure.method.calls for figure in self.figures if not figure.method.known)

    @property
    def spread(self) -> float:
        """Squared coefficient of variation of a call's grams."""
        if not (self.calls_with_co2e and self.co2e_g):
            return 1.0
        mean = self.co2e_g / self.calls_with_co2e
        return max(self.co2e_g_squared / self.calls_with_co2e / mean**2 - 1, 0.0)

    def record(self) -> dict[str, Any]:
        """As JSON."""
        name = {"rest_of": self.values} if self.rest else {"value": self.value}
        return name | {
            "calls": self.calls,
            "calls_without_figure": self.calls_without_figure,
            "tasks": self.tasks,
            "resolved_tasks": self.resolved_tasks,
            "figures": [figure.record() for figure in self.figures],
        }


def values_of(calls: pl.DataFrame) -> dict[str, list[Value]]:
    """The rows of calls.sql by dimension; most energy first, the rest last."""
    found: dict[tuple[str, str, bool], list[dict[str, Any]]] = {}
    for row in calls.to_dicts():
        found.setdefault((row["dimension"], row["shown"], bool(row["rest"])), []).append(row)
    made = [_value(rows) for rows in found.values()]
    made.sort(key=lambda value: (value.dimension, value.rest, -value.kwh, -value.calls, value.value))
    by_dimension: dict[str, list[Value]] = {}
    for value in made:
        by_dimension.setdefault(value.dimension, []).append(value)
    return by_dimension


def _value(rows: Sequence[Mapping[str, Any]]) -> Value:
    [whole] = [row for row in rows if row["whole"]]
    apart = [row for row in rows if not row["whole"]]
    figures = {(row["factors"], row["source"]): row for row in apart}
    made = methods(grid for row in apart for grid in grid_rows(row))
    return Value(
        dimension=whole["dimension"],
        value=whole["shown"],
        rest=bool(whole["rest"]),
        values=whole["values"],
        calls=whole["calls"],
        tasks=whole["tasks"],
        resolved_tasks=whole["resolved_tasks"],
        kwh=whole["kwh"] or 0.0,
        co2e_g=whole["co2e_g"] or 0.0,
        co2e_g_squared=whole["co2e_g_squared"] or 0.0,
        calls_with_co2e=whole["calls_with_co2e"],
        market_g=whole["market_g"],
        market_kwh=whole["market_kwh"],
        figures=tuple(_figure(one, figures[one.factor_set, one.source]) for one in made),
    )


def _figure(method: Method, row: Mapping[str, Any]) -> Figure:
    share = (row["kwh_in_tasks"] or 0.0) / row["kwh"] if row["kwh"] else 0.0
    return Figure(method, row["tasks"], row["resolved_tasks"], share)


def grid_rows(row: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """The arrays of a row by grid; its tokens stand with the first, for they are only ever added up."""
    columns = ("grids", "grid_calls", "grid_kwh", "grid_kwh_low", "grid_kwh_high", "grid_co2e_g")
    names = ("grid", "calls", "kwh", "kwh_low", "kwh_high", "co2e_g")
    for number, cells in enumerate(zip(*(row[column] for column in columns), strict=True)):
        tokens = {name: row[name] if number == 0 else None for name in ("input_tokens", "output_tokens")}
        yield dict(zip(names, cells, strict=True)) | tokens | {"factors": row["factors"], "source": row["source"]}


def rounded(value: float | None) -> float | None:
    """To significant digits."""
    return None if value is None else float(f"{value:.{DIGITS}g}")


def _rate(amount: Amount | None, units: int, share: float = 1.0) -> dict[str, float | None] | None:
    per_unit = amount.times(share).per(units) if amount and share else None
    if per_unit is None:
        return None
    return {name: rounded(value) for name, value in per_unit.record().items()}


def _per_wh(*tokens: int | None, wh: Amount) -> float | None:
    if any(one is None for one in tokens):
        return None
    return rounded(_ratio(sum(one or 0 for one in tokens), wh.mid))


def _ratio(above: float, below: float) -> float | None:
    return above / below if below else None
