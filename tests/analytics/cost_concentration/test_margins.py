"""Revenue spread over days, margins, the whale curve: by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from itertools import pairwise

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.cost_concentration.losses import Balance
from analytics.cost_concentration.margins import margins, revenue_in, whale_curve

FOREVER = date(2149, 6, 6)


def at(month: int, day: int, hour: int = 0) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def rows(*given: tuple[str, str, date, date, float]) -> pl.DataFrame:
    names = ("tenant", "plan", "first_day", "last_day", "monthly_price_usd")
    schema = dict(zip(names, (pl.String, pl.String, pl.Date, pl.Date, pl.Float64), strict=True))
    return pl.DataFrame(list(given), schema=schema, orient="row")


def paid(frame: pl.DataFrame, since: datetime, until: datetime) -> dict[str, float]:
    return {tenant: usd for tenant, usd, _ in revenue_in(frame, since, until).iter_rows()}


ACME = ("acme", "pro", date(2026, 1, 1), FOREVER, 40.0)


@pytest.mark.parametrize(
    ("since", "until", "usd"),
    [
        (at(11, 1), at(12, 1), 40),
        (at(10, 1), at(11, 1), 40),
        (at(2, 1), at(3, 1), 40),
        (at(11, 1), at(11, 16), 20),
        (at(11, 5), at(11, 6), 40 / 30),
        (at(11, 5, 10), at(11, 5, 11), 40 / 30 / 24),
        (at(10, 31), at(11, 2), 40 / 31 + 40 / 30),
        (at(9, 1), at(12, 1), 120),
    ],
)
def test_a_price_is_spread_over_the_days_of_its_month(since: datetime, until: datetime, usd: float) -> None:
    assert paid(rows(ACME), since, until) == {"acme": pytest.approx(usd)}


def test_a_newer_row_of_the_plan_replaces_the_older_and_plans_add_up() -> None:
    frame = rows(
        ACME, ("acme", "pro", date(2026, 11, 16), FOREVER, 60.0), ("acme", "support", date(2026, 1, 1), FOREVER, 30.0)
    )
    found = revenue_in(frame, at(11, 1), at(12, 1)).row(0, named=True)
    assert found["revenue_usd"] == pytest.approx(20 + 30 + 30)
    assert found["monthly_price_usd"] == 90


def test_the_last_day_is_paid_for() -> None:
    frame = rows(("acme", "pro", date(2026, 11, 1), date(2026, 11, 3), 30.0))
    assert paid(frame, at(11, 1), at(12, 1)) == {"acme": pytest.approx(3)}
    assert revenue_in(frame, at(11, 1), at(12, 1)).row(0, named=True)["monthly_price_usd"] == 0


def test_who_paid_at_another_time_is_not_known() -> None:
    assert paid(rows(("acme", "pro", date(2026, 1, 1), date(2026, 1, 31), 30.0)), at(11, 1), at(12, 1)) == {}
    assert paid(rows(), at(11, 1), at(12, 1)) == {}


@given(st.integers(1, 700), st.integers(1, 700), st.integers(1, 700))
def test_revenue_of_parts_adds_up(first: int, second: int, third: int) -> None:
    hours = sorted((first, second, third))
    moments = [datetime.fromtimestamp(at(10, 10).timestamp() + 3600 * hour, UTC) for hour in (0, *hours)]
    whole = paid(rows(ACME), moments[0], moments[-1])["acme"]
    parts = [paid(rows(ACME), a, b)["acme"] for a, b in pairwise(moments) if a < b]
    assert sum(parts) == pytest.approx(whole)


def customers(**costs: float | None) -> pl.DataFrame:
    return pl.DataFrame(
        {"tenant": list(costs), "calls": [9] * len(costs), "cost_usd": list(costs.values())},
        schema_overrides={"cost_usd": pl.Float64},
    )


def test_margins_of_those_whose_cost_and_revenue_are_known() -> None:
    pays = revenue_in(
        rows(ACME, ("idle", "", date(2026, 1, 1), FOREVER, 10.0), ("dark", "", date(2026, 1, 1), FOREVER, 5.0)),
        at(11, 1),
        at(12, 1),
    )
    found = margins(customers(acme=4000.0, dark=None, guest=3.0), pays)
    assert dict(found.select("tenant", "margin_usd").iter_rows()) == {"acme": pytest.approx(-3960), "idle": 10.0}


def test_the_whale_curve_rises_to_its_peak_and_falls_to_the_sum() -> None:
    frame = pl.DataFrame({"margin_usd": [-30.0, 10.0, 50.0, -5.0]})
    curve = whale_curve(frame)
    assert (curve["peak_usd"], curve["margin_usd"]) == (60, 25)
    assert (curve["losing_customers"], curve["loss_usd"]) == (2, 35)
    assert curve["points"] == [[0.25, 50], [0.5, 60], [0.75, 55], [1.0, 25]]


@pytest.mark.parametrize(
    ("days", "cost", "revenue", "lost"),
    [
        (0.5, 5.0, 0.7, False),  # $262 a month at the rate of one morning
        (0.5, 60.0, 0.7, True),
        (10, 60.0, 13.0, False),
        (20, 80.0, 26.0, True),
        (28, 84.0, 37.0, True),  # $50 at its rate of a month
        (28, 80.0, 37.0, False),
        (90, 200.0, 118.0, True),  # in three months
    ],
)
def test_a_loss_is_dollars_that_are_gone(days: float, cost: float, revenue: float, lost: bool) -> None:
    assert Balance(days, cost, revenue).has_lost(50) is lost
