"""What the job reads, and that it is enough: frames for `find`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analytics.cost_concentration import margins
from analytics.cost_concentration.period import HOUR, Period, hours_of
from analytics.cost_concentration.thresholds import LEAST_NAMED, OWN_PURPOSES
from analytics.jobs.contract import NotComputable, Window
from analytics.jobs.source import Source

HERE = Path(__file__).parent
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Inputs:
    """One window of customers."""

    period: Period
    everyone: pl.DataFrame
    """A row a customer, as customers.sql has it; one with an empty name for calls that name none."""
    revenue: pl.DataFrame
    """tenant, plan, first_day, last_day, monthly_price_usd; may be empty."""
    hours: pl.DataFrame
    """tenant, hour, calls, cost_usd of some customers, with the 28 days before the period's end."""

    @cached_property
    def customers(self) -> pl.DataFrame:
        """Those with a name and calls in the period."""
        return self.everyone.filter((pl.col("tenant") != "") & (pl.col("calls") > 0))

    @cached_property
    def paying(self) -> pl.DataFrame:
        """Revenue in the period and the monthly price at its end."""
        return margins.revenue_in(self.revenue, self.period.since, self.period.until)

    @cached_property
    def margin(self) -> pl.DataFrame:
        """Cost against revenue where both are known."""
        return margins.margins(self.customers, self.paying)

    def hourly(self, tenant: str, column: str = "cost_usd") -> Floats:
        """A customer's hours from `period.history_from` to the period's end; 0 where there was nothing."""
        values = np.zeros(round((self.period.until - self.period.history_from) / HOUR))
        rows = self.hours.filter(pl.col("tenant") == tenant)
        for hour, value in rows.select("hour", column).iter_rows():
            values[self.index(hour)] += value or 0.0
        return values

    def index(self, moment: datetime) -> int:
        """The place of an hour in `hourly`."""
        return int((moment - self.period.history_from) // HOUR)

    def at(self, index: int) -> datetime:
        """The hour at a place in `hourly`."""
        return self.period.history_from + index * HOUR


def period_of(source: Source, window: Window) -> Period:
    """The hours of a window that have data; NotComputable when none has."""
    edges = source.frame(HERE / "edges.sql", window.parameters())
    first, last = edges.row(0)
    return hours_of(window, first, last)


def read_everyone(source: Source, period: Period) -> pl.DataFrame:
    """All customers; NotComputable when calls are missing, or name no customer, or have no price."""
    recent, earlier = period.recent, period.earlier
    everyone = source.frame(
        HERE / "customers.sql",
        {
            "own": list(OWN_PURPOSES),
            "from": as_hour(period.since),
            "to": as_hour(period.until),
            "late_from": as_hour(period.late_from),
            "recent_from": as_hour(recent[0]),
            "earlier_from": as_hour(earlier[0]),
            "earlier_to": as_hour(earlier[1]),
        },
    )
    _check(everyone)
    return everyone


def read_revenue(source: Source) -> pl.DataFrame:
    """What customers pay."""
    return source.frame(HERE / "revenue.sql")


def read_hours(source: Source, period: Period, tenants: Sequence[str]) -> pl.DataFrame:
    """Some customers by the hour, with history."""
    values: dict[str, Any] = {
        "from": as_hour(period.history_from),
        "to": as_hour(period.until),
        "tenants": list(tenants),
        "own": list(OWN_PURPOSES),
    }
    return source.frame(HERE / "hours.sql", values)


def as_hour(moment: datetime) -> str:
    """An hour as a parameter of type DateTime."""
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def coverage(everyone: pl.DataFrame) -> dict[str, Any]:
    """How many calls name a customer, how many have a price, and what our own work took."""
    total = everyone.select(pl.col("calls", "unpriced_calls", "own_calls", "cost_usd", "own_usd").sum()).row(
        0, named=True
    )
    named = everyone.filter(pl.col("tenant") != "")
    return {
        "calls": total["calls"],
        "calls_with_customer": int(named.get_column("calls").sum()),
        "unpriced_calls": total["unpriced_calls"],
        "cost_usd": round(total["cost_usd"], 6),
        "cost_with_customer_usd": round(float(named.get_column("cost_usd").sum()), 6),
        "own_purposes": list(OWN_PURPOSES),
        "own_calls": total["own_calls"],
        "own_usd": round(total["own_usd"], 6),
        "customers_without_known_cost": named.filter((pl.col("calls") > 0) & pl.col("cost_usd").is_null()).height,
    }


def _check(everyone: pl.DataFrame) -> None:
    have = coverage(everyone)
    calls, named = have["calls"], have["calls_with_customer"]
    if not calls:
        raise NotComputable("There are no billable calls for customers in the window.")
    if named < LEAST_NAMED * calls:
        raise NotComputable(
            f"A customer (tenant) is on {100 * named / calls:.1f} % of {calls:,} calls; send `tenant.id` or "
            "`customer.id` on spans or resources, or name your attribute in SPANLEDGER_ATTRIBUTES_TENANT."
        )
    if (
        everyone.filter(pl.col("tenant") != "").get_column("cost_usd").null_count()
        == everyone.filter(pl.col("tenant") != "").height
    ):
        raise NotComputable(
            f"No call has a known cost: {have['unpriced_calls']:,} of {calls:,} are of models without a price "
            "(`spanledger prices unpriced`)."
        )
