"""Cases: a labelled incident as an alert about it would ask, and which surface is the right answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random

from analytics.triage.asked import Asked
from bench.triage.faults import FAULTS, Scene, feature_for
from spanledger.demo.clock import HOUR, Stretch, moment, nanoseconds
from spanledger.demo.incidents import INCIDENTS, UNCACHED
from spanledger.demo.labels import Label
from spanledger.demo.look_alikes import LOOK_ALIKES
from spanledger.demo.plan import Plan
from spanledger.demo.recorder import Traits
from spanledger.demo.scenarios import ALONE
from spanledger.demo.workload import Workload, play
from spanledger.filters import filter_of

DAYS = 13
FIRST_DAY = datetime(2026, 9, 7, tzinfo=UTC)
LATE_HOURS = 2.0
"""An alert dates a break so much too late, at most."""
BAD_HOURS = (6.0, 24.0)
"""How long it has been bad when somebody looks."""
QUIET = "quiet"
METRICS = ("cost", "missed", "errors", "latency")
ANSWERS: dict[str, tuple[str, str]] = {
    "prefix_break": ("missed", "prompt"), "eviction": ("missed", "users"), "reprompts": ("cost", ""),
    "polite_agent": ("cost", "tools"), "circles": ("cost", "tools"), "storm": ("cost", "model"),
    "loss_maker": ("cost", ""), "runaway": ("cost", "users"), "moved_users": ("none", "users"),
    "moved_users_worse": ("failures", "users"), "heavy_model": ("energy", "model"),
}  # fmt: skip
"""Of the demo's incidents: what its alert measures, and whose fault it is ('': none of the five)."""
ONE_MODEL = ("circles", "polite_agent")
"""The demo lets these agents call another model than their feature does: two surfaces would move. Here one does."""
BLIND: dict[str, Callable[[Traits], bool]] = {
    "prefix_break": lambda traits: not traits.content,
}
"""Where senders do not tell what would show it: without content a prompt has no hash."""


@dataclass(frozen=True)
class Case:
    """One question with its answer."""

    name: str
    seed: int
    workload: Workload
    asked: Asked
    surface: str
    """'' when nothing moved that explains it."""
    blind: bool
    """The spans do not tell: then the right answer is that nothing is named."""


NAMES = (*sorted(ANSWERS), *(fault.name for fault in FAULTS), QUIET)


def case(name: str, seed: int) -> Case:
    """The case of a name and seed."""
    random = Random(f"{seed}/triage/{name}")
    traits = Traits(content=random.random() < 0.6, users=random.random() < 0.85, tasks=random.random() < 0.8)
    start = FIRST_DAY + timedelta(days=random.randrange(14))
    plan = Plan(seed, nanoseconds(start), DAYS, random.uniform(130, 190), random.randrange(24, 50), 1.1, traits)
    if name in INCIDENTS:
        made = _incident(plan, name, random)
    elif name == QUIET:
        made = _quiet(plan, random)
    else:
        made = _fault(plan, name, random)
    return replace(made, seed=seed)


def _incident(plan: Plan, name: str, random: Random) -> Case:
    INCIDENTS[name](plan, DAYS - random.uniform(3, 4.5))
    if name in ONE_MODEL:
        [feature] = [each for each in plan.features if each.name == plan.labels[0].features[0]]
        plan.recast(feature, model=UNCACHED)
    _look_alikes(plan, random)
    [label] = plan.labels
    metric, surface = ANSWERS[name]
    blind = name in BLIND and BLIND[name](plan.traits)
    when = label.when if name != "loss_maker" else plan.from_day(DAYS - 3, DAYS)
    asked = _asked(when, filter_of(_subject(name, label)), metric, random)
    return Case(name, 0, play(plan), asked, "" if blind else surface, blind)


def _fault(plan: Plan, name: str, random: Random) -> Case:
    fault = next(each for each in FAULTS if each.name == name)
    if fault.metric == "failures":
        plan.traits = replace(plan.traits, tasks=True)
    feature = feature_for(plan, fault, random)
    plan.taken.add(feature.name)
    _look_alikes(plan, random)
    begin = DAYS - random.uniform(3, 4.5)
    when = plan.from_day(begin, begin + 2)
    workload = play(plan)
    fault.plant(Scene(workload.spans, feature, when, random))
    asked = _asked(when, filter_of({"feature": feature.name}), fault.metric, random)
    return Case(name, 0, workload, asked, fault.surface, blind=False)


def _quiet(plan: Plan, random: Random) -> Case:
    """Nothing is wrong, but somebody asks."""
    _look_alikes(plan, random)
    begin = DAYS - random.uniform(3, 4.5)
    feature, tenant = random.choice(plan.features), plan.tenants[random.randrange(5)]
    subject = random.choice(({"feature": feature.name}, {"tenant": tenant.name}, {}))
    asked = _asked(plan.from_day(begin, begin + 2), filter_of(subject), random.choice(METRICS), random)
    return Case(QUIET, 0, play(plan), asked, "", blind=False)


def _look_alikes(plan: Plan, random: Random) -> None:
    chosen = random.sample(sorted(LOOK_ALIKES), random.randrange(1, 4))
    alone = [name for name in chosen if name in ALONE]
    for name in chosen:
        if name not in alone[1:]:
            LOOK_ALIKES[name](plan, random.uniform(2, DAYS - 3))
            plan.look_alikes.append(name)


def _subject(name: str, label: Label) -> dict[str, str]:
    """What the finding about it names: the narrowest that its job reports."""
    if name == "eviction":
        return {"provider": "anthropic"}
    if name == "prefix_break":
        return {"tenant": label.culprit["tenant"], "prompt": label.prompts[0]}
    if name in ("reprompts", "storm"):
        return {"prompt": label.prompts[0]}
    return dict(label.culprit)


def _asked(when: Stretch, text: str, metric: str, random: Random) -> Asked:
    since = when.since + int(random.uniform(0, LATE_HOURS) * HOUR)
    until = min(since + int(random.uniform(*BAD_HOURS) * HOUR), max(when.until, since + 4 * HOUR))
    return Asked(_minute(since), _minute(until), text, metric)


def _minute(at: int) -> datetime:
    return moment(at).replace(second=0, microsecond=0)
