"""Incidents of known time, culprit and price. Each function plants one into a plan and writes its label."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from spanledger.demo.agents import go_in_circles, wait_politely
from spanledger.demo.cast import App, Feature, Tenant
from spanledger.demo.clock import DAY, HOUR, Stretch
from spanledger.demo.conditions import Eviction, PrefixBreak, Release, Reprompts, Shift, Storm
from spanledger.demo.extra import bulk_import, spend
from spanledger.demo.labels import Label
from spanledger.demo.plan import Plan
from spanledger.demo.recorder import Recorder
from spanledger.demo.records import Ledger
from spanledger.demo.rhythm import Session

Plant = Callable[[Plan, float], None]
"""Puts an incident into a plan that begins so many days after its start."""

DEAR = "claude-opus-4-1"
UNCACHED = "gpt-4-turbo"
LAUNCH_USD = 15_000.0
"""A month of a customer whose launch crowds out the others: three times its cost."""
PLAN_USD, COST_USD = 40.0, 4000.0
"""A month of the customer of the essay: it pays $40 and costs $4,000."""
BUSINESS_HOURS = (9, 16)


def prefix_break(plan: Plan, day: float) -> None:
    """A large tenant puts something that changes in front of its prompt: its hit rate falls from about 71 % to 18 %."""
    feature = plan.take_feature(App.ASSISTANT, App.AGENT)
    tenant = plan.take_tenant(range(3))
    static = plan.random.randrange(30, 50) * 1024
    feature = plan.recast(feature, model=DEAR, static=static, scale=static * 0.75 / 1300)
    plan.busy(feature, plan.random.uniform(250, 350), tenant)
    ledger, when = Ledger(), plan.from_day(day, day + plan.random.uniform(3, 5))
    plan.conditions.add(PrefixBreak(when, tenant.name, feature.prompt, 0.25, ledger))
    plan.labels.append(
        Label("prefix_break", "cache_hit_rate", ("drop",), {"tenant": tenant.name}, when, "page",
              f"{tenant.name} puts the time in front of the instructions of {feature.prompt}; it is never cached again",
              ledger, (tenant.name,), (feature.name,), (feature.prompt,)),
    )  # fmt: skip


def eviction(plan: Plan, day: float) -> None:
    """A tenant's launch fills the provider's cache: everybody else's prefixes fall out."""
    feature = plan.take_feature(App.ASSISTANT, App.AGENT)
    feature = plan.recast(feature, model=DEAR, static=plan.random.randrange(28, 40) * 1024, scale=6.0)
    plan.busy(feature, 380)
    when = plan.from_day(day, day + plan.random.uniform(3, 5))
    culprit = plan.invite("newcomer", 0.02, when.since)
    plan.pays[culprit.name] = LAUNCH_USD
    ledger = Ledger()
    plan.conditions.add(Eviction(when, "anthropic", culprit.name, 0.8, ledger))
    load = replace(
        feature, name="bulk-import", service="imports", app=App.EXTRACTION, prompt="import-pages", static=2048, tools=()
    )
    plan.acts.append(lambda recorder: bulk_import(recorder, culprit, load, when, 260))
    plan.labels.append(
        Label("eviction", "cache_hit_rate", ("drop",), {"tenant": culprit.name}, when, "page",
              f"the launch of {culprit.name} fills the cache of anthropic; the others' prefixes fall out",
              ledger, tuple(tenant.name for tenant in plan.tenants), tuple(each.name for each in plan.features),
              (*(each.prompt for each in plan.features), load.prompt)),
    )  # fmt: skip


def reprompts(plan: Plan, day: float) -> None:
    """A validator refuses 1.6 % of the answers again and again: 15 % of the bill of a feature."""
    feature = plan.take_feature(App.EXTRACTION)
    feature = plan.recast(feature, model=UNCACHED, static=40 * 1024, scale=2.5)
    plan.busy(feature, 420)
    ledger, when = Ledger(), plan.from_day(day, day + plan.random.uniform(3, 5))
    plan.conditions.add(Reprompts(when, feature.name, 0.016, 10, 14, ledger))
    plan.labels.append(
        Label("reprompts", "retry_waste", ("reprompt_chain",), {"prompt": feature.prompt}, when, "ticket",
              f"a validator refuses 1.6 % of the answers of {feature.prompt} about ten times each",
              ledger, features=(feature.name,), prompts=(feature.prompt,)),
    )  # fmt: skip


