"""Customers whose cost changed from one week to the next, beyond what customers at large did."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import scipy
from numpy.typing import NDArray

from analytics.cost_concentration import wording
from analytics.cost_concentration.evidence import HOURS, days_query
from analytics.cost_concentration.inputs import Inputs
from analytics.cost_concentration.period import HOUR, WEEK, Period
from analytics.cost_concentration.stretch import largest_stretch
from analytics.jobs.contract import Candidate, Kind, Report, Severity
from spanledger.figures import usd

Floats = NDArray[np.float64]

USD_PER_DAY = 50.0
"""A change that is worth a line: what the rules ask of the volume of any finding."""
KIND = Kind(
    "mover",
    "A customer's cost changed by more than half and 50 USD a day against the week before, beyond what customers at "
    "large did. Ticket: each call became dearer; digest: there are more or fewer calls.",
    min_effect=USD_PER_DAY,
)
RELATIVE = 0.5
DEARER = 1.5
"""A call that costs so many times as much, beyond what calls at large do, is a ticket: that is ours to mend."""
MOST = 50
"""Customers that are tested by the day in one run."""
MOST_NAMED = 10
FEWEST_FOR_ALL = 5
"""Customers that are needed to say how customers at large changed."""


@dataclass(frozen=True)
class Test:
    """The days of a week against the same days of the week before, in pairs, so that weekdays do not matter."""

    p_value: float
    """Two-sided Student's t of the differences beyond what customers at large did."""
    low: float
    high: float
    """95 % interval of the whole difference in USD a day."""


