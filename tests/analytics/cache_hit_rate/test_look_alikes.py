"""What is no broken cache stays silent, or is told as what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest

from analytics.cache_hit_rate.cause import cause
from analytics.jobs.contract import Severity
from tests.analytics.cache_hit_rate.test_incidents import BREAK, WINDOWS, ask, falls, launched
from tests.analytics.cache_hit_rate.traffic import (
    HOUR,
    MONDAY,
    Flow,
    FrameLook,
    Shape,
    Traffic,
    company,
    day_and_night,
    of,
)

DAY = timedelta(days=1)


def all_with(rate: Shape) -> Traffic:
    return Traffic([replace(flow, rate=rate) for flow in company().flows])


def grows(hour: datetime) -> float:
    return day_and_night(hour) * (1 + (hour - MONDAY) / (20 * DAY))


def warms_up(hour: datetime) -> float:
    return min(0.71, 0.1 + max(0.0, (hour - BREAK) / HOUR) * 0.1)


LOOK_ALIKES: dict[str, Callable[[], Traffic]] = {
    "nothing at all": company,
    "few calls": lambda: company(size=0.05),
    "a deploy that empties caches for an hour": lambda: all_with(falls(0.2, until=BREAK + HOUR)),
    "a deploy in the middle of an hour": lambda: all_with(falls(0.45, until=BREAK + 2 * HOUR)),
    "nights": lambda: all_with(lambda hour: 0.45 if hour.hour < 6 else 0.71),
    "weekends": lambda: all_with(lambda hour: 0.5 if hour.weekday() >= 5 else 0.71),
    "growth": lambda: Traffic([replace(flow, shape=grows) for flow in company().flows]),
    "a launch with a low rate": lambda: Traffic([*company().flows, Flow("new", lambda _: 0.1, 3000, launched)]),
    "a cold start": lambda: Traffic([*company().flows, Flow("new", warms_up, 800, launched, provider="new")]),
    "an eval run": lambda: Traffic(
        [
            *company().flows,
            Flow(
                "tenant0", lambda _: 0.05, 2000, lambda hour: 1.0 * (BREAK <= hour < BREAK + 6 * HOUR), purpose="eval"
            ),
        ]
    ),
    "better": lambda: all_with(falls(0.9)),
}


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_no_drop(name: str) -> None:
    traffic = LOOK_ALIKES[name]()
    for since, until in ((-22, 2), (-21, 3), (-14, 10), (-84, 84)):
        report = ask(traffic, since, until)
        loud = [each for each in report.candidates if each.severity is not Severity.DIGEST]
        unlikely = [each for each in loud if (each.p_value or 0) < 0.05 / len(report.tested)]
        assert unlikely == [], (since, until)


@pytest.mark.parametrize("name", ["nothing at all", "few calls", "nights", "weekends", "growth"])
def test_no_drop_in_five_weeks(name: str) -> None:
    report = ask(LOOK_ALIKES[name](), *WINDOWS["five weeks"])
    assert [each for each in of(report, "drop") if (each.p_value or 0) < 0.05 / len(report.tested)] == []


def test_the_first_night_and_the_first_weekend() -> None:
    nights = LOOK_ALIKES["nights"]()
    for hours in range(24, 72, 6):
        assert of(nights.run(MONDAY + (hours - 24) * HOUR, MONDAY + hours * HOUR), "drop") == []
    weekends = LOOK_ALIKES["weekends"]()
    found = of(weekends.run(MONDAY, MONDAY + 7 * DAY), "drop", "mix_shift")
    assert {each.severity for each in found} <= {Severity.DIGEST}
    assert of(weekends.run(MONDAY + 12 * DAY, MONDAY + 14 * DAY), "drop", "mix_shift") == []


def test_other_traffic_is_told_as_such() -> None:
    (shift,) = of(ask(LOOK_ALIKES["a launch with a low rate"](), -14, 10), "mix_shift")
    assert shift.severity is Severity.DIGEST
    assert shift.subject == {"provider": "openai", "tenant": "new"}
    assert shift.cost_usd is None
    assert shift.details["mechanism"] == "mix"


def test_a_switch_to_a_model_without_cache_is_mix() -> None:
    base = company().flows
    old = replace(base[0], shape=lambda hour: day_and_night(hour) * (hour < BREAK))
    new = replace(
        base[0], model="claude-sonnet-4-5", rate=lambda _: 0.0, shape=lambda hour: day_and_night(hour) * (hour >= BREAK)
    )
    report = ask(Traffic([old, new, *base[1:]]), -14, 10)
    assert of(report, "drop") == []
    assert {each.severity for each in of(report, "mix_shift")} == {Severity.DIGEST}


def test_fewer_calls_that_let_prefixes_expire_are_not_a_broken_cache() -> None:
    """From 20 calls an hour to 5: a prefix that lives five minutes is found in 34 % of cases instead of 81 %."""
    rate = falls(0.9 * 0.34, was=0.9 * 0.81)
    sparse = [
        Flow(f"tenant{n}", rate, 20, lambda hour: 1.0 if hour < BREAK else 0.25, prompt=f"prompt{n}") for n in range(12)
    ]
    report = ask(Traffic(sparse), -14, 10)
    assert of(report, "drop") == []
    assert {each.details["mechanism"] for each in of(report, "mix_shift")} == {"sparser_traffic"}


def test_few_reports_are_no_low_rate() -> None:
    traffic = Traffic([replace(flow, reported=lambda _: 0.3) for flow in company().flows])
    report = ask(traffic, -14, 10)
    assert [each.kind for each in report.candidates] == ["hit_rate"]
    assert report.candidates[0].details["hit_rate"] == pytest.approx(0.71, abs=0.02)
    assert "30%" in report.notes["coverage"]


def test_a_newcomer_is_not_its_own_neighbour() -> None:
    usage = Traffic([*company().flows, Flow("new", lambda _: 0.1, 3000, launched)]).usage
    hours = [BREAK + number * HOUR for number in range(-6, 6)]
    everybody = FrameLook(usage).cells("openai", hours[:6], hours[6:])
    others, own = everybody.where(pl.col("tenant") != "new"), everybody.where(pl.col("tenant") == "new")
    assert [cause(fell, everybody, comparable=True).neighbour is None for fell in (others, own)] == [False, True]
