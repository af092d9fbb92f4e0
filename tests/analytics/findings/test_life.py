"""The life of a finding: vectors of hysteresis, resolution and cool-down, and that order does not matter."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.findings.life import Life, Observation, Pace, in_time, live
from analytics.jobs.contract import Severity, Window
from tests.analytics.jobs.desk import HOUR, START, hour

PAGE, TICKET, DIGEST = Severity.PAGE, Severity.TICKET, Severity.DIGEST
PACE = Pace(every=HOUR, cooldown=timedelta(hours=24))
LETTERS = {"P": PAGE, "T": TICKET, "D": DIGEST}


def seen(window: Window, severity: Severity = PAGE, *, persistent: bool = False) -> Observation:
    """Seen from beginning to end."""
    return Observation(f"run of {window}", window, window.since, window.until, severity, persistent)


def lived(windows: str, *more: Observation, also: tuple[Window, ...] = ()) -> Life:
    """Hours one after another: P, T or D where it was seen, `.` where it was not, a space where nothing ran."""
    observations = [seen(hour(number), LETTERS[sign]) for number, sign in enumerate(windows) if sign in LETTERS]
    runs = [hour(number) for number, sign in enumerate(windows) if sign != " "]
    runs = sorted([*runs, *also, *(each.window for each in more)], key=in_time)
    life = live([*observations, *more], runs, PACE)
    assert life
    return life


def voiced(windows: str) -> str:
    """The severity at each hour, as a letter; lower case: quieter than asked."""
    life = lived(windows)
    letters = ""
    for number, sign in enumerate(windows):
        severity = life.voiced.get(f"run of {hour(number)}")
        letter = str(severity)[0].upper() if severity else sign
        letters += letter if letter == sign else letter.lower()
    return letters


@pytest.mark.parametrize(
    ("windows", "as_loud"),
    [
        ("P", "t"),
        ("PP", "tP"),
        ("PPP", "tPP"),
        ("P.P", "t.P"),
        ("P..P", "t..t"),
        ("P P", "t P"),
        ("P  P", "t  t"),
        ("TP", "Tt"),
        ("TPP", "TtP"),
        ("T.T", "T.T"),
        ("DDD", "DDD"),
        ("PTP", "tTP"),
        ("P.PP.P", "t.PP.P"),
        ("PP..PPP", "tP..ttt"),
        ("PP.." + "." * 22 + "P", "tP.." + "." * 22 + "t"),
        ("PP.." + "." * 21 + "PPPP", "tP.." + "." * 21 + "ttPP"),
    ],
)
def test_a_page_needs_two_of_three_windows(windows: str, as_loud: str) -> None:
    assert voiced(windows) == as_loud


def test_persistence_within_the_window_is_enough() -> None:
    assert lived("", seen(hour(0), persistent=True)).severity is PAGE
    assert lived("", seen(hour(0), persistent=False)).severity is TICKET
    cooling = lived("P..", seen(hour(3), persistent=True))
    assert cooling.severity is TICKET


def test_the_same_hour_asked_twice_is_one_window() -> None:
    a_minute_later = Window(hour(0).since + HOUR / 60, hour(0).until + HOUR / 60)
    assert lived("P", seen(a_minute_later)).severity is TICKET


@pytest.mark.parametrize(
    ("windows", "state", "resolved_after"),
    [
        ("P", "open", None),
        ("P.", "open", None),
        ("P..", "resolved", 3),
        ("P....", "resolved", 3),
        ("P  .  .", "resolved", 7),
        ("P      ", "open", None),
        (".P.P.", "open", None),
        ("P..P", "open", None),
        ("P..P..", "resolved", 6),
        ("..P", "open", None),
    ],
)
def test_two_later_windows_without_it_resolve(windows: str, state: str, resolved_after: int | None) -> None:
    life = lived(windows)
    expected = START + resolved_after * HOUR if resolved_after else None
    assert (life.state, life.resolved_at) == (state, expected)


def test_an_episode_has_its_own_beginning() -> None:
    assert lived("P.P").first_seen == START
    again = lived("P..P")
    assert (again.first_seen, again.last_seen) == (START + 3 * HOUR, START + 4 * HOUR)


def test_what_a_window_could_not_see_resolves_nothing() -> None:
    minutes = tuple(hour(1 + number / 6, 1 / 6) for number in range(6))
    assert lived("P", also=minutes).state == "open"
    next_hour = tuple(hour(2 + number / 6, 1 / 6) for number in range(6))
    assert lived("P", also=minutes + next_hour).state == "resolved"
    assert lived("P", also=(hour(-3, 4), hour(-9, 10))).state == "open"


def test_a_day_that_only_a_day_shows_is_not_resolved_by_hours() -> None:
    day = seen(hour(0, 24), TICKET)
    hours = tuple(hour(24 + number) for number in range(47))
    assert lived("", day, also=hours).state == "open"
    assert lived("", day, also=(*hours, hour(71))).state == "resolved"
    assert lived("", day, also=(hour(24, 24), hour(48, 24))).state == "resolved"
    assert lived("", day, also=(hour(1, 24), hour(0, 24 + 1 / 60))).state == "open"


def test_windows_that_overlap_count_a_period_apart() -> None:
    weekly = seen(hour(0, 7 * 24), TICKET)
    daily = Pace(timedelta(days=1), timedelta(hours=24))
    later = [hour(24 * number, 7 * 24) for number in (1, 2)]
    assert live([weekly], [weekly.window, *later], daily).state == "resolved"  # type: ignore[union-attr]
    close = [hour(1, 7 * 24), hour(2, 7 * 24), hour(24, 7 * 24)]
    assert live([weekly], [weekly.window, *close], daily).state == "open"  # type: ignore[union-attr]


def test_the_longest_of_windows_that_end_together_is_the_newest() -> None:
    day = seen(hour(-20, 24), TICKET)
    life = lived("PPPP", day)
    assert life.newest is day
    assert life.first_seen == day.since


def test_history_before_what_was_read_is_the_beginning_unless_it_was_resolved() -> None:
    older = START - timedelta(days=90)
    whole = live([seen(hour(0))], [hour(0)], PACE, older)
    assert whole
    assert whole.first_seen == older
    again = live([seen(hour(0)), seen(hour(3))], [hour(number) for number in range(4)], PACE, older)
    assert again
    assert again.first_seen == START + 3 * HOUR


def test_nothing_seen_is_no_life() -> None:
    assert live([], [hour(0)], PACE) is None


BEGINS = st.integers(0, 40)
LENGTHS = st.sampled_from([0.25, 1, 1, 1, 3, 24])
SEVERITIES = st.sampled_from([None, None, *Severity])
WINDOWS = st.lists(
    st.tuples(BEGINS, LENGTHS, SEVERITIES, st.booleans()), min_size=1, max_size=25, unique_by=lambda each: each[:2]
)


@given(WINDOWS, st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_the_order_of_what_is_known_does_not_matter(
    windows: list[tuple[int, float, Severity | None, bool]], order: random.Random
) -> None:
    runs = sorted((hour(begin, length) for begin, length, _, _ in windows), key=in_time)
    said = [
        seen(hour(begin, length), severity, persistent=lasts) for begin, length, severity, lasts in windows if severity
    ]
    life = live(said, runs, PACE)
    assert life == live(order.sample(said, len(said)), runs, PACE)
    if life is None:
        assert not said
        return
    assert life.newest in said
    assert life.first_seen <= life.last_seen
    assert (life.resolved_at is None) == (life.state == "open")
    assert all(life.voiced[one.run_id] in (one.severity, TICKET) for one in said)
    assert all(one.severity is PAGE for one in said if life.voiced[one.run_id] is not one.severity)
