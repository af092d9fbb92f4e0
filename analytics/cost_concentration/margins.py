"""What customers pay against what they cost, in the same hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import polars as pl

from analytics.cost_concentration.period import DAY, Period

MONTH_DAYS = 365.25 / 12
POINTS = 100
"""Of the whale curve."""


def revenue_in(revenue: pl.DataFrame, since: datetime, until: datetime) -> pl.DataFrame:
    """Revenue of each customer in a time, and the monthly price at its end.

    A monthly price is spread evenly over the days of its calendar month. Plans of one customer add up; within a plan
    the row with the latest first day counts.
    """
    rows = revenue.sort("tenant", "plan", "first_day").with_columns(
        pl.col("first_day").cast(pl.Datetime("us", "UTC")).alias("begin"),
        pl.min_horizontal(pl.col("last_day").dt.offset_by("1d"), pl.col("first_day").shift(-1).over("tenant", "plan"))
        .cast(pl.Datetime("us", "UTC"))
        .alias("end"),
    )
    parts = [_within(rows, begin, end, month_days) for begin, end, month_days in _months(since, until)]
    last = (pl.col("begin") < until) & (pl.col("end") >= until)
    prices = rows.group_by("tenant").agg(pl.col("monthly_price_usd").filter(last).sum().alias("monthly_price_usd"))
    paid = pl.concat(parts).group_by("tenant").agg(pl.col("revenue_usd").sum())
    return paid.join(prices, on="tenant").sort("tenant")


def margins(customers: pl.DataFrame, revenue: pl.DataFrame) -> pl.DataFrame:
    """Customers whose cost and revenue are both known, with `margin_usd`, the largest loss first. Who pays and made no
    call costs nothing."""
    joined = revenue.join(customers.select("tenant", "calls", "cost_usd"), on="tenant", how="left")
    known = joined.with_columns(
        pl.when(pl.col("calls").fill_null(0) == 0).then(0.0).otherwise(pl.col("cost_usd")).alias("cost_usd"),
        pl.col("calls").fill_null(0),
    ).filter(pl.col("cost_usd").is_not_null())
    return known.with_columns((pl.col("revenue_usd") - pl.col("cost_usd")).alias("margin_usd")).sort(
        "margin_usd", "tenant"
    )


def whale_curve(margin: pl.DataFrame) -> dict[str, Any]:
    """Cumulative margin from the most profitable customer on: points (part of customers, USD), its peak, its end."""
    ordered = margin.get_column("margin_usd").sort(descending=True)
    curve = ordered.cum_sum().to_list()
    n = len(curve)
    places = sorted({round(position * n / POINTS) for position in range(1, POINTS + 1)} - {0})
    losers = ordered.filter(ordered < 0)
    return {
        "customers": n,
        "margin_usd": round(curve[-1], 6) if n else None,
        "peak_usd": round(max(curve), 6) if n else None,
        "losing_customers": len(losers),
        "loss_usd": round(-float(losers.sum()), 6),
        "points": [[round(place / n, 6), round(curve[place - 1], 6)] for place in places],
    }


def monthly(amount: float, period: Period) -> float:
    """An amount of the period at the same rate for a month."""
    return amount * MONTH_DAYS / period.days


def _within(rows: pl.DataFrame, begin: datetime, end: datetime, month_days: float) -> pl.DataFrame:
    overlap = pl.min_horizontal(pl.col("end"), pl.lit(end)) - pl.max_horizontal(pl.col("begin"), pl.lit(begin))
    days = overlap.dt.total_microseconds().clip(0) / (DAY.total_seconds() * 1e6)
    return rows.filter((pl.col("begin") < end) & (pl.col("end") > begin)).select(
        "tenant", (days * pl.col("monthly_price_usd") / month_days).alias("revenue_usd")
    )


def _months(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime, float]]:
    """The calendar months of a time: its part in each, and the days that the month has."""
    begin = since
    while begin < until:
        first = datetime(begin.year, begin.month, 1, tzinfo=UTC)
        following = datetime(begin.year + begin.month // 12, begin.month % 12 + 1, 1, tzinfo=UTC)
        yield begin, min(following, until), (following - first) / DAY
        begin = following
