"""The five figures that say how a service is: spend, energy, errors, cache hits, calls; each with its small line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from dashboards.asked import Asked
from dashboards.sparks import Spark, spark
from spanledger.figures import UNKNOWN, energy, money, percent, short

Row = dict[str, Any]
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Line:
    """A figure of the range, what it was weeks before, and where its spans are."""

    label: str
    value: str
    exact: str
    """In full, with unit, n and source."""
    before: str
    """The same figure in the same hours one or more weeks before, in words; '' when there was nothing."""
    href: str
    spark: Spark

    @property
    def known(self) -> bool:
        """False where nobody reported what it takes."""
        return self.value != UNKNOWN


def lines(rows: Sequence[Row], steps: int, asked: Asked) -> list[Line]:
    """Spend, energy, error rate, hit rate and calls from rows of queries/home_series.sql, `steps` of them a range."""
    now, past = [row for row in rows if row["now"]], [row for row in rows if not row["now"]]
    weeks = "a week" if asked.length <= WEEK else "weeks"

    def line(
        label: str, figure: Callable[[Sequence[Row]], Any], shown: Callable[[Any], str], exact: str, href: str
    ) -> Line:
        value, before = figure(now), figure(past)
        return Line(
            label, shown(value), exact.format(value=UNKNOWN if value is None else value),
            f"{shown(before)} {weeks} before" if before is not None else "", href,
            spark(_steps(now, figure, steps), _steps(past, figure, steps)),
        )  # fmt: skip

    unpriced = sum(row["unpriced_calls"] for row in now)
    beside = f"; {unpriced:,} calls have no price" if unpriced else ""
    return [
        line("Spend", _sum("cost_usd"), money, f"{{value}} USD, sum of billed calls{beside}",
             asked.carry("/traces", order="cost")),
        line("Energy", _sum("energy_kwh"), energy, "{value} kWh, measured or modelled", asked.carry("/carbon")),
        line("Calls that failed", _rate("errors", "calls"), percent, "{value} of billed calls failed",
             asked.carry("/traces", filter="status = error and billable = true")),
        line("Cache hits", _rate("cached_input_tokens", "cache_reported_input_tokens"), percent,
             "{value} of input tokens came from a cache, of calls that report it", asked.carry("/cache")),
        line("Calls", _sum("calls"), short, "{value} billed calls", asked.carry("/traces")),
    ]  # fmt: skip


def _sum(name: str) -> Callable[[Sequence[Row]], Any]:
    def figure(rows: Sequence[Row]) -> Any:
        known = [row[name] for row in rows if row[name] is not None]
        return sum(known) if known else None

    return figure


def _rate(part: str, whole: str) -> Callable[[Sequence[Row]], Any]:
    def figure(rows: Sequence[Row]) -> Any:
        of = sum(row[whole] for row in rows)
        return sum(row[part] or 0 for row in rows) / of if of else None

    return figure


def _steps(rows: Sequence[Row], figure: Callable[[Sequence[Row]], Any], steps: int) -> list[float | None]:
    by_place: dict[int, list[Row]] = {}
    for row in rows:
        by_place.setdefault(row["place"], []).append(row)
    return [figure(by_place[place]) if place in by_place else None for place in range(steps)]
