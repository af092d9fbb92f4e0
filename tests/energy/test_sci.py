"""Emissions by ISO/IEC 21031, against the Green Software Foundation's worked example."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanledger.energy.sci import Amount, bounded, emissions, intensity_of, total

AMOUNTS = st.floats(0, 1e6)


def test_eshoppen() -> None:
    """case-studies/eshoppen.md (29cab98). Its text has 0.02394 kWh and 4.3005 g: only 0.023 and 4.305 give its sums."""
    app, database = emissions(0.023, 951, 4.305), emissions(0.0096, 951, 5.112)
    assert app == pytest.approx(26.178, abs=1e-9)
    assert database == pytest.approx(14.2416, abs=1e-9)
    assert app + database == pytest.approx(40.4196, abs=1e-9)


@pytest.mark.parametrize(
    ("grid", "g_per_kwh"),
    [
        ("us-east-1 244.758 location (US-VA 2023, EPA eGRID2023)", 244.758),
        ("USA 369.473 location (2023, codecarbon 3.3.2), default of openai, region unknown (assumed)", 369.473),
        ("my zone 2 12 location (contract 7)", 12),
        ("", None),
    ],
)
def test_the_intensity_that_a_span_names(grid: str, g_per_kwh: float | None) -> None:
    assert intensity_of(grid) == g_per_kwh


def test_bounds_move_the_energy_and_not_the_hardware() -> None:
    grams = bounded(emissions(2, 100, 30), Amount(1, 2, 4), "x 100 location (y)")
    assert (grams.low, grams.mid, grams.high) == (130, 230, 430)


def test_what_was_measured_has_no_bounds_and_unknown_bounds_stay_unknown() -> None:
    assert bounded(5, Amount(1, 1, 1), "") == Amount(5, 5, 5)
    assert bounded(5, Amount(1, 2, 3), "") == Amount(None, 5, None)
    assert Amount(1, 2, None).times(10).per(4) == Amount(2.5, 5, None)
    assert Amount(1, 2, 3).per(0) is None


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS).map(sorted), min_size=1))
def test_sums_keep_the_order_of_bounds(bounds: list[list[float]]) -> None:
    added = total(Amount(*one) for one in bounds)
    assert added is not None and added.low is not None and added.high is not None
    assert added.low <= added.mid <= added.high
    assert added.mid == pytest.approx(sum(mid for _, mid, _ in bounds))


def test_no_sum_of_nothing() -> None:
    assert total([]) is None
