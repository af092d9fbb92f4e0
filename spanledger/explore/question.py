"""What is asked: a time range, a filter, a measure, a key to group by, and what of it is selected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from spanledger.errors import BadRequest
from spanledger.filters import Condition, compile_filter
from spanledger.filters.parse import UNITS
from spanledger.moments import as_parameter, read_moment

AMOUNT = re.compile(r"^\$?\s*(?P<number>\d{1,18}(?:\.\d{1,18})?(?:[eE][+-]?\d{1,2})?)\s*(?P<unit>[a-zµ]*)$")

OR = re.compile(r"\bor\b", re.IGNORECASE)


@dataclass(frozen=True)
class Measure:
    """What the height of the heat map is."""

    name: str
    words: str
    field: str
    """Its name in filters. All but durations count for billable spans only: others would say it twice."""
    billable: bool
    sql: str
    units: Mapping[str, float]
    """What may stand behind an amount, and how much it is in the unit of `sql`."""

    def written(self, amount: float) -> str:
        """An amount as filters take it."""
        number = f"{amount:.9g}"
        return f"{float(number) / 1e9:.9g}s" if self.units.get("s") == 1e9 else number


MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("duration", "latency", "duration", False, "duration_ns", UNITS),
        Measure("cost", "cost", "cost_usd", True, "if(billable, cost_usd, NULL)", {"": 1}),
        Measure(
            "tokens", "tokens", "tokens", True,
            "if(billable AND (isNotNull(input_tokens) OR isNotNull(output_tokens)), "
            "ifNull(input_tokens, 0) + ifNull(output_tokens, 0), NULL)",
            {"": 1, "k": 1e3},
        ),
        Measure("kwh", "kWh", "energy_kwh", True, "if(billable, energy_kwh, NULL)", {"": 1, "kwh": 1, "wh": 1e-3}),
    )
}  # fmt: skip
"""By name."""


@dataclass(frozen=True)
class Box:
    """A region of the heat map; what is None has no bound. `until` and `high` are not included."""

    since: datetime | None = None
    until: datetime | None = None
    low: float | None = None
    high: float | None = None

    def filter(self, measure: Measure) -> str:
        """The same as a filter; '' when nothing is bounded."""
        parts = [f'started_at >= "{_moment(self.since)}"'] if self.since else []
        parts += [f'started_at < "{_moment(self.until)}"'] if self.until else []
        bounds = [("<", self.high)] if self.high is not None else []
        bounds = [(">=", self.low), *bounds] if self.low is not None else bounds
        if bounds and measure.billable:
            parts.append("billable")
        parts += [f"{measure.field} {sign} {measure.written(amount)}" for sign, amount in bounds if amount is not None]
        return " and ".join(parts)


@dataclass(frozen=True)
class Question:
    """All that a view of the explorer shows follows from this. Times are UTC; `until` is not included."""

    since: datetime
    until: datetime
    filter: str = ""
    measure: Measure = MEASURES["duration"]
    by: str = "tenant"
    box: Box = Box()
    select: str = ""
    """A filter: what of the spans is selected besides the box."""

    @property
    def selection(self) -> str:
        """What is selected, as a filter; '' when nothing is."""
        return both(self.box.filter(self.measure), self.select)

    @property
    def selected_filter(self) -> str:
        """The filter whose spans are those of the selection."""
        return both(self.filter, self.selection)

    def condition(self) -> Condition:
        """Of the filter. Raises BadFilter."""
        return compile_filter(self.filter)

    def inside(self) -> Condition:
        """Of the selection. Raises BadFilter."""
        return compile_filter(self.selection, prefix="inside")

    def parameters(self) -> dict[str, Any]:
        """`from` and `to`, as statements bind them."""
        return {"from": as_parameter(self.since), "to": as_parameter(self.until)}


def read(values: Mapping[str, str], since: datetime, until: datetime) -> Question:
    """The question behind the parameters `filter`, `measure`, `by`, `box_from`, `box_to`, `low`, `high` and `select`.

    Raises BadRequest where one can't be understood; filters and keys are understood when they are asked.
    """
    name = values.get("measure") or "duration"
    if name not in MEASURES:
        raise BadRequest(f"measure is one of {', '.join(MEASURES)}, not {name[:40]!r}.")
    measure = MEASURES[name]
    box = Box(
        since=_time(values.get("box_from", ""), "box_from"),
        until=_time(values.get("box_to", ""), "box_to"),
        low=read_amount(values.get("low", ""), measure, "low"),
        high=read_amount(values.get("high", ""), measure, "high"),
    )
    by, select = values.get("by") or "tenant", values.get("select", "")
    return Question(since, until, values.get("filter", ""), measure, by, box, select)


def read_amount(text: str, measure: Measure, what: str) -> float | None:
    """`1.5s` or `0.02` in the measure's own unit; None when empty. Durations without a unit are seconds."""
    if not text.strip():
        return None
    match = AMOUNT.match(text.strip())
    unit = match["unit"].lower() if match else ""
    if "s" in measure.units and not unit:
        unit = "s"
    if not match or unit not in measure.units:
        known = ", ".join(unit for unit in measure.units if unit)
        hint = f" and perhaps {known}" if known else ""
        raise BadRequest(f"{what} is {text[:40]!r}; write a number{hint}.")
    return float(match["number"]) * measure.units[unit]


def _time(text: str, what: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        return read_moment(text)
    except ValueError as error:
        raise BadRequest(f"{what}: {error}.") from None


def _moment(at: datetime) -> str:
    at = at.astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}" + (f".{at.microsecond // 1000:03d}" if at.microsecond >= 1000 else "") + "Z"


def both(*filters: str) -> str:
    """A filter that holds where all of these do."""
    parts = [part for text in filters if (part := text.strip())]
    return " and ".join(f"({part})" if len(parts) > 1 and OR.search(part) else part for part in parts)
