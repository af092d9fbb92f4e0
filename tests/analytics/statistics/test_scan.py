"""The stretch in which something was more frequent than else."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.statistics.scan import Burst, burst


def test_a_stretch_is_found_with_its_rates() -> None:
    events = [1] * 20 + [10] * 5 + [1] * 20
    assert burst(events, [100] * 45) == Burst(20, 25, 0.1, 0.01)


def test_more_traffic_is_no_burst() -> None:
    assert burst([1] * 20 + [10] * 5, [100] * 20 + [1000] * 5) is None


@pytest.mark.parametrize(("events", "exposed"), [([0, 0], [1, 1]), ([5], [9]), ([3, 0], [0, 0]), ([], [])])
def test_nothing_to_compare(events: list[int], exposed: list[int]) -> None:
    assert burst(events, exposed) is None


def test_chance_rarely_makes_one() -> None:
    draw = np.random.default_rng(7)
    found = [burst(draw.poisson(2, 72).tolist(), [100] * 72) for _ in range(100)]
    assert sum(each is not None for each in found) <= 3


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 50)), max_size=12))
@settings(max_examples=60)
def test_its_rate_is_above_that_of_the_rest(slots: list[tuple[int, int]]) -> None:
    events, exposed = [event for event, _ in slots], [size for _, size in slots]
    found = burst(events, exposed)
    if found:
        assert found.rate > found.rate_else
        assert found.rate == pytest.approx(
            sum(events[found.start : found.stop]) / sum(exposed[found.start : found.stop])
        )
