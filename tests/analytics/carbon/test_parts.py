"""Parts of a window, and what is carried between them."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.carbon.causes import Known, Totals, causes
from analytics.carbon.history import merged
from analytics.carbon.parts import Grid, Part, Rhythm, Series
from analytics.carbon.rises import rise_of
from analytics.jobs.contract import Window

NOON = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("hours", "width"), [(1, 1), (24, 1), (50, 2), (7 * 24, 4), (14 * 24, 8), (35 * 24, 24), (100 * 24, 72)]
)
def test_widths_divide_days(hours: int, width: int) -> None:
    begin = NOON.replace(minute=0)
    assert Grid.of(Window(begin, begin + timedelta(hours=hours))).hours == width


def test_a_window_within_hours() -> None:
    """Sums are by the hour: parts begin on the hour, and say no time outside of the window."""
    grid = Grid.of(Window(NOON, NOON + timedelta(hours=2)))
    assert grid.begin == NOON.replace(minute=0)
    assert (grid.start(0), grid.start(1)) == (NOON, NOON + timedelta(minutes=30))
    assert (grid.end(1), grid.end(2)) == (NOON + timedelta(minutes=90), NOON + timedelta(hours=2))
    assert grid.since == grid.begin - 4 * timedelta(hours=2.5)


def part(number: int, units: float, grams: float) -> Part:
    return Part(number, units, grams, grams**2, grams)


PARTS = st.lists(
    st.tuples(st.integers(-20, 20), st.integers(0, 5), st.floats(0, 100)), unique_by=lambda one: one[0]
).map(lambda rows: [part(*one) for one in sorted(rows)])


@given(PARTS)
def test_merging_loses_nothing_and_leaves_no_part_without_units(parts: list[Part]) -> None:
    found = merged(parts)
    assert all(one.units > 0 for one in found)
    for inside in (True, False):
        were = [one for one in parts if (one.number >= 0) == inside]
        are = [one for one in found if (one.number >= 0) == inside]
        assert sum(one.units for one in are) == sum(one.units for one in were)
        if are:
            assert sum(one.grams for one in are) == pytest.approx(sum(one.grams for one in were))


def noise(level: float, number: int, units: int = 50) -> Part:
    """Calls that differ as exponential ones do."""
    chance = random.Random(f"{level} {number}")
    grams = [chance.expovariate(1 / level) for _ in range(units)]
    return Part(number, units, sum(grams), sum(one**2 for one in grams), sum(grams))


def series(levels: list[float], before: int = 0) -> Series:
    return Series({"feature": "x"}, "request", tuple(noise(level, n - before) for n, level in enumerate(levels)))


def test_a_rise_is_dated() -> None:
    found = rise_of(series([1.0] * 108 + [2.0] * 6 + [1.0] * 6, before=96), 0.3, 100)
    assert found is not None
    assert (found.first, found.own) == (12, False)
    assert 17 <= found.last <= 18
    assert found.share == pytest.approx(1, rel=0.3)
    assert found.p < 1e-6


def test_no_rise_of_noise() -> None:
    found = rise_of(series([1.0] * 120, before=96), 0.3, 100)
    assert found is None or found.p > 0.01 or found.share < 0.3


def test_too_little_to_compare() -> None:
    assert rise_of(series([1.0, 2.0]), 0.3, 100) is None
    assert rise_of(Series({}, "request", ()), 0.3, 100) is None


def test_without_history_a_rise_must_begin_inside() -> None:
    """A window that begins high and falls: nobody knows whether it rose."""
    found = rise_of(series([3.0] * 4 + [1.0] * 20), 0.3, 100)
    assert found is None or found.p > 0.05


DAYS = Rhythm(day=24, week=168)
NIGHT = [3.0] * 4 + [1.0] * 20
"""Hours of a day: by night a call emits three times as much."""


def dull(levels: list[float], before: int) -> Series:
    """A hundred calls a part, all alike."""
    parts = (Part(n - before, 100, 100 * level, 100 * level**2, 100 * level) for n, level in enumerate(levels))
    return Series({"feature": "x"}, "request", tuple(parts))


def test_a_night_is_no_rise() -> None:
    assert rise_of(dull(NIGHT * 5, before=96), 0.3, 100, DAYS) is None
    assert rise_of(dull(NIGHT * 7, before=0), 0.3, 100, DAYS) is None
    assert rise_of(dull(NIGHT * 5, before=96), 0.3, 100) is not None


def test_a_worse_night_is_one() -> None:
    found = rise_of(dull(NIGHT * 4 + [6.0] * 4 + [1.0] * 20, before=96), 0.3, 100, DAYS)
    assert found is not None
    assert (found.first, found.last, found.usual, found.level) == (0, 3, 3, 6)


def test_a_weekend_is_no_rise() -> None:
    """The same weekday had it a week ago; and every week in a window of a week."""
    week = [1.0] * 120 + [2.0] * 48
    hours = dull(week + week, before=168 + 120)
    saturday = Series(hours.subject, hours.unit, tuple(part for part in hours.parts if part.number < 24))
    assert rise_of(saturday, 0.3, 100, DAYS) is None
    assert rise_of(saturday, 0.3, 100) is not None
    assert rise_of(dull(week * 5, before=4 * 168), 0.3, 100, DAYS) is None


@pytest.mark.parametrize(("days", "rhythm"), [(1, (24, 168)), (7, (6, 42)), (35, (1, 7)), (100, (None, None))])
def test_rhythms_of_parts(days: int, rhythm: tuple[int | None, int | None]) -> None:
    noon = NOON.replace(minute=0)
    grid = Grid.of(Window(noon, noon + timedelta(days=days)))
    assert (grid.rhythm.day, grid.rhythm.week) == rhythm


def test_the_week_before() -> None:
    day = Grid.of(Window(NOON, NOON + timedelta(days=1)))
    assert day.week_before == (day.begin - timedelta(days=7), NOON - timedelta(days=6))
    week = Grid.of(Window(NOON, NOON + timedelta(days=7)))
    assert week.week_before == (week.begin, week.begin)


def calls(output: float = 300_000, kwh: float = 1.0, **more: float) -> Totals:
    usual = {"calls": 1000, "input_tokens": 1e6, "cached_tokens": 0, "co2e_g": 400 * kwh}
    return Totals(**(usual | {"output_tokens": output, "kwh": kwh, "kwh_low": kwh / 2, "kwh_high": kwh * 2} | more))


def test_causes_add_up() -> None:
    split = causes(
        {"a": calls(), "b": calls(kwh=3)}, {"a": calls(600_000, 2.0), "b": calls(kwh=3, calls=3000)}, Known()
    )
    before, after = 400 * 4 / 2000, (800 + 1200) / 4000
    assert sum(split.by_factor.values()) == pytest.approx(after - before)


@pytest.mark.parametrize(
    ("after", "known", "method"),
    [
        (calls(600_000, 2.0), Known(), False),  # twice the tokens, twice the energy
        (calls(kwh=2.0), Known(), True),  # the same tokens take twice the energy
        (calls(kwh=2.0, input_tokens=3e6), Known(), False),  # prompts three times as long explain it
        (calls(kwh=2.0, kwh_low=2.0, kwh_high=2.0), Known(measured={"m"}), True),  # modelled before
        (calls(co2e_g=900), Known(), False),  # another place
        (calls(co2e_g=900), Known(assumed={"m"}), True),  # another guess of the place
    ],
)
def test_what_is_of_the_method(after: Totals, known: Known, method: bool) -> None:
    assert causes({"m": calls()}, {"m": after}, known).is_method == method


def test_measured_energy_may_rise_by_itself() -> None:
    exact = {"kwh_low": 1.0, "kwh_high": 1.0}
    more = calls(kwh=2.0, kwh_low=2.0, kwh_high=2.0)
    assert not causes({"m": calls(**exact)}, {"m": more}, Known(measured={"m"})).is_method


def test_a_model_that_became_known_is_no_rise() -> None:
    split = causes({"a": calls()}, {"a": calls(), "b": calls(kwh=5)}, Known(new={"b"}))
    assert split.is_method and split.changed == ("b",)


def test_calls_without_tokens_out() -> None:
    """Embeddings: energy is by call."""
    split = causes({"e": calls(output=0)}, {"e": calls(output=0, kwh=2, input_tokens=2e6)}, Known(measured={"e"}))
    assert split.by_factor["energy_per_token"] == pytest.approx(0.4)