def changes(everyone: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Customers of some size in one of the two weeks, with `expected_usd`: the week before times the growth of
    customers at large (its median), and `excess_usd` beyond it; the largest first. Empty without a week before."""
    days = period.recent_days
    weeks = everyone.filter(pl.col("tenant") != "").with_columns(pl.col("recent_usd", "earlier_usd").fill_null(0.0))
    large = weeks.filter(pl.max_horizontal("recent_usd", "earlier_usd") >= USD_PER_DAY * days)
    if not period.comparable or weeks.get_column("earlier_usd").sum() <= 0:
        return large.clear().with_columns(pl.lit(0.0).alias("expected_usd"), pl.lit(0.0).alias("excess_usd"))
    growth, unit_growth = growth_of_all(large)
    return (
        large.with_columns(
            (pl.col("earlier_usd") * growth).alias("expected_usd"), pl.lit(unit_growth).alias("unit_growth")
        )
        .with_columns((pl.col("recent_usd") - pl.col("expected_usd")).alias("excess_usd"))
        .sort(pl.col("excess_usd").abs(), "tenant", descending=[True, False])
    )


def suspects(changed: pl.DataFrame, period: Period) -> pl.DataFrame:
    """Those that changed enough to be tested."""
    days = period.recent_days
    size = pl.col("excess_usd").abs()
    return changed.filter((size >= USD_PER_DAY * days) & (size >= RELATIVE * pl.col("expected_usd"))).head(MOST)


def find(inputs: Inputs) -> Report:
    """The largest movers; of customers of some size that did not change enough to be tested the p-values count as 1."""
    changed = changes(inputs.everyone, inputs.period)
    chosen = suspects(changed, inputs.period)
    weeks = inputs.everyone.select(pl.col("recent_usd", "earlier_usd").sum()).row(0)
    paid = dict(inputs.paying.select("tenant", "revenue_usd").iter_rows())
    candidates, tested = [], [1.0] * (changed.height - chosen.height)
    for row in chosen.iter_rows(named=True):
        test = _test(inputs, row)
        tested.append(test.p_value)
        candidates.append(_candidate(inputs, row, test, weeks, _profitable(row, paid, inputs.period)))
    return Report(candidates[:MOST_NAMED], tested, {"movers": _notes(inputs.period, changed, chosen)})


def growth_of_all(large: pl.DataFrame) -> tuple[float, float]:
    """How customers at large changed, and their cost per call: medians of those of some size in both weeks."""
    both = large.filter((pl.col("earlier_usd") > 0) & (pl.col("recent_usd") > 0))
    if both.height < FEWEST_FOR_ALL:
        return 1.0, 1.0
    growth = both.get_column("recent_usd") / both.get_column("earlier_usd")
    calls = both.get_column("recent_calls") / both.get_column("earlier_calls")
    return float(np.median(growth.to_numpy())), float(np.median((growth / calls).to_numpy()))


def paired_test(recent: Floats, earlier: Floats, growth: float) -> Test:
    """Of daily costs. With the same difference on all days the p-value is 0, or 1 if there is none."""
    beyond, whole = recent - growth * earlier, recent - earlier
    n = len(whole)
    error = float(beyond.std(ddof=1) / np.sqrt(n))
    mean = float(beyond.mean())
    p_value = float(2 * scipy.stats.t.sf(abs(mean) / error, n - 1)) if error > 0 else float(mean == 0)
    half = float(scipy.stats.t.ppf(0.975, n - 1) * whole.std(ddof=1) / np.sqrt(n))
    return Test(p_value, float(whole.mean()) - half, float(whole.mean()) + half)


def _test(inputs: Inputs, row: dict[str, Any]) -> Test:
    recent, earlier = _weeks(inputs, row["tenant"])
    growth = row["expected_usd"] / row["earlier_usd"] if row["earlier_usd"] > 0 else 1.0
    return paired_test(recent.reshape(-1, 24).sum(axis=1), earlier.reshape(-1, 24).sum(axis=1), growth)


def _weeks(inputs: Inputs, tenant: str) -> tuple[Floats, Floats]:
    """The hours of both weeks."""
    hours = (inputs.period.recent[1] - inputs.period.recent[0]) // HOUR
    week = WEEK // HOUR
    costs = inputs.hourly(tenant)
    return costs[-hours:], costs[-hours - week : -week]


def _profitable(row: dict[str, Any], paid: dict[str, float], period: Period) -> bool:
    days = period.recent_days
    return row["tenant"] in paid and row["recent_usd"] <= paid[row["tenant"]] * days / period.days


def _dearer(row: dict[str, Any]) -> float:
    """How many times as much a call costs, beyond what calls at large do; 1 where that is not known."""
    if not (row["earlier_calls"] and row["recent_calls"] and row["earlier_usd"] > 0):
        return 1.0
    unit = float(row["recent_usd"] / row["recent_calls"])
    before = float(row["earlier_usd"] / row["earlier_calls"])
    return float(unit / before / float(row["unit_growth"]))


def _candidate(inputs: Inputs, row: dict[str, Any], test: Test, weeks: Sequence[float], profitable: bool) -> Candidate:
    tenant, period = row["tenant"], inputs.period
    since, until = _since(inputs, row)
    days = period.recent_days
    recent, earlier, factor = row["recent_usd"], row["earlier_usd"], _dearer(row)
    by_price = (factor - 1) * earlier / max(row["earlier_calls"], 1) * row["recent_calls"]
    ours = factor >= DEARER and by_price >= USD_PER_DAY * days and not profitable
    shares = [_share_change(row, weeks, bound * days) for bound in (test.low, test.high)]
    name = wording.name(tenant)
    return Candidate(
        kind=KIND.name,
        subject={"tenant": tenant},
        severity=Severity.TICKET if ours else Severity.DIGEST,
        effect=round(row["excess_usd"] / days, 6),
        effect_unit="USD/day",
        n=int(row["recent_calls"] + row["earlier_calls"]),
        p_value=test.p_value,
        title=_title(name, row, days),
        summary=f"{_why(row, factor)} It moved on {wording.moment(since)}; its share of all cost went from "
        f"{wording.percent(_share(earlier, weeks[1]))} to {wording.percent(_share(recent, weeks[0]))}.",
        since=since,
        until=until,
        cost_usd=max(0.0, row["excess_usd"]),
        tenants_hit=1,
        query=days_query(tenant, period.earlier[0], period.until),
        details={
            "recent_usd": round(recent, 6),
            "earlier_usd": round(earlier, 6),
            "expected_usd": round(row["expected_usd"], 6),
            "difference_usd_per_day": [round(test.low, 6), round((recent - earlier) / days, 6), round(test.high, 6)],
            "share_difference": [
                shares[0],
                round(_share(recent, weeks[0]) - _share(earlier, weeks[1]), 6),
                shares[1],
            ],
            "recent_calls": row["recent_calls"],
            "earlier_calls": row["earlier_calls"],
            "cost_per_call_times": round(factor, 3),
            "days_compared": days,
            HOURS: [[tenant, row["peak_hour"].isoformat()]] if row["recent_usd"] > 0 else [],
        },
    )


def _since(inputs: Inputs, row: dict[str, Any]) -> tuple[Any, Any]:
    """When it moved: the stretch of the last two weeks that lies farthest on the side where it went."""
    recent, earlier = _weeks(inputs, row["tenant"])
    costs = inputs.hourly(row["tenant"])[-len(recent) - WEEK // HOUR :]
    halfway = (float(recent.mean()) + float(earlier.mean())) / 2
    start, stop = largest_stretch((costs - halfway) * np.sign(row["excess_usd"]))
    first = inputs.index(inputs.period.until) - len(costs)
    return inputs.at(first + start), inputs.at(first + stop)


def _title(name: str, row: dict[str, Any], days: float) -> str:
    when = "in the last week" if days == 7 else f"in the last {wording.length(days)}"
    if row["earlier_usd"] == 0:
        return f"Customer {name} is new and cost {usd(row['recent_usd'])} {when}"
    return f"Customer {name} cost {usd(row['recent_usd'])} {when}, {usd(row['earlier_usd'])} a week before"


def _why(row: dict[str, Any], factor: float) -> str:
    calls = f"It made {row['recent_calls']:,} calls after {row['earlier_calls']:,}"
    return f"{calls}, and each cost {factor:.2f} times as much, beyond what calls at large did."


def _share(usd: float, total: float) -> float:
    """Of a week's cost; none of a week without any."""
    return usd / total if total else 0.0


def _share_change(row: dict[str, Any], weeks: Sequence[float], difference: float) -> float:
    """Of all cost, had the customer's moved by `difference` and the others' as it did."""
    moved = max(0.0, float(row["earlier_usd"]) + difference)
    others = float(weeks[0] - row["recent_usd"])
    return round(moved / max(others + moved, 1e-12) - _share(float(row["earlier_usd"]), weeks[1]), 6)


def _notes(period: Period, changed: pl.DataFrame, chosen: pl.DataFrame) -> dict[str, Any]:
    if not period.comparable:
        return {"skipped": "the window is shorter than three days"}
    return {"customers_of_size": changed.height, "customers_tested": chosen.height}
