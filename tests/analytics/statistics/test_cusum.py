"""CUSUM against run lengths by a Markov chain (Brook and Evans 1972; the table in Montgomery's textbook)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from analytics.statistics.cusum import CLIP, K, falling, p_value, run_length


def markov_run_length(limit: float, shift: float, states: int = 200) -> float:
    """Average run length of the one-sided CUSUM when the mean is `shift` standard deviations lower."""
    width = 2 * limit / (2 * states - 1)
    middle = np.arange(states) * width
    upper = norm.cdf(middle[None, :] - middle[:, None] + width / 2 + K - shift)
    lower = norm.cdf(middle[None, :] - middle[:, None] - width / 2 + K - shift)
    lower[:, 0] = 0.0
    return float(np.linalg.solve(np.eye(states) - (upper - lower), np.ones(states))[0])


@pytest.mark.parametrize(("limit", "two_sided", "shifted"), [(5.0, 465.4, 10.38), (4.0, 167.7, 8.38)])
def test_the_published_run_lengths(limit: float, two_sided: float, shifted: float) -> None:
    assert markov_run_length(limit, 0) == pytest.approx(2 * two_sided, rel=0.002)
    assert markov_run_length(limit, 1) == pytest.approx(shifted, rel=0.002)


@pytest.mark.parametrize("limit", [4.0, 5.0, 8.0])
def test_siegmund_s_formula_is_near_the_chain(limit: float) -> None:
    assert run_length(np.array(limit)) == pytest.approx(markov_run_length(limit, 0), rel=0.02)


def test_p_values_are_as_often_below_as_they_say() -> None:
    z = np.random.default_rng(1).normal(size=(4000, 200))
    p_values = p_value(falling(z).max(axis=1), np.full(len(z), 200.0))
    for level in (0.01, 0.05, 0.2):
        assert (p_values <= level).mean() == pytest.approx(level, rel=0.3)


def test_a_fall_of_a_standard_deviation_takes_ten_values() -> None:
    z = np.random.default_rng(2).normal(-1, 1, size=(2000, 100))
    assert (falling(z) >= 5).argmax(axis=1).mean() + 1 == pytest.approx(10.38, rel=0.05)


def test_one_value_is_no_alarm_and_gaps_pass_by() -> None:
    sums = falling(np.array([[-100.0, np.nan, 0.2], [3.0, 3.0, 3.0]]))
    assert sums[0].tolist() == pytest.approx([CLIP - K, CLIP - K, CLIP - 2 * K - 0.2])
    assert sums[1].tolist() == [0, 0, 0]


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=30), st.integers(0, 29), st.floats(0, 10))
def test_a_lower_value_never_lowers_the_sum(values: list[float], place: int, by: float) -> None:
    lower = list(values)
    lower[place % len(values)] -= by
    assert (falling(np.array([lower])) >= falling(np.array([values])) - 1e-9).all()
