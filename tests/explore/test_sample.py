"""Slots of a sample: enough, evenly spread, the same each time, and found by the primary key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanledger.engine import Engine
from spanledger.explore.sample import FEWEST, MOST, Slots

DAY = datetime(2026, 11, 20, tzinfo=UTC)


@given(
    milliseconds=st.integers(1, 400 * 86_400_000),
    spans=st.integers(0, 10**10),
    part=st.floats(1e-7, 10, exclude_min=True),
)
def test_slots_lie_in_the_range_and_are_enough(milliseconds: int, spans: int, part: float) -> None:
    until = DAY + timedelta(milliseconds=milliseconds)
    slots = Slots.of(DAY, until, spans, part)
    assert slots == Slots.of(DAY, until, spans, part)
    assert min(part, 1) * (1 - 1e-9) <= slots.part <= max(2 * part, 1e-9) or slots.part == 1
    begin, end = DAY.timestamp() * 1000, until.timestamp() * 1000
    assert slots.numbers
    assert all((n + 1) * slots.milliseconds > begin and n * slots.milliseconds < end for n in slots.numbers)
    assert len(slots.numbers) <= MOST + 1


@pytest.mark.parametrize("part", [0.5, 0.1, 0.02, 0.001])
def test_slots_are_spread_over_the_day_and_go_by_no_clock(part: float) -> None:
    slots = Slots.of(DAY, DAY + timedelta(days=1), 10_000_000, part)
    assert len(slots.numbers) >= FEWEST - 1
    length = slots.milliseconds * len(slots.numbers)
    assert length == pytest.approx(86_400_000 * slots.part, rel=0.05)
    gaps = [b - a for a, b in zip(slots.numbers, slots.numbers[1:], strict=False)]
    assert max(gaps) < 2 / slots.part
    assert len(set(gaps)) > 2


def test_all_is_one_slot() -> None:
    slots = Slots.of(DAY, DAY + timedelta(hours=5), 1000, 1)
    assert slots.part == 1
    begin = round(DAY.timestamp() * 1000)
    assert {at // slots.milliseconds for at in range(begin, begin + 5 * 3_600_000, 60_000)} <= set(slots.numbers)


def test_blocks_between_slots_are_not_read(engine: Engine) -> None:
    engine.command(
        "INSERT INTO spans (started_at) "
        "SELECT toDateTime64('2026-11-20 00:00:00', 9, 'UTC') + toIntervalSecond(number) FROM numbers(80000)"
    )
    engine.command("OPTIMIZE TABLE spans FINAL")
    slots = Slots.of(DAY, DAY + timedelta(days=1), 10_000_000_000, 0.000_001)
    few = {"slot": slots.milliseconds, "slots": slots.numbers[:2]}
    found = engine.query_guarded(
        "SELECT count() FROM spans PREWHERE intDiv(toUnixTimestamp64Milli(started_at), {slot:Int64}) "
        "IN {slots:Array(Int64)}",
        few,
    )
    engine.command("TRUNCATE TABLE spans SYNC")
    assert found.rows_read <= 2 * 2 * 8192


def test_plain_sums_of_ten_million_amounts_are_right_to_a_billionth(engine: Engine) -> None:
    [[plain, exact]] = engine.rows(
        "SELECT sum(cost), sumKahan(cost) FROM (SELECT sipHash64(number) % 100000 "
        "* [1.5e-7, 2.5e-6, 1.5e-5][1 + number % 3] AS cost FROM numbers(10000000))"
    )
    assert plain == pytest.approx(exact, rel=1e-11)
