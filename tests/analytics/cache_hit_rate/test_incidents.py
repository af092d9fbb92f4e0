"""Broken caches over weeks of usage: found, dated, the right one named, priced; whatever window is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import polars as pl
import pytest

from analytics.jobs.contract import Candidate, Report, Severity
from tests.analytics.cache_hit_rate.traffic import (
    HOUR,
    MONDAY,
    PRICES,
    Flow,
    Shape,
    Traffic,
    company,
    day_and_night,
    of,
)

BREAK = MONDAY + timedelta(days=23, hours=11)
"""A Wednesday in the fourth week."""
WINDOWS = {
    "three hours later": (-21, 3),
    "ten hours later": (-14, 10),
    "one hour": (5, 6),
    "next day": (13, 37),
    "a week around it": (-84, 84),
    "five weeks": (-23 * 24 - 11, 11 * 24 + 13),
}


def falls(to: float, since: datetime = BREAK, until: datetime | None = None, was: float = 0.71) -> Shape:
    return lambda hour: to if since <= hour and (until is None or hour < until) else was


def ask(traffic: Traffic, since: int, until: int, usd: float = 50.0) -> Report:
    """Hours around the break."""
    return traffic.run(BREAK + since * HOUR, BREAK + until * HOUR, usd)


def lost(traffic: Traffic, who: pl.Expr, since: datetime, until: datetime, was: float = 0.71) -> float:
    """What the calls would have cost less at the old rate."""
    hit = traffic.usage.filter(who & (pl.col("hour") >= max(since, BREAK)) & (pl.col("hour") < until))
    discount = {model: price[0] - price[1] for model, price in PRICES.items()}
    usd = (hit["tokens"] * was - hit["cached"]) * hit["model"].replace_strict(discount)
    return float(usd.sum())


@pytest.fixture(scope="module")
def own_prefix() -> Traffic:
    """The largest tenant's rate falls from 71 to 18 %."""
    return company(tenant0=Flow("", rate=falls(0.18)))


@pytest.mark.parametrize("name", WINDOWS)
def test_a_tenant_s_prefix(own_prefix: Traffic, name: str) -> None:
    since, until = WINDOWS[name]
    (drop,) = of(ask(own_prefix, since, until), "drop")
    assert drop.subject.items() >= {"provider": "openai", "tenant": "tenant0"}.items()
    start = BREAK if since < 6 else BREAK + since * HOUR
    assert abs(drop.since - start) <= HOUR
    expected = lost(own_prefix, pl.col("tenant") == "tenant0", BREAK + since * HOUR, BREAK + until * HOUR)
    assert drop.cost_usd == pytest.approx(expected, rel=0.1)
    assert drop.persistence == (3, 3)
    assert drop.p_value is not None
    assert drop.p_value < 1e-4
    assert drop.severity is (Severity.PAGE if drop.details["usd_per_day"] >= 50 else Severity.TICKET)
    assert drop.details["rate_before"] == pytest.approx(0.71, abs=0.03)
    assert drop.details["rate_after"] == pytest.approx(0.18, abs=0.03)


@pytest.mark.parametrize("days", [0.6, 2.6, 10])
def test_with_little_history_or_none(days: float) -> None:
    start = MONDAY + timedelta(hours=round(24 * days))
    traffic = company(days=14, tenant0=Flow("", rate=falls(0.18, start)))
    for since, until in ((start - 18 * HOUR, start + 6 * HOUR), (MONDAY, MONDAY + timedelta(days=14))):
        (drop,) = of(traffic.run(since, until), "drop")
        assert drop.subject["tenant"] == "tenant0"
        assert abs(drop.since - start) <= HOUR


@pytest.mark.parametrize("size", [0.02, 0.1])
def test_at_small_volumes(size: float) -> None:
    traffic = company(size=size, tenant0=Flow("", rate=falls(0.18)))
    (drop,) = of(ask(traffic, -14, 10), "drop")
    assert drop.subject["tenant"] == "tenant0"
    assert drop.severity is Severity.TICKET
    assert abs(drop.since - BREAK) <= 2 * HOUR