def polite_agent(plan: Plan, day: float) -> None:
    """An agent retries for six hours, politely: its backoff stops growing at 30 seconds."""
    feature = plan.take_feature(App.AGENT)
    tenant = plan.take_tenant(range(3, 15))
    begin = plan.start + int(day * DAY)
    ledger, when = Ledger(), Stretch(begin, begin + 6 * HOUR)
    heavy = replace(feature, model=UNCACHED, static=plan.random.randrange(90, 110) * 1024, scale=1.0)
    traces = plan.random.random() < 0.4

    def act(recorder: Recorder) -> None:
        wait_politely(recorder, Session(when.since, tenant, heavy), when.until, ledger, traces=traces)

    plan.acts.append(act)
    plan.labels.append(
        Label("polite_agent", "retry_waste", ("polite_loop", "agent_loop"), {"tenant": tenant.name}, when, "page",
              f"an agent of {tenant.name} sends one request for six hours, every 30 seconds",
              ledger, (tenant.name,), (feature.name,), (feature.prompt,)),
    )  # fmt: skip


def circles(plan: Plan, day: float) -> None:
    """An agent calls two tools in turn and learns nothing, several times a day."""
    feature = plan.take_feature(App.AGENT)
    tenant = plan.take_tenant(range(3, 15))
    when = plan.from_day(day, day + plan.random.uniform(1.5, 3))
    ledger = Ledger()
    heavy = replace(feature, model=UNCACHED, static=plan.random.randrange(40, 60) * 1024, scale=1.0)

    def act(recorder: Recorder) -> None:
        for at in _moments(plan, when, 8):
            go_in_circles(recorder, Session(at, tenant, heavy), recorder.random.randrange(14, 26), ledger)

    plan.acts.append(act)
    plan.labels.append(
        Label("circles", "retry_waste", ("agent_loop", "polite_loop"), {"tenant": tenant.name}, when, "ticket",
              f"agents of {tenant.name} go in circles between two tools", ledger, (tenant.name,), (feature.name,),
              (feature.prompt,)),
    )  # fmt: skip


def storm(plan: Plan, day: float) -> None:
    """Calls time out after they were worked on, and are sent again: each attempt is paid for."""
    feature = plan.take_feature(App.EXTRACTION, App.ASSISTANT)
    feature = plan.recast(feature, model=UNCACHED, static=30 * 1024, scale=2.0)
    plan.busy(feature, 420)
    ledger, when = Ledger(), plan.from_day(day, day + plan.random.uniform(1.5, 3))
    plan.conditions.add(Storm(when, feature.name, 0.3, ledger))
    plan.labels.append(
        Label("storm", "retry_waste", ("transport_retries",), {"model": UNCACHED}, when, "ticket",
              f"three of ten calls of {feature.prompt} time out after they were paid for, and are sent again",
              ledger, features=(feature.name,), prompts=(feature.prompt,)),
    )  # fmt: skip


