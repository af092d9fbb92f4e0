"""What looks like an incident and is none: nobody must be paged, and no ticket written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from spanledger.demo.agents import page_through, wait_for_job
from spanledger.demo.apps import tagging
from spanledger.demo.cast import App
from spanledger.demo.clock import DAY, HOUR, MINUTE, Stretch
from spanledger.demo.conditions import Outage, Release, Surge
from spanledger.demo.extra import evaluations, evenly, hedged, nightly_batch
from spanledger.demo.plan import Plan
from spanledger.demo.recorder import Recorder
from spanledger.demo.rhythm import Session

LookAlike = Callable[[Plan, float], None]
SIMILAR = {"gpt-4o": "gpt-4.1", "gpt-4.1": "gpt-4o", "claude-sonnet-4-5": "gpt-4.1"}
"""Models of much the same price and energy, that a release may go to."""


def deploy(plan: Plan, day: float) -> None:
    """A new version of a prompt, now and then with another model."""
    feature = plan.random.choice(plan.features)
    model = SIMILAR.get(feature.model, "") if plan.random.random() < 0.3 and feature.name not in plan.taken else ""
    version = str(int(feature.version) + 1)
    plan.conditions.add(Release(plan.from_day(day, plan.days), feature.name, version, model))


def launch(plan: Plan, day: float) -> None:
    """A new customer with a lot of traffic, who pays for it."""
    plan.invite("arrival", plan.random.uniform(0.06, 0.12), plan.start + int(day * DAY))


def seasonal_mix(plan: Plan, day: float) -> None:
    """The week of the quarter's end: some features are used twice as much, others less."""
    when = plan.from_day(day, day + 7)
    free = [each for each in plan.features if each.name not in plan.taken]
    plan.random.shuffle(free)
    plan.conditions.add(
        *(Surge(when, factor, feature=each.name) for each, factor in zip(free, (1.8, 0.6), strict=False))
    )


def growth(plan: Plan, _day: float) -> None:
    """All customers use more, bit by bit."""
    plan.conditions.add(Surge(plan.whole, plan.random.uniform(1.3, 1.7), ramp=True))


def hiccup(plan: Plan, day: float) -> None:
    """Ten minutes of 503 at noon; every second try works."""
    begin = plan.start + int(day) * DAY + 13 * HOUR
    for provider in ("openai", "anthropic", "gcp.gemini"):
        plan.conditions.add(Outage(Stretch(begin, begin + 10 * MINUTE), provider))


def polling(plan: Plan, _day: float) -> None:
    """Agents wait for a job and ask how far it is."""
    _runs(plan, wait_for_job)


def pagination(plan: Plan, _day: float) -> None:
    """Agents page through results."""
    _runs(plan, page_through)


def hedging(plan: Plan, _day: float) -> None:
    """A small share of calls is sent twice at once."""
    feature = next(each for each in plan.features if each.app is App.TAGGING)
    tenant = plan.tenants[1]
    plan.acts.append(lambda recorder: hedged(recorder, tenant, feature, plan.whole, 8))


def batches(plan: Plan, _day: float) -> None:
    """A nightly batch at half price."""
    feature = next(each for each in plan.features if each.app is App.TAGGING)
    tenant = plan.tenants[0]
    plan.acts.append(lambda recorder: nightly_batch(recorder, tenant, feature, plan.whole, 40))


def evaluation_runs(plan: Plan, _day: float) -> None:
    """A fixed set of questions, twice a week, under the house's own name."""
    feature = next(each for each in plan.features if each.app is App.ASSISTANT)
    house = replace(plan.tenants[0], name="in-house")
    plan.acts.append(lambda recorder: evaluations(recorder, house, feature, plan.whole, 30))


def cold_start(plan: Plan, day: float) -> None:
    """A new feature, of which at first little is in any cache, with few users."""
    when = plan.from_day(day, plan.days)
    base = next(each for each in plan.features if each.app is App.TAGGING)
    fresh = replace(base, name="auto-replies", service="replies", prompt="draft-reply", version="1")
    tenants = plan.tenants[:8]

    def act(recorder: Recorder) -> None:
        for at in evenly(recorder.random, when, 30):
            session = Session(at, recorder.random.choice(tenants), fresh)
            tagging(recorder, session)

    plan.acts.append(act)


def weekends(_plan: Plan, _day: float) -> None:
    """Nothing but the rhythm that all workloads have: nights, weekends, zones."""


def _runs(plan: Plan, play: Callable[[Recorder, Session], None]) -> None:
    """From the start on: other tools from one day to the next would be other use."""
    feature = next(each for each in plan.features if each.app is App.AGENT)
    tools = (*feature.tools, "get_job_status", "list_records")
    when, tenants = plan.whole, plan.tenants[:6]

    def act(recorder: Recorder) -> None:
        for at in evenly(recorder.random, when, 5):
            play(recorder, Session(at, recorder.random.choice(tenants), replace(feature, tools=tools)))

    plan.acts.append(act)


LOOK_ALIKES: dict[str, LookAlike] = {
    each.__name__: each
    for each in (
        deploy, launch, seasonal_mix, growth, hiccup, polling, pagination, hedging, batches, evaluation_runs,
        cold_start, weekends,
    )
}  # fmt: skip
