"""When a customer's hours run away, and when they only look like it: series of hours, no engine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from analytics.cost_concentration.runaway import DAY, Floats, judge
from analytics.cost_concentration.stretch import largest_stretch, stretch_around

WEEKS = 28 * DAY


def days(count: int, seed: int = 1, spread: float = 0.2, quiet_weekends: bool = True) -> Floats:
    """Hours of a customer at about $24 a day: a wave over the day, days that vary, the first one a Friday."""
    rng = np.random.default_rng(seed)
    wave = 1 + 0.8 * np.cos((np.arange(DAY) - 14) / DAY * 2 * np.pi)
    level = rng.lognormal(0, spread, count)
    if quiet_weekends:
        level *= np.where(np.isin(np.arange(count) % 7, (1, 2)), 0.3, 1.0)
    return np.asarray((level[:, None] * wave * rng.lognormal(0, 0.1, (count, DAY))).ravel())


def with_incident(costs: Floats, start: int, hours: int, each: float) -> Floats:
    raised = costs.copy()
    raised[start : start + hours] += each
    return raised


def test_six_hours_that_have_just_ended() -> None:
    costs = with_incident(days(28), WEEKS - 6, 6, 60.0)
    verdict = judge(costs, WEEKS - DAY)
    found = verdict.runaway
    assert found is not None and found.ongoing and verdict.p_value < 1e-6
    assert (found.start, found.stop, found.raised_hours) == (WEEKS - 6, WEEKS, 3)
    assert found.excess_usd == pytest.approx(360, rel=0.03)
    assert found.usual_usd == pytest.approx(24, rel=0.25)


def test_it_is_found_two_hours_after_it_began() -> None:
    """At 60 times the usual rate."""
    series = [with_incident(days(28), WEEKS - hours, hours, 60.0) for hours in (1, 2, 3)]
    assert [judge(costs, WEEKS - DAY).runaway is not None for costs in series] == [False, True, True]


@pytest.mark.parametrize("day", [3, 10, 20, 25])
def test_one_in_the_middle_of_the_window_is_dated_and_over(day: int) -> None:
    start = day * DAY + 9
    found = judge(with_incident(days(28), start, 6, 60.0), 0).runaway
    assert found is not None and not found.ongoing
    assert (found.start, found.stop) == (start, start + 6)
    assert found.excess_usd == pytest.approx(360, rel=0.05)


def test_one_that_has_run_for_three_days_is_one() -> None:
    found = judge(with_incident(days(28), WEEKS - 72, 72, 10.0), WEEKS - DAY).runaway
    assert found is not None and found.ongoing
    assert found.start == WEEKS - 72
    assert found.excess_usd == pytest.approx(720, rel=0.05)


def test_of_two_the_one_that_goes_on_counts() -> None:
    costs = with_incident(days(28), 10 * DAY, 6, 100.0)
    found = judge(with_incident(costs, WEEKS - 5, 5, 60.0), 0).runaway
    assert found is not None and (found.start, found.ongoing) == (WEEKS - 5, True)


def test_hours_are_compared_where_there_is_one_day_only() -> None:
    costs = with_incident(days(1), 15, 6, 60.0)
    found = judge(costs, 0).runaway
    assert found is not None and (found.start, found.stop) == (15, 21)


@pytest.mark.parametrize("seed", range(20))
def test_days_as_they_are_do_not_run_away(seed: int) -> None:
    for scan_from in (0, 21 * DAY, 27 * DAY):
        assert judge(days(28, seed, spread=0.3), scan_from).runaway is None
    for length in (1, 2, 4, 9):
        assert judge(days(length, seed), 0).runaway is None


def test_work_of_one_day_a_week_is_no_runaway() -> None:
    costs = np.zeros(WEEKS)
    for week in range(4):
        costs[(7 * week + 6) * DAY : (7 * week + 6) * DAY + 5] = 50.0
    assert judge(costs, WEEKS - DAY).runaway is None


def test_a_new_customer_is_no_runaway() -> None:
    costs = np.zeros(WEEKS)
    costs[-30:] = 20.0
    assert judge(costs, WEEKS - DAY).runaway is None


def test_growth_of_a_tenth_each_day_is_no_runaway() -> None:
    growth = np.repeat(1.1 ** np.arange(28), DAY)
    assert judge(days(28) * growth, 0).runaway is None


def test_when_all_have_risen_one_is_no_exception() -> None:
    costs = with_incident(days(28), WEEKS - DAY, DAY, 7.0)
    assert judge(costs, WEEKS - DAY).runaway is not None
    assert judge(costs, WEEKS - DAY, rise_of_all=4.0).runaway is None


def test_bursts_make_a_day_less_surprising() -> None:
    calm, bursty = (with_incident(days(28, 3, spread), WEEKS - 6, 6, 25.0) for spread in (0.1, 0.8))
    assert judge(calm, WEEKS - DAY).p_value < judge(bursty, WEEKS - DAY).p_value / 100


@pytest.mark.parametrize("costs", [np.zeros(0), np.zeros(50), np.ones(3)])
def test_too_little_to_say(costs: Floats) -> None:
    if len(costs):
        assert judge(costs, 0).runaway is None


@hypothesis_settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0, 1000), min_size=1, max_size=24 * 9), st.data())
def test_any_series_has_a_verdict(values: list[float], data: st.DataObject) -> None:
    scan_from = data.draw(st.integers(0, len(values) - 1))
    verdict = judge(np.array(values), scan_from)
    assert 0 <= verdict.p_value <= 1
    if verdict.runaway:
        assert verdict.runaway.start < verdict.runaway.stop <= len(values)
        assert verdict.runaway.factor > 5


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=60))
def test_no_stretch_has_a_larger_sum(values: list[int]) -> None:
    start, stop = largest_stretch(np.array(values, dtype=np.float64))
    best = max(sum(values[a:b]) for a in range(len(values)) for b in range(a, len(values) + 1))
    assert sum(values[start:stop]) == best


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=40), st.data())
def test_no_stretch_around_a_place_has_a_larger_sum(values: list[int], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(values) - 1))
    start, stop = stretch_around(np.array(values, dtype=np.float64), place)
    assert start <= place < stop
    best = max(sum(values[a:b]) for a in range(place + 1) for b in range(place + 1, len(values) + 1))
    assert sum(values[start:stop]) == best
