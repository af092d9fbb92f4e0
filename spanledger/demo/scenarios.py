"""Scenarios by seed: a plan with no, one or two incidents, and look-alikes beside them."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random

from spanledger.demo.cast import App
from spanledger.demo.incidents import INCIDENTS
from spanledger.demo.look_alikes import LOOK_ALIKES
from spanledger.demo.plan import Plan
from spanledger.demo.recorder import Traits

QUIET_SHARE, TWO_SHARE = 0.25, 0.25
"""Of scenarios: no incident at all, two of them. The others have one."""
APART = (
    {"prefix_break", "circles", "polite_agent", "eviction"},
    {"reprompts", "storm", "heavy_model"},
    {"moved_users", "moved_users_worse"},
    {"eviction", "prefix_break", "moved_users", "moved_users_worse", "storm"},
)
"""Of each set at most one: they need the same feature or the same cache to themselves."""
ALONE = {"growth", "seasonal_mix", "launch"}
"""Look-alikes that move all figures; a scenario has at most one of them, so that sizes stay what a label says."""


@dataclass(frozen=True)
class Scenario:
    """What a seed stands for."""

    seed: int
    incidents: tuple[str, ...]
    look_alikes: tuple[str, ...]
    traits: Traits = field(default_factory=Traits)
    dialect: str = ""
    """Of the feature with small calls: `openinference`, or empty for OpenTelemetry's conventions."""

    def plan(self, start: int, days: int) -> Plan:
        """The plan, that begins at `start`."""
        random = Random(f"{self.seed}/plan")  # noqa: S311  (made-up traffic)
        plan = Plan(
            self.seed,
            start,
            days,
            random.uniform(130, 190),
            random.randrange(24, 50),
            random.uniform(0.9, 1.2),
            self.traits,
        )
        tagging = next(feature for feature in plan.features if feature.app is App.TAGGING)
        plan.recast(tagging, dialect=self.dialect)
        for name in self.incidents:
            INCIDENTS[name](plan, days - random.uniform(4.5, 7.5))
        for name in self.look_alikes:
            LOOK_ALIKES[name](plan, random.uniform(3, days - 4))
            plan.look_alikes.append(name)
        return plan


def draw(seed: int) -> Scenario:
    """The scenario of a seed."""
    random = Random(f"{seed}/scenario")  # noqa: S311  (made-up traffic)
    share = random.random()
    count = 0 if share < QUIET_SHARE else 2 if share < QUIET_SHARE + TWO_SHARE else 1
    traits = Traits(
        content=random.random() < 0.6,
        users=random.random() < 0.85,
        tasks=random.random() < 0.8,
        scores=random.random() < 0.7,
    )
    dialect = "openinference" if random.random() < 0.25 else ""
    return Scenario(seed, tuple(_incidents(random, count)), tuple(_look_alikes(random)), traits, dialect)


def of(incident: str, seed: int, traits: Traits | None = None) -> Scenario:
    """A scenario with one incident of a kind."""
    random = Random(f"{seed}/look-alikes")  # noqa: S311  (made-up traffic)
    return Scenario(seed, (incident,), tuple(_look_alikes(random)), traits or Traits())


def _incidents(random: Random, count: int) -> list[str]:
    chosen: list[str] = []
    names = sorted(INCIDENTS)
    random.shuffle(names)
    for name in names:
        if len(chosen) < count and not any(name in group and group & set(chosen) for group in APART):
            chosen.append(name)
    return chosen


def _look_alikes(random: Random) -> list[str]:
    chosen = random.sample(sorted(LOOK_ALIKES), random.randrange(1, 4))
    alone = [name for name in chosen if name in ALONE]
    return [name for name in chosen if name not in alone[1:]]