def test_one_of_a_tenant_s_prompts() -> None:
    flows = [
        Flow(f"tenant{n}", falls(0.2) if (n, prompt) == (1, "search") else falls(0.71), 1500 / (n + 1), prompt=prompt)
        for n in range(6)
        for prompt in ("chat", "search", "summary")
    ]
    (drop,) = of(ask(Traffic(flows), -14, 10), "drop")
    assert drop.subject.items() >= {"tenant": "tenant1", "prompt": "search"}.items()
    assert drop.tenants_hit == 1


def test_a_prompt_of_all_tenants() -> None:
    flows = [
        Flow(f"tenant{n}", falls(0.2 if prompt == "search" else 0.71), 1500 / (n + 1), prompt=prompt)
        for n in range(6)
        for prompt in ("chat", "search", "summary")
    ]
    (drop,) = of(ask(Traffic(flows), -14, 10), "drop")
    assert drop.subject["prompt"] == "search"
    assert "tenant" not in drop.subject
    assert drop.tenants_hit == 6
    assert drop.details["explained_by"][0]["dimension"] == "prompt"


def test_a_prompt_under_a_new_name() -> None:
    def until(hour: datetime) -> float:
        return day_and_night(hour) * (hour < BREAK)

    def since(hour: datetime) -> float:
        return day_and_night(hour) * (hour >= BREAK)

    base = company().flows
    new = [
        replace(base[0], prompt="chat_v1", shape=until),
        replace(base[0], prompt="chat_v2", shape=since, rate=falls(0.1)),
    ]
    (drop,) = of(ask(Traffic([*new, *base[1:]]), -14, 10), "drop")
    assert drop.subject.items() >= {"tenant": "tenant0", "prompt": "chat_v2"}.items()


def test_a_provider_s_model_for_all() -> None:
    flows = [
        Flow(f"tenant{n}", falls(0.2 if model == "gpt-4o" else 0.71), 1500 / (n + 1), model=model, provider="gateway")
        for n in range(6)
        for model in PRICES
    ]
    (drop,) = of(ask(Traffic(flows), -14, 10), "drop")
    assert drop.subject == {"provider": "gateway", "model": "gpt-4o"}
    assert drop.tenants_hit == 6


def test_two_tenants_at_once_are_two_findings() -> None:
    flows = [Flow(f"tenant{n}", falls(0.2 if n in (1, 2) else 0.71), 1500 / (n + 1)) for n in range(8)]
    drops = of(ask(Traffic(flows), -14, 10), "drop")
    assert [drop.subject["tenant"] for drop in drops] == ["tenant1", "tenant2"]


def launched(hour: datetime) -> float:
    return day_and_night(hour) * (hour >= BREAK - HOUR)


def grown(hour: datetime) -> float:
    return day_and_night(hour) * (4 if hour >= BREAK else 1)


@pytest.mark.parametrize("name", ["ten hours later", "a week around it"])
def test_a_launch_that_evicts_everybody(name: str) -> None:
    victims = [Flow(f"tenant{n}", falls(0.45), 1500 / (n + 1)) for n in range(8)]
    traffic = Traffic([*victims, Flow("launcher", lambda _: 0.1, 4000, launched)])
    since, until = WINDOWS[name]
    (drop,) = of(ask(traffic, since, until), "drop")
    assert drop.subject == {"provider": "openai", "model": "gpt-4o", "tenant": "launcher"}
    assert abs(drop.since - BREAK) <= HOUR
    expected = lost(traffic, pl.col("tenant") != "launcher", BREAK + since * HOUR, BREAK + until * HOUR)
    assert drop.cost_usd == pytest.approx(expected, rel=0.1)
    assert drop.tenants_hit == 8
    assert drop.details["mechanism"] == "neighbour"
    assert drop.details["neighbour"]["lead_hours"] == 1
    assert "suspected" in drop.title


def test_a_tenant_s_growth_that_evicts_the_others() -> None:
    flows = [Flow(f"tenant{n}", falls(0.71 if n == 3 else 0.45), 1500 / (n + 1)) for n in range(8)]
    flows[3] = replace(flows[3], calls=2000, shape=grown)
    (drop,) = of(ask(Traffic(flows), -14, 10), "drop")
    assert drop.subject["tenant"] == "tenant3"
    assert drop.effect == pytest.approx(26, abs=4)


