"""DerSimonian and Laird, by hand and against its own null."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.statistics.random_effects import Pooled, p_higher, pool


def test_by_hand() -> None:
    """Three groups, variance 1: Q = 8 on 2 degrees of freedom, C = 3 - 1 = 2, so tau2 = 3 and the variance 4 / 3."""
    found = pool([8, 10, 12], [1, 1, 1])
    assert (found.mean, found.groups) == (10, 3)
    assert found.between == pytest.approx(3)
    assert found.variance == pytest.approx(4 / 3)


def test_no_more_spread_than_chance_is_the_usual_weighted_mean() -> None:
    found = pool([1, 1.1], [1, 4])
    assert found.between == 0
    assert found.mean == pytest.approx((1 + 1.1 / 4) / 1.25)
    assert found.variance == pytest.approx(0.8)


def test_one_group_takes_the_spread_that_it_is_given() -> None:
    assert pool([5], [1], between=3) == Pooled(5, 4, 3, 1)
    assert pool([5], [1]).between == 0


def test_of_groups_that_are_alike_few_seem_higher() -> None:
    """96 quiet hours and 6 more, of 30 calls each that differ by hour, too: 5 % of p-values are below 5 %."""
    chance = np.random.default_rng(7)
    small = 0
    for _ in range(400):
        means = (chance.normal(10, 2, 102) + chance.normal(0, 5 / 30**0.5, 102)).tolist()
        low = pool(means[:96], [25 / 30] * 96)
        small += p_higher(pool(means[96:], [25 / 30] * 6, low.between), low) < 0.05
    assert 0.025 <= small / 400 <= 0.075


def test_a_rise_is_seen() -> None:
    low = pool([10.0, 10.4, 9.8, 10.1], [0.1] * 4)
    assert p_higher(pool([13.0], [0.1], low.between), low) < 0.005
    assert p_higher(pool([9.0], [0.1], low.between), low) > 0.9
