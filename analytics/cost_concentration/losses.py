"""Customers that cost more than they pay."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from analytics.cost_concentration import wording
from analytics.cost_concentration.evidence import HOURS, days_query
from analytics.cost_concentration.inputs import Inputs
from analytics.cost_concentration.margins import MONTH_DAYS, monthly, whale_curve
from analytics.cost_concentration.period import Period
from analytics.cost_concentration.stretch import largest_stretch
from analytics.cost_concentration.thresholds import Thresholds
from analytics.jobs.contract import Candidate, Kind, Report, Severity
from spanledger.figures import usd

KIND = Kind("negative_margin", "A customer costs more than it pays.", min_n=0)
MOST = 20
"""Customers that get a finding of their own in one run, by loss; the others are counted in `concentration`."""
MONTH_LONG = 27.0
"""Days from which on a period counts as a month: the shortest month and the rolling 28 days are."""
TIMES_REVENUE = ((7.0, 2.0), (MONTH_LONG, 1.25))
"""Over less than so many days cost must be so many times the revenue: a price may be used up on a few of them."""


@dataclass(frozen=True)
class Balance:
    """A customer's cost and revenue over a month, or as much of it as is known."""

    days: float
    cost_usd: float
    revenue_usd: float

    @property
    def cost_per_month(self) -> float:
        """At the same rate; of less than a day no more than its sum is taken for a day."""
        return self.cost_usd * MONTH_DAYS / max(self.days, 1.0)

    @property
    def loses(self) -> bool:
        """Whether cost is above revenue, clearly so where less than a month is known."""
        needed = next((times for days, times in TIMES_REVENUE if self.days < days), 1.0)
        return self.cost_usd > needed * self.revenue_usd

    def has_lost(self, usd_per_month: float) -> bool:
        """Whether so much is gone: at this rate where a month is known, in dollars already where less is. The rate of a
        busy morning is no month's."""
        known = min(self.days / MONTH_DAYS, 1.0) if self.days >= MONTH_LONG else 1.0
        return self.cost_usd - self.revenue_usd >= usd_per_month * known


def suspects(margin: pl.DataFrame, period: Period, thresholds: Thresholds) -> pl.DataFrame:
    """Customers whose loss in the period makes a ticket, at its rate; the largest first."""
    least = thresholds.loss_usd_per_month * min(1.0, period.days / MONTH_DAYS)
    return margin.filter(-pl.col("margin_usd") >= least).head(MOST)


def find(inputs: Inputs, thresholds: Thresholds) -> Report:
    """A candidate for each of the customers that lose most; the whale curve goes to the notes."""
    margin = inputs.margin
    if margin.is_empty():
        return Report(notes={"margins": {"customers_with_revenue": 0}})
    candidates = []
    for row in suspects(margin, inputs.period, thresholds).iter_rows(named=True):
        balance = _balance(inputs, row)
        at_this_rate = balance.cost_per_month - _price(row, balance)
        least = thresholds.loss_usd_per_month
        if balance.loses and at_this_rate >= least and balance.has_lost(least):
            candidates.append(_candidate(inputs, row, balance))
    notes = whale_curve(margin)
    del notes["points"]
    return Report(candidates, notes={"margins": {"customers_with_revenue": margin.height, **notes}})


def _balance(inputs: Inputs, row: dict[str, Any]) -> Balance:
    """Over the period when it is a month or more; else also over the time before it, back to the first call."""
    period = inputs.period
    if period.days >= MONTH_LONG:
        return Balance(period.days, row["cost_usd"], row["revenue_usd"])
    costs = inputs.hourly(row["tenant"])
    first = int(np.flatnonzero(costs)[0]) if costs.any() else len(costs)
    hours = len(costs) - min(first, inputs.index(period.since))
    return Balance(hours / 24, float(costs[-hours:].sum()), row["revenue_usd"] * hours / 24 / period.days)


def _price(row: dict[str, Any], balance: Balance) -> float:
    """What it pays a month: the price at the end, else what it paid at the same rate."""
    return float(row["monthly_price_usd"] or balance.revenue_usd * MONTH_DAYS / balance.days)


def _costing(balance: Balance, price: float) -> str:
    """What it costs, in the words of its price where the time is about a month."""
    if not MONTH_LONG <= balance.days <= 32:
        return f"cost {usd(balance.cost_usd)} in {wording.length(balance.days)}"
    return f"costs {usd(balance.cost_usd if balance.cost_usd > price else balance.cost_per_month)}"


def _candidate(inputs: Inputs, row: dict[str, Any], balance: Balance) -> Candidate:
    tenant, period = row["tenant"], inputs.period
    price, loss = _price(row, balance), -row["margin_usd"]
    costs = inputs.hourly(tenant)[inputs.index(period.since) :]
    start, stop = largest_stretch(costs - row["revenue_usd"] / max(len(costs), 1))
    first = inputs.index(period.since)
    since, until = inputs.at(first + start), inputs.at(first + max(stop, start + 1))
    peak = inputs.at(first + int(np.argmax(costs)))
    name, month = wording.name(tenant), balance.cost_per_month
    return Candidate(
        kind=KIND.name,
        subject={"tenant": tenant},
        severity=Severity.TICKET,
        effect=round(month - price, 6),
        effect_unit="USD/month",
        n=int(row["calls"]),
        title=f"Customer {name} pays {usd(price)} a month and {_costing(balance, price)}",
        summary=f"From {wording.moment(period.since)} to {wording.moment(period.until)} it cost "
        f"{usd(row['cost_usd'])} against {usd(row['revenue_usd'])} of revenue, a loss of "
        f"{usd(loss)} since {wording.moment(since)}; at this rate it costs {usd(month)} a month, the "
        "price at which it would break even.",
        since=since,
        until=until,
        cost_usd=loss,
        tenants_hit=1,
        query=days_query(tenant, period.since, period.until),
        details={
            "cost_usd": round(row["cost_usd"], 6),
            "revenue_usd": round(row["revenue_usd"], 6),
            "margin_usd": round(row["margin_usd"], 6),
            "monthly_price_usd": round(price, 6),
            "days": round(period.days, 3),
            "month_days_known": round(balance.days, 3),
            "month_cost_usd": round(month, 6),
            "breakeven_price_usd": round(month, 6),
            "margin_at_this_rate_usd_per_month": round(monthly(row["margin_usd"], period), 6),
            HOURS: [[tenant, peak.isoformat()]],
        },
    )
