"""Which values are counted apart: not those that chance made frequent, and all that nobody could miss."""

from __future__ import annotations

import numpy as np
import pytest

from spanledger.explore.telling import ENOUGH, apart

SURE = 0.01 / 40
ROUNDS = 200
LISTED = 60


def listed(selected: list[int], others: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Shares of the first values by their shares in both together."""
    p, q = np.array(selected) / sum(selected), np.array(others) / sum(others)
    first = np.argsort(-(p + q), kind="stable")[:LISTED]
    return p[first], q[first]


@pytest.mark.parametrize("values", [50, 200, 1000])
@pytest.mark.parametrize("sizes", [(20, 1420), (360, 1080), (2000, 40000)])
def test_rare_values_that_chance_made_frequent_are_not_told(values: int, sizes: tuple[int, int]) -> None:
    random, (n, m), told = np.random.default_rng(values), sizes, 0
    for _ in range(ROUNDS):
        counts = [random.multinomial(size, np.full(values, 1 / values)).tolist() for size in sizes]
        p, q = listed(counts[0], counts[1])
        rare = (p * n + q * m) * min(sizes) / (n + m) < ENOUGH
        told += bool((apart(p, q, sizes, all_listed=values < LISTED, sure=SURE) & rare).any())
    assert told <= 1


def test_a_value_that_only_the_selection_has_is_told_however_rare_it_is() -> None:
    p, q = np.array([0.4, 0.6, 0.0]), np.array([0.0, 0.6, 0.0004])
    assert apart(p, q, (20, 40_000), all_listed=True, sure=SURE).tolist() == [True, True, False]
    assert apart(p, q, (20, 40_000), all_listed=False, sure=SURE).tolist() == [True, True, False]


def test_a_value_that_only_the_rest_has_is_told() -> None:
    told = apart(np.array([0.0, 1.0]), np.array([0.7, 0.3]), (40, 1000), all_listed=True, sure=SURE)
    assert told.tolist() == [True, True]
