"""How cost is spread over customers in a window, and whether it became more concentrated."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analytics.cost_concentration import wording
from analytics.cost_concentration.evidence import HOURS, usage_query
from analytics.cost_concentration.inputs import Inputs, coverage
from analytics.cost_concentration.margins import whale_curve
from analytics.cost_concentration.verdict import judge
from analytics.jobs.contract import Candidate, Kind, Report, Severity
from analytics.statistics.shares import (
    gini,
    gini_interval,
    lorenz,
    members,
    top_share,
    top_share_change,
    top_share_interval,
)
from spanledger.figures import usd

Floats = NDArray[np.float64]

REPORT = Kind("concentration", "How cost is spread over customers: shares, Lorenz curve, Gini, tail, margins.", min_n=0)
MORE_POINTS = 0.05
CHANGE = Kind(
    "concentration_change",
    "The dearest customers' share of the cost rose by 5 points or more against the week before.",
    min_effect=MORE_POINTS,
    min_n=0,
)
SUBJECT = {"customers": "all"}
FRACTIONS = (0.001, 0.01, 0.05, 0.1)
FEW = 500
"""Below so many customers the dearest five are reported in place of the top 1 %, which would be fewer."""
TOP_FEW = 5
FEWEST_TO_COMPARE = 50
"""Customers that are needed for an interval of a change of shares."""
TOP = 20
SEED = 20090701
"""Results of a window are the same whenever it is run."""


def find(inputs: Inputs) -> Report:
    """The report of the window, and the change if there is one."""
    costs = _costs(inputs)
    candidates = [_report(inputs, costs)]
    change, tested = _change(inputs)
    return Report([*candidates, *([change] if change else [])], tested)


def _costs(inputs: Inputs) -> pl.DataFrame:
    """tenant, cost_usd: customers whose cost is known, those that pay and made no call with 0."""
    known = inputs.customers.filter(pl.col("cost_usd").is_not_null()).select("tenant", "calls", "cost_usd", "peak_hour")
    idle = inputs.margin.filter(pl.col("calls") == 0).select("tenant", "cost_usd")
    return pl.concat([known, idle], how="diagonal").sort("cost_usd", "tenant", descending=[True, False])


def top_of(n: int) -> tuple[int, str]:
    """How many customers count as the dearest, and how they are called."""
    return (TOP_FEW, f"dearest {TOP_FEW}") if n < FEW else (members(n, 0.01), "top 1 %")


def _report(inputs: Inputs, frame: pl.DataFrame) -> Candidate:
    period, costs = inputs.period, frame.get_column("cost_usd").to_numpy()
    count, label = top_of(len(costs))
    count = min(count, len(costs))
    share, total = top_share(costs, count), float(costs.sum())
    details = _details(inputs, frame, costs)
    peaks = frame.filter(pl.col("peak_hour").is_not_null()).head(3)
    return Candidate(
        kind=REPORT.name,
        subject=SUBJECT,
        severity=Severity.DIGEST,
        effect=round(share, 6) if total > 0 else 0.0,
        effect_unit=f"share of the {label}",
        n=len(costs),
        title=f"{count} of {len(costs):,} customers make {wording.percent(share) if total > 0 else 'none'} of "
        f"{usd(total)} in {wording.length(period.days)}",
        summary=f"{details['tail']['verdict']} {_margins_in_words(inputs)}".strip(),
        since=period.since,
        until=period.until,
        cost_usd=total,
        tenants_hit=len(costs),
        query=usage_query(period),
        details={
            **details,
            HOURS: [[tenant, hour.isoformat()] for tenant, hour in peaks.select("tenant", "peak_hour").rows()],
        },
    )


def _details(inputs: Inputs, frame: pl.DataFrame, costs: Floats) -> dict[str, Any]:
    rng = np.random.default_rng(SEED)
    margin = inputs.margin
    by_tenant = {row["tenant"]: row for row in margin.iter_rows(named=True)}
    total = float(costs.sum())
    return {
        "days": round(inputs.period.days, 3),
        "customers": len(costs),
        "cost_usd": round(total, 6),
        "coverage": coverage(inputs.everyone),
        "shares": _shares(costs, rng) if total > 0 else {},
        "gini": round(gini(costs), 6) if total > 0 else None,
        "gini_interval": _rounded(gini_interval(costs, rng)) if total > 0 else None,
        "lorenz": [[round(x, 6), round(y, 6)] for x, y in lorenz(costs)],
        "tail": judge(costs, rng).as_details(),
        "top": [_top(row, total, by_tenant) for row in frame.head(TOP).iter_rows(named=True)],
        "whale_curve": whale_curve(margin) if margin.height else None,
        "losing_customers": [
            _loser(row) for row in margin.filter(pl.col("margin_usd") < 0).head(TOP).iter_rows(named=True)
        ],
    }


def _shares(costs: Floats, rng: np.random.Generator) -> dict[str, Any]:
    n = len(costs)
    few = {f"top_{TOP_FEW}_customers": min(TOP_FEW, n)} if n < FEW else {}
    counts = {**few, **{f"top_{100 * part:g}_percent": members(n, part) for part in FRACTIONS if n * part >= 1}}
    return {
        name: {
            "customers": count,
            "share": round(top_share(costs, count), 6),
            "interval": _rounded(top_share_interval(costs, count, rng)),
        }
        for name, count in counts.items()
    }


def _rounded(interval: Any) -> list[float]:
    return [round(interval.low, 6), round(interval.high, 6)]


def _top(row: dict[str, Any], total: float, margins: dict[str, dict[str, Any]]) -> dict[str, Any]:
    margin = margins.get(row["tenant"], {})
    return {
        "tenant": row["tenant"],
        "cost_usd": round(row["cost_usd"], 6),
        "share": round(row["cost_usd"] / total, 6) if total > 0 else None,
        "revenue_usd": round(margin["revenue_usd"], 6) if margin else None,
        "margin_usd": round(margin["margin_usd"], 6) if margin else None,
    }


def _loser(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "tenant": row["tenant"],
        "cost_usd": round(row["cost_usd"], 6),
        "revenue_usd": round(row["revenue_usd"], 6),
        "margin_usd": round(row["margin_usd"], 6),
    }


def _margins_in_words(inputs: Inputs) -> str:
    margin = inputs.margin
    if margin.is_empty():
        return "No revenue is known, so there are no margins (`spanledger revenue import`)."
    losing = margin.filter(pl.col("margin_usd") < 0).get_column("margin_usd")
    if losing.is_empty():
        return f"All {margin.height:,} customers with known revenue pay more than they cost."
    return (
        f"{len(losing):,} of {margin.height:,} customers with known revenue cost more than they pay, together "
        f"{usd(-float(losing.sum()))}."
    )


def _change(inputs: Inputs) -> tuple[Candidate | None, list[float]]:
    """The share of the dearest this week against the week before; with too few customers or no week before nothing is
    tested."""
    weeks = inputs.everyone.filter(pl.col("tenant") != "").select(
        "tenant", pl.col("earlier_usd", "recent_usd").fill_null(0.0), "recent_calls", "peak_hour"
    )
    weeks = weeks.filter((pl.col("earlier_usd") > 0) | (pl.col("recent_usd") > 0))
    before, after = weeks.get_column("earlier_usd").to_numpy(), weeks.get_column("recent_usd").to_numpy()
    enough = min(np.count_nonzero(before), np.count_nonzero(after)) >= FEWEST_TO_COMPARE
    if not inputs.period.comparable or not enough:
        return None, []
    count, label = top_of(len(before))
    change = top_share_change(before, after, count, np.random.default_rng(SEED))
    if change.difference < MORE_POINTS or change.interval.low <= 0:
        return None, [change.p_value]
    rising = weeks.sort(pl.col("recent_usd") - pl.col("earlier_usd"), descending=True).head(TOP_FEW)
    since, until = inputs.period.recent
    names = ", ".join(wording.name(each) for each in rising.get_column("tenant"))
    return Candidate(
        kind=CHANGE.name,
        subject=SUBJECT,
        severity=Severity.TICKET,
        effect=round(change.difference, 6),
        effect_unit=f"share of the {label}",
        n=len(before),
        p_value=change.p_value,
        title=f"The {label} of customers went from {wording.percent(change.before)} to "
        f"{wording.percent(change.after)} of the cost",
        summary=f"In the week from {wording.moment(since)} against the week before "
        f"(95 % interval of the change {_points(change.interval.low)} to {_points(change.interval.high)} points); "
        f"most of the rise came from {names}.",
        since=since,
        until=until,
        query=usage_query(inputs.period),
        details={
            "before": round(change.before, 6),
            "after": round(change.after, 6),
            "interval": _rounded(change.interval),
            "customers": len(before),
            "rising": rising.select("tenant", "earlier_usd", "recent_usd").to_dicts(),
            HOURS: [[tenant, hour.isoformat()] for tenant, hour in rising.select("tenant", "peak_hour").head(3).rows()],
        },
    ), [change.p_value]


def _points(part: float) -> str:
    return f"{100 * part:.1f}"
