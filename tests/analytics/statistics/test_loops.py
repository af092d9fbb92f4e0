"""Repetition in sequences: hand vectors, and what must hold for all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.statistics.loops import (
    Tail,
    cycles,
    expected_attempts,
    failure_function,
    periodic_tail,
    smallest_period,
    stuck_stretches,
)

SEQUENCES = st.lists(st.sampled_from("AB"), max_size=24)


def test_the_failure_function_of_the_paper() -> None:
    """Knuth, Morris and Pratt 1977, the pattern abcabcacab."""
    assert failure_function("abcabcacab") == [0, 0, 0, 1, 2, 3, 4, 0, 1, 2]


@pytest.mark.parametrize(
    ("sequence", "period"),
    [("ABABAB", 2), ("ABCABD", None), ("AAAA", 1), ("ABA", None), ("A", None), ("", None), ("ABCABC", 3)],
)
def test_smallest_period(sequence: str, period: int | None) -> None:
    assert smallest_period(sequence) == period


@pytest.mark.parametrize(
    ("sequence", "tail"),
    [
        ("XYABABAB", Tail(2, 2, 3)),
        ("ABABAB", Tail(0, 2, 3)),
        ("ABAB", None),
        ("XAAAA", Tail(1, 1, 4)),
        ("ABCDEFGHI" * 3, None),
        ("ABCDEFGH" * 3, Tail(0, 8, 3)),
        ("BABAB", None),
        ("", None),
    ],
)
def test_periodic_tail(sequence: str, tail: Tail | None) -> None:
    assert periodic_tail(sequence) == tail


@given(SEQUENCES)
def test_a_periodic_tail_is_what_it_says_and_the_longest_of_its_period(sequence: list[str]) -> None:
    found = periodic_tail(sequence)
    by_hand = {
        period: start
        for period in range(1, 9)
        for start in range(len(sequence), -1, -1)
        if len(sequence) - start >= 3 * period
        and all(sequence[i] == sequence[i - period] for i in range(start + period, len(sequence)))
    }
    assert (found is None) == (not by_hand)
    if found:
        assert (found.period, found.start) == (min(by_hand), by_hand[min(by_hand)])
        assert found.repeats == (len(sequence) - found.start) // found.period


@pytest.mark.parametrize(
    ("sequence", "stretches"),
    [
        ("ABABAB", [range(2, 6)]),
        ("AAA", [range(1, 3)]),
        ("AA", []),
        ("ABACADA", []),
        ("ABACAA", [range(4, 6)]),
        ("AAABBB", [range(1, 3), range(4, 6)]),
        ("ABAABC", [range(2, 5)]),
        ("", []),
    ],
)
def test_stuck_stretches(sequence: str, stretches: list[range]) -> None:
    assert list(stuck_stretches(sequence)) == stretches


def test_what_is_unknown_is_always_new() -> None:
    assert list(stuck_stretches([None] * 9)) == []


@given(SEQUENCES, st.integers(2, 5))
def test_stretches_hold_nothing_new(sequence: list[str], least: int) -> None:
    for stretch in stuck_stretches(sequence, least):
        assert all(sequence[index] in sequence[:index] for index in stretch)
        assert any(sequence[stretch.start : stretch.stop].count(element) >= least - 1 for element in "AB")


def test_tools_of_an_agent_that_gets_on_are_no_cycle() -> None:
    """LLM, T1, LLM, T2: without the model there is no component of two."""
    assert cycles(["T1", "T2"]) == []
    assert cycles(["LLM", "T1", "LLM", "T2"]) != []


def test_cycles_the_shortest_first() -> None:
    assert cycles(["A", "B", "C", "A", "A"]) == [("A",), ("A", "B", "C")]


def test_expected_attempts() -> None:
    assert expected_attempts(0.016, 4) == pytest.approx(1.0163, abs=5e-5)
    assert expected_attempts(0.016, 4, 0.5) == pytest.approx(1.028, abs=5e-4)
    assert expected_attempts(0.0, 4) == 1
    assert expected_attempts(1.0, 4) == 4


@given(st.floats(0, 0.99), st.integers(1, 10))
def test_expected_attempts_of_independent_failures(failure: float, cap: int) -> None:
    assert expected_attempts(failure, cap) == pytest.approx((1 - failure**cap) / (1 - failure))