def loss_maker(plan: Plan, _day: float) -> None:
    """A customer pays $40 a month and costs $4,000."""
    tenant = plan.invite("bargain", 0.0, plan.start)
    ledger = Ledger()
    _spend(plan, tenant, plan.whole, COST_USD / 30, ledger)
    for day in range(plan.days):
        ledger.add(plan.start + day * DAY + DAY // 2, -PLAN_USD / 30)
    plan.pays[tenant.name] = PLAN_USD
    plan.labels.append(
        Label("loss_maker", "cost_concentration", ("negative_margin", "runaway"), {"tenant": tenant.name}, plan.whole,
              "ticket", f"{tenant.name} pays $40 a month and costs $4,000", ledger, (tenant.name,),
              priced=("negative_margin",)),
    )  # fmt: skip


def runaway(plan: Plan, day: float) -> None:
    """A customer's cost of a day jumps to some twenty times of what it was, and its price does not cover it."""
    tenant = plan.take_tenant(range(4, 12))
    ledger, when = Ledger(), plan.from_day(day, day + plan.random.uniform(1.5, 3))
    _spend(plan, tenant, when, plan.random.uniform(500, 1500), ledger)
    plan.labels.append(
        Label("runaway", "cost_concentration", ("runaway", "negative_margin"), {"tenant": tenant.name}, when, "page",
              f"the cost of {tenant.name} jumps and is not covered by what it pays", ledger, (tenant.name,),
              priced=("runaway",)),
    )  # fmt: skip


def moved_users(plan: Plan, day: float, *, worse: bool = False) -> None:
    """Users ask for something else, while prompt and model hold."""
    feature = plan.take_feature(App.ASSISTANT, App.TAGGING)
    plan.busy(feature, 380)
    when = plan.from_day(day, plan.days)
    quality = -0.35 if worse and feature.app is App.ASSISTANT else 0.0
    shift, story = _move(plan, when, feature, quality)
    plan.conditions.add(shift)
    loud = "page" if quality and (plan.traits.scores or plan.traits.tasks) else "ticket"
    plan.labels.append(
        Label("moved_users_worse" if worse else "moved_users", "user_drift", ("drift",), {"prompt": feature.prompt},
              when, loud, f"users of {feature.prompt} {story}", None, (), (feature.name,), (feature.prompt,)),
    )  # fmt: skip


def moved_users_worse(plan: Plan, day: float) -> None:
    """The same, and answers get worse."""
    moved_users(plan, day, worse=True)


def heavy_model(plan: Plan, day: float) -> None:
    """A feature is moved to a far larger model."""
    feature = plan.take_feature(App.EXTRACTION)
    feature = plan.recast(feature, model=plan.random.choice(("gpt-4o-mini", "gpt-4.1-mini")), static=2048, scale=0.2)
    plan.busy(feature, 320)
    when = plan.from_day(day, plan.days)
    plan.conditions.add(Release(when, feature.name, model="claude-opus-4-5"))
    plan.labels.append(
        Label("heavy_model", "carbon", ("intensity_change",), {"feature": feature.name}, when, "ticket",
              f"{feature.name} moves from {feature.model} to claude-opus-4-5", None, (), (feature.name,),
              (feature.prompt,)),
    )  # fmt: skip


def _move(plan: Plan, when: Stretch, feature: Feature, quality: float) -> tuple[Shift, str]:
    """One of three ways in which users move; a loss of quality needs new topics."""
    way = plan.random.choice(("topics", "locales", "length")) if plan.traits.content and not quality else "topics"
    if not plan.traits.content:
        way = plan.random.choice(("locales", "length"))
    if way == "locales":
        return Shift(when, feature.name, locales=(("en", 0.4), ("ja", 0.6)), quality=quality), "write Japanese now"
    if way == "length":
        return Shift(when, feature.name, length=2.2, quality=quality), "write twice as much as before"
    new = plan.random.choice(("code", "legal", "medical"))
    old = tuple((topic, share * 0.45) for topic, share in feature.topics)
    return Shift(when, feature.name, ((new, 0.55), *old), quality=quality), f"ask about {new} matters now"


def _spend(plan: Plan, tenant: Tenant, when: Stretch, usd_per_day: float, ledger: Ledger) -> None:
    """A tenant's own use of a feature by machine, at all hours."""
    feature = Feature("reports", "reporting", App.EXTRACTION, "write-report", "3", UNCACHED, 0.0, 20 * 1024, 1.0)
    plan.acts.append(lambda recorder: spend(recorder, tenant, feature, when, usd_per_day, ledger))


def _moments(plan: Plan, when: Stretch, per_day: int) -> list[int]:
    """So many moments a day."""
    count = max(3, round(when.days * per_day))
    return sorted(plan.random.randrange(when.since, when.until) for _ in range(count))


INCIDENTS: dict[str, Plant] = {
    plant.__name__: plant
    for plant in (
        prefix_break, eviction, reprompts, polite_agent, circles, storm, loss_maker, runaway, moved_users,
        moved_users_worse, heavy_model,
    )
}  # fmt: skip