def test_what_is_over_is_a_ticket() -> None:
    traffic = company(size=3, tenant1=Flow("", rate=falls(0.2, until=BREAK + 8 * HOUR)))
    during, after = (of(ask(traffic, *hours), "drop")[0] for hours in ((-20, 4), (-4, 20)))
    assert (during.severity, during.persistence) == (Severity.PAGE, (3, 3))
    assert (after.severity, after.persistence) == (Severity.TICKET, (0, 3))
    assert after.until == BREAK + 8 * HOUR
    assert "over by the end" in after.summary


def test_extra_writes_cost_too() -> None:
    flows = [
        Flow(f"tenant{n}", falls(0.1 if n == 0 else 0.71), 1500 / (n + 1), model="claude-sonnet-4-5", writes=True)
        for n in range(6)
    ]
    traffic = Traffic([replace(flow, provider="anthropic") for flow in flows])
    (drop,) = of(ask(traffic, -14, 10), "drop")
    hit = traffic.usage.filter((pl.col("tenant") == "tenant0") & pl.col("hour").is_between(BREAK, BREAK + 9 * HOUR))
    paid = float((hit["input_usd"] + hit["cached_usd"] + hit["write_usd"]).sum())
    before = float((hit["tokens"] * (0.71 * 0.3e-6 + 0.29 * 3.75e-6)).sum())
    assert drop.cost_usd == pytest.approx(paid - before, rel=0.1)
    assert drop.details["mechanism"] == "writes_rose"


def test_without_prices_the_cost_is_not_known() -> None:
    traffic = company(size=3, tenant0=Flow("", rate=falls(0.18)))
    free = traffic.usage.with_columns(pl.col("calls").alias("unpriced"), pl.lit(None, pl.Float64).alias("input_usd"))
    object.__setattr__(traffic, "usage", free)
    (drop,) = of(ask(traffic, -14, 10), "drop")
    assert drop.cost_usd is None
    assert drop.severity is Severity.TICKET
    assert "not known" in drop.summary


def subjects(found: list[Candidate]) -> list[dict[str, str]]:
    return [dict(each.subject) for each in found]


def test_the_same_problem_keeps_its_subject(own_prefix: Traffic) -> None:
    seen = [subjects(of(ask(own_prefix, until - 24, until), "drop")) for until in range(4, 40, 4)]
    assert all(each == seen[0] for each in seen)


@pytest.mark.parametrize("calls", [20, 60])
def test_a_break_on_the_first_saturday_is_told_that_day(calls: int) -> None:
    """Fewer calls let prefixes expire, and weekends differ: but quiet nights did not fall, nor did the others."""
    saturday = MONDAY + timedelta(days=5)
    names = ("tenant0", "tenant1", "tenant2")
    broken = {"tenant0": falls(0.18, saturday)}
    traffic = Traffic([Flow(name, broken.get(name, lambda _: 0.71), calls) for name in names], days=8)
    for hours in (14, 24, 36, 48):
        until = saturday + hours * HOUR
        (drop,) = of(traffic.run(until - 24 * HOUR, until), "drop")
        assert (drop.subject["tenant"], drop.severity) == ("tenant0", Severity.TICKET)


@pytest.mark.parametrize(("tokens", "severity"), [(100.0, Severity.DIGEST), (4000.0, Severity.TICKET)])
def test_a_ticket_pays_for_a_look_within_a_year(tokens: float, severity: Severity) -> None:
    """A tenant whose break costs cents a day is told, and asks nobody for anything."""
    traffic = Traffic([Flow("tenant0", falls(0.18), 60, tokens=tokens), *(Flow(f"tenant{n}") for n in range(1, 4))])
    (drop,) = of(ask(traffic, -14, 10), "drop")
    assert drop.subject["tenant"] == "tenant0"
    assert (drop.details["usd_per_day"] * 365 < 50, drop.severity) == (severity is Severity.DIGEST, severity)
