"""Customers whose cost runs away: who is looked at, and how loud it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import polars as pl

from analytics.cost_concentration import wording
from analytics.cost_concentration.evidence import HOURS, spans_query
from analytics.cost_concentration.inputs import Inputs
from analytics.cost_concentration.margins import MONTH_DAYS
from analytics.cost_concentration.period import WEEK, Period
from analytics.cost_concentration.runaway import FEWEST_DAYS, TIMES_USUAL, Runaway, Verdict, judge
from analytics.cost_concentration.thresholds import Thresholds
from analytics.jobs.contract import Candidate, Kind, Report, Severity
from spanledger.figures import usd

KIND = Kind(
    "runaway",
    "A customer's 24 hours cost more than 5 times its usual day and more than twice the largest. Page: it goes on, and "
    "it loses more a day than the setting allows.",
    min_effect=TIMES_USUAL,
    min_n=0,
)
MOST = 50
"""Customers that are looked at by the hour in one run."""
STICKS_OUT = 2.0
"""In reference days: 24 hours above 5 usual days have a calendar day above 2.5 in them."""
FEWEST_FOR_ALL = 5
"""Customers that are needed to say that customers at large have risen."""
NORMAL_PEAK = 2.0
"""The dearest day of a customer, in median days, when nothing is the matter: over weeks of days that vary by 30 %."""


def large(everyone: pl.DataFrame, period: Period, thresholds: Thresholds) -> pl.DataFrame:
    """Customers with a dear day, or whose usual one is dear; those first that the dearest sticks out for most.
    `reference_usd` is a usual day as far as it is known at a glance: the median day, or in short windows the same day a
    week before."""
    reference = pl.col("median_day_usd") if period.length >= WEEK else pl.col("earlier_usd") / period.recent_days
    customers = everyone.filter(pl.col("tenant") != "").with_columns(
        pl.col("peak_day_usd").fill_null(0.0), reference.fill_null(0.0).alias("reference_usd")
    )
    dearest = pl.max_horizontal("peak_day_usd", "reference_usd")
    return customers.filter(dearest >= thresholds.suspicious_usd_per_day).sort(
        pl.col("peak_day_usd") - pl.col("reference_usd"), "tenant", descending=[True, False]
    )


def suspects(among: pl.DataFrame, thresholds: Thresholds) -> pl.DataFrame:
    """Those that are looked at by the hour."""
    dear = pl.col("peak_day_usd") >= thresholds.suspicious_usd_per_day
    return among.filter(dear & (pl.col("peak_day_usd") >= STICKS_OUT * pl.col("reference_usd"))).head(MOST)


def find(inputs: Inputs, thresholds: Thresholds) -> Report:
    """Runaways among the suspects; of those that were not looked at the p-values count as 1."""
    among = large(inputs.everyone, inputs.period, thresholds)
    rise, chosen = _rise_of_all(among, thresholds), suspects(among, thresholds)
    prices = dict(inputs.paying.select("tenant", "monthly_price_usd").iter_rows())
    scan_from = inputs.index(inputs.period.late_from)
    verdicts = {tenant: judge(inputs.hourly(tenant), scan_from, rise) for tenant in chosen.get_column("tenant")}
    found = _own(verdicts, among.height)
    candidates = []
    for tenant, runaway in found.items():
        severity = _severity(runaway, prices.get(tenant), thresholds)
        if severity and runaway.stop > inputs.index(inputs.period.since):
            candidate = _candidate(inputs, tenant, runaway, severity, prices.get(tenant))
            candidates.append(replace(candidate, p_value=verdicts[tenant].p_value))
    tested = [each.p_value for each in verdicts.values()] + [1.0] * (among.height - chosen.height)
    together = sum(each.runaway is not None for each in verdicts.values()) - len(found)
    notes = {"customers_tested": len(tested), "rise_of_all": round(rise, 3), "rose_together": together}
    return Report(candidates, tested, {"runaway": notes})


def _own(verdicts: Mapping[str, Verdict], customers: int) -> dict[str, Runaway]:
    """The runaways, but where there is no history only those that no crowd shares in time: a Monday after a weekend
    then looks like a runaway of everybody."""
    found = {tenant: each.runaway for tenant, each in verdicts.items() if each.runaway}
    crowd = max(2, customers / 4)
    return {
        tenant: runaway
        for tenant, runaway in found.items()
        if runaway.other_days >= FEWEST_DAYS or _at_once(runaway, found) <= crowd
    }


def _at_once(runaway: Runaway, others: Mapping[str, Runaway]) -> int:
    return sum(each.start < runaway.stop and each.stop > runaway.start for each in others.values())


def _rise_of_all(among: pl.DataFrame, thresholds: Thresholds) -> float:
    """How much dearer the dearest days of customers at large are than they normally are; 1 or more."""
    known = among.filter(pl.col("reference_usd") >= thresholds.suspicious_usd_per_day)
    if known.height < FEWEST_FOR_ALL:
        return 1.0
    ratio = (known.get_column("peak_day_usd") / known.get_column("reference_usd")).to_numpy()
    return max(1.0, float(np.median(ratio)) / NORMAL_PEAK)


def _severity(found: Runaway, price: float | None, thresholds: Thresholds) -> Severity | None:
    """None: it pays for what it costs, or it is small. `price` is what it pays a month."""
    if price is None:
        too_much, bound = found.day_usd - found.usual_usd, thresholds.unknown_usd_per_day
    else:
        too_much, bound = found.day_usd - price / MONTH_DAYS, thresholds.runaway_usd_per_day
    if too_much < thresholds.runaway_usd_per_day / 2:
        return None
    return Severity.PAGE if found.ongoing and too_much >= bound else Severity.TICKET


def _candidate(inputs: Inputs, tenant: str, found: Runaway, severity: Severity, price: float | None) -> Candidate:
    period = inputs.period
    costs = inputs.hourly(tenant)
    since, until = inputs.at(found.start), inputs.at(found.stop)
    first = max(found.start, inputs.index(period.since))
    share = float(costs[first : found.stop].sum()) / float(costs[found.start : found.stop].sum())
    peak = inputs.at(first + int(np.argmax(costs[first : found.stop])))
    calls = inputs.hourly(tenant, "calls")[found.start : found.stop].sum()
    name = wording.name(tenant)
    went = "has cost" if found.ongoing else "cost"
    return Candidate(
        kind=KIND.name,
        subject={"tenant": tenant},
        severity=severity,
        effect=round(found.factor, 3),
        effect_unit="usual days",
        n=int(calls),
        persistence=(found.raised_hours, min(3, found.stop - found.start)),
        title=f"Customer {name} {went} {usd(found.day_usd)} in 24 hours, {wording.times(found.factor)} its usual day",
        summary=_summary(inputs, found, price),
        since=since,
        until=until,
        cost_usd=found.excess_usd * share,
        tenants_hit=1,
        query=spans_query(tenant, since, until),
        details={
            "day_usd": round(found.day_usd, 6),
            "usual_day_usd": round(found.usual_usd, 6),
            "other_days": found.other_days,
            "largest_other_day_usd": round(found.largest_usd, 6),
            "excess_usd": round(found.excess_usd, 6),
            "hours": found.stop - found.start,
            "ongoing": found.ongoing,
            "revenue_usd_per_day": None if price is None else round(price / MONTH_DAYS, 6),
            HOURS: [[tenant, peak.isoformat()]],
        },
    )


def _summary(inputs: Inputs, found: Runaway, price: float | None) -> str:
    since, until = wording.moment(inputs.at(found.start)), wording.moment(inputs.at(found.stop))
    when = f"since {since}" if found.ongoing else f"from {since} to {until}"
    above = f"{usd(found.excess_usd)} above the usual {usd(found.usual_usd)} a day {when}"
    if price is None:
        return f"That is {above}; what this customer pays is not known."
    loss = found.day_usd * MONTH_DAYS - price
    return f"That is {above}; it pays {usd(price)} a month and at this rate loses {usd(loss)} a month."
