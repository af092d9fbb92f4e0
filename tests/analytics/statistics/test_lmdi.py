"""LMDI-I: exact, symmetric, and right where the answer is plain."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.statistics.lmdi import effects, log_mean

FACTORS = st.tuples(*[st.floats(0.01, 100)] * 3)
SIDES = st.dictionaries(st.sampled_from("abcd"), FACTORS)


def test_logarithmic_mean() -> None:
    assert log_mean(math.e, 1) == pytest.approx(math.e - 1)
    assert log_mean(2, 2) == 2
    assert log_mean(2, 2 + 1e-12) == pytest.approx(2)


def test_one_factor_that_moved_has_all_of_the_change() -> None:
    assert effects({"a": (1, 2, 3)}, {"a": (1, 4, 3)}) == {"a": [0, pytest.approx(6), 0]}


def test_two_factors_by_their_logarithms() -> None:
    """2 × 2 = 4 to 4 × 8 = 32: a third and two thirds of ln 8, so of the 28."""
    assert effects({"a": (2, 2)}, {"a": (4, 8)})["a"] == [pytest.approx(28 / 3), pytest.approx(56 / 3)]


def test_what_came_or_went_is_of_the_first_factor() -> None:
    assert effects({"old": (1, 2)}, {"new": (3, 4)}) == {"new": [12, 0], "old": [-2, 0]}
    assert effects({"a": (1, 0)}, {"a": (1, 5)}) == {"a": [5, 0]}


@given(SIDES, SIDES)
def test_effects_sum_to_the_change_and_turn_with_time(
    before: dict[str, tuple[float, ...]], after: dict[str, tuple[float, ...]]
) -> None:
    split = effects(before, after)
    change = sum(map(math.prod, after.values())) - sum(map(math.prod, before.values()))
    size = sum(map(math.prod, [*after.values(), *before.values()]))
    assert math.isclose(sum(map(sum, split.values())), change, rel_tol=1e-9, abs_tol=1e-9 * size)
    back = effects(after, before)
    assert all(
        math.isclose(x, -y, rel_tol=1e-9, abs_tol=1e-9 * size)
        for key in split
        for x, y in zip(split[key], back[key], strict=True)
    )
