"""Shares, Lorenz and Gini: values of published data, closed forms of the Pareto law, what must hold for any values."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from analytics.statistics.shares import (
    Floats,
    gini,
    gini_interval,
    lorenz,
    members,
    top_share,
    top_share_change,
    top_share_interval,
)
from spanledger.later import Later

powerlaw = Later("powerlaw")
AMOUNTS = st.lists(st.floats(0, 1e6), min_size=1, max_size=200).filter(lambda values: sum(values) > 1e-3)


def pareto_quantiles(n: int, a: float) -> Floats:
    """The law itself, not a sample."""
    return np.asarray((1 - (np.arange(n) + 0.5) / n) ** (-1 / a))


@pytest.mark.parametrize(
    ("name", "top", "coefficient"),
    [
        ("blackouts", 0.2181, 0.6809),
        ("cities", 0.4031, 0.8510),
        ("flares", 0.6324, 0.8646),
        ("surnames", 0.1802, 0.5756),
        ("words", 0.5879, 0.8449),
    ],
)
def test_reference_data(name: str, top: float, coefficient: float) -> None:
    values = np.asarray(powerlaw.load_test_dataset(name), dtype=np.float64)
    assert top_share(values, members(len(values), 0.01)) == pytest.approx(top, abs=5e-5)
    assert gini(values) == pytest.approx(coefficient, abs=5e-5)


@pytest.mark.parametrize("a", [1.5, 2.0, 3.0])
def test_closed_forms_of_the_pareto_law(a: float) -> None:
    values = pareto_quantiles(400_000, a)
    assert gini(values) == pytest.approx(1 / (2 * a - 1), rel=0.01)
    for part in (0.01, 0.1):
        assert top_share(values, members(len(values), part)) == pytest.approx(part ** (1 - 1 / a), rel=0.03)


def test_the_top_is_never_empty() -> None:
    assert [members(n, 0.01) for n in (1, 99, 100, 101, 550)] == [1, 1, 1, 2, 6]


@given(AMOUNTS)
def test_gini_is_bounded_and_knows_no_unit(values: list[float]) -> None:
    amounts = np.array(values)
    found = gini(amounts)
    assert -1e-9 <= found <= 1 - 1 / len(values) + 1e-9
    assert gini(amounts * 1000) == pytest.approx(found, abs=1e-9)


@given(AMOUNTS)
def test_the_lorenz_curve_rises_ever_faster(values: list[float]) -> None:
    curve = lorenz(np.array(values))
    assert curve[0] == (0, 0)
    assert curve[-1] == pytest.approx((1, 1))
    assert len(curve) <= 100
    slopes = [(y1 - y0) / (x1 - x0) for (x0, y0), (x1, y1) in pairwise(curve)]
    assert all(b >= a - 1e-6 for a, b in pairwise(slopes))
    assert all(y <= x + 1e-9 for x, y in curve)


def test_alike_and_alone() -> None:
    assert gini(np.ones(10)) == pytest.approx(0)
    assert gini(np.array([0, 0, 0, 5.0])) == pytest.approx(0.75)
    assert top_share(np.array([1.0, 3.0]), 1) == 0.75


@pytest.mark.parametrize("values", [np.zeros(5), np.array([0.0])])
def test_nothing_was_spent(values: Floats) -> None:
    assert np.isnan(gini(values)) and np.isnan(top_share(values, 1))
    assert lorenz(values) == []


def test_intervals_of_values_that_are_alike_have_no_width() -> None:
    rng = np.random.default_rng(1)
    assert top_share_interval(np.ones(200), 20, rng).low == pytest.approx(0.1)
    assert gini_interval(np.ones(200), rng).high == pytest.approx(0)


def test_intervals_hold_the_value_of_a_tame_sample() -> None:
    hits = 0
    for seed in range(40):
        values = np.random.default_rng(seed).lognormal(0, 0.5, 300)
        interval = gini_interval(values, np.random.default_rng(1000 + seed))
        hits += interval.low <= 0.2763 <= interval.high  # erf(sigma / 2)
    assert hits >= 33


@hypothesis_settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0.01, 1000), min_size=3, max_size=60), st.integers(1, 3), st.integers(0, 99))
def test_a_draw_of_everybody_once_is_the_sample(values: list[float], count: int, seed: int) -> None:
    interval = top_share_interval(np.array(values), count, np.random.default_rng(seed))
    assert 0 < interval.low <= interval.high <= 1 + 1e-9


def test_no_change() -> None:
    values = np.random.default_rng(1).pareto(1.5, 300)
    change = top_share_change(values, values * 1.3, 5, np.random.default_rng(2))
    assert change.difference == pytest.approx(0)
    assert (change.interval.low, change.interval.high) == pytest.approx((0, 0))


def test_many_large_members_that_grow_are_a_change() -> None:
    values = np.random.default_rng(1).lognormal(0, 0.3, 1000)
    after = values.copy()
    after[np.argsort(values)[-200:]] *= 3
    change = top_share_change(values, after, 100, np.random.default_rng(2))
    assert change.difference > 0.05 and change.interval.low > 0.05
    assert change.p_value < 0.01


def test_one_member_is_no_change_of_the_whole() -> None:
    values = np.random.default_rng(1).lognormal(0, 0.3, 300)
    after = np.append(values, 60.0)
    change = top_share_change(np.append(values, 0.0), after, 5, np.random.default_rng(2))
    assert change.difference > 0.05
    assert change.interval.low <= 0
