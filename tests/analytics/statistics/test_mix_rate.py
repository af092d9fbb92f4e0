"""The exact split of a rate's change into mix and rate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analytics.statistics.mix_rate import split

RATES = arrays(np.float64, 4, elements=st.floats(0, 1))
WEIGHTS = arrays(np.float64, 4, elements=st.floats(0, 1e9)).filter(lambda weights: weights.sum() > 1e-3)


def test_the_post_s_fall_from_71_to_18() -> None:
    parts = split(
        np.array([0.5, 0.3, 0.2]), np.array([0.8, 0.7, 0.5]), np.array([0.6, 0.25, 0.15]), np.array([0.05, 0.3, 0.5])
    )
    assert (parts.before, parts.after) == pytest.approx((0.71, 0.18), abs=1e-12)
    assert parts.mix == pytest.approx([-0.002, -0.00275, -0.00275], abs=1e-12)
    assert parts.rate == pytest.approx([-0.4125, -0.11, 0.0], abs=1e-12)
    assert parts.total == pytest.approx([-0.4145, -0.11275, -0.00275], abs=1e-12)


@given(WEIGHTS, RATES, WEIGHTS, RATES)
def test_parts_sum_to_the_change(
    weights_before: np.ndarray, before: np.ndarray, weights_after: np.ndarray, after: np.ndarray
) -> None:
    parts = split(weights_before, before, weights_after, after)
    assert parts.total.sum() == pytest.approx(parts.after - parts.before, abs=1e-9)


@given(WEIGHTS, WEIGHTS, RATES)
def test_rates_that_hold_are_all_mix(weights_before: np.ndarray, weights_after: np.ndarray, rates: np.ndarray) -> None:
    assert split(weights_before, rates, weights_after, rates).rate == pytest.approx(0, abs=1e-12)


@given(WEIGHTS, RATES, RATES)
def test_weights_that_hold_are_all_rate(weights: np.ndarray, before: np.ndarray, after: np.ndarray) -> None:
    assert split(weights, before, 3 * weights, after).mix == pytest.approx(0, abs=1e-12)


def test_a_cell_that_comes_is_mix() -> None:
    parts = split(np.array([1.0, 0.0]), np.array([0.7, np.nan]), np.array([1.0, 1.0]), np.array([0.7, 0.1]))
    assert parts.rate == pytest.approx([0, 0])
    assert parts.mix.sum() == pytest.approx(0.4 - 0.7)


def test_a_side_without_weight_has_no_rate() -> None:
    with pytest.raises(ValueError, match="no rate"):
        split(np.zeros(2), np.zeros(2), np.ones(2), np.zeros(2))
