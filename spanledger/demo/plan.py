"""A workload before it is played: who takes part, what will happen, and what else is put in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from spanledger.demo.cast import App, Feature, Tenant, features, tenants
from spanledger.demo.clock import DAY, Stretch
from spanledger.demo.conditions import Conditions, Surge, from_day
from spanledger.demo.labels import Label
from spanledger.demo.recorder import Recorder, Traits

CALLS = {App.ASSISTANT: 2.3, App.EXTRACTION: 1.0, App.AGENT: 6.2, App.TAGGING: 1.0}
"""Calls of a model in a session, on average."""
WEEK = (5 + 2 * 0.35) / 7
"""An average day's traffic, beside a working day's."""
Act = Callable[[Recorder], None]


@dataclass
class Plan:
    """Everything that `workload.play` needs; incidents and look-alikes change it."""

    seed: int
    start: int
    days: int
    sessions_per_day: float = 150.0
    tenant_count: int = 40
    exponent: float = 1.1
    traits: Traits = field(default_factory=Traits)
    revenue: bool = True
    random: Random = field(init=False)
    tenants: list[Tenant] = field(init=False)
    features: list[Feature] = field(init=False)
    conditions: Conditions = field(default_factory=Conditions)
    labels: list[Label] = field(default_factory=list)
    look_alikes: list[str] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    """What happens beside the sessions."""
    pays: dict[str, float] = field(default_factory=dict)
    """USD a month of tenants whose price does not follow from their traffic."""
    joined: dict[str, int] = field(default_factory=dict)
    """When tenants became customers that were not from the start."""
    taken: set[str] = field(default_factory=set)
    """Tenants and features that an incident has to itself."""

    def __post_init__(self) -> None:
        self.random = Random(self.seed)  # noqa: S311  (made-up traffic)
        self.tenants = tenants(self.random, self.tenant_count, self.exponent)
        self.features = features(self.random)

    @property
    def end(self) -> int:
        """When the workload is over."""
        return self.start + self.days * DAY

    @property
    def whole(self) -> Stretch:
        """From start to end."""
        return Stretch(self.start, self.end)

    def from_day(self, since: float, until: float) -> Stretch:
        """A stretch by days since the start, that ends with the workload at the latest."""
        stretch = from_day(self.start, since, until)
        return Stretch(stretch.since, min(stretch.until, self.end))

    def take_tenant(self, ranks: range) -> Tenant:
        """A tenant of these ranks that no other incident has."""
        free = [self.tenants[rank] for rank in ranks if self.tenants[rank].name not in self.taken]
        tenant = self.random.choice(free)
        self.taken.add(tenant.name)
        return tenant

    def take_feature(self, *apps: App) -> Feature:
        """A feature of one of these kinds that no other incident has."""
        free = [feature for feature in self.features if feature.app in apps and feature.name not in self.taken]
        feature = self.random.choice(free)
        self.taken.add(feature.name)
        return feature

    def recast(self, feature: Feature, **changes: object) -> Feature:
        """Change a feature for the whole workload."""
        changed = replace(feature, **changes)  # type: ignore[arg-type]
        self.features[self.features.index(feature)] = changed
        return changed

    def invite(self, name: str, share: float, at: int) -> Tenant:
        """A new customer, from a moment on; none of the usual traffic before."""
        tenant = Tenant(f"{name}-{self.random.randrange(100, 999)}", share, 12, {"en": 1.0}, 0)
        self.tenants.append(tenant)
        self.joined[tenant.name] = at
        self.taken.add(tenant.name)
        if at > self.start:
            self.conditions.add(Surge(Stretch(self.start, at), 0.0, tenant.name))
        return tenant

    def busy(self, feature: Feature, calls: float, tenant: Tenant | None = None) -> None:
        """Let a feature (of one tenant) have so many calls a working day, all the time."""
        share = feature.share * (tenant.share if tenant and not feature.only else 1.0)
        usual = self.sessions_per_day * share * CALLS[feature.app]
        self.conditions.add(Surge(self.whole, calls / usual, tenant.name if tenant else "", feature.name))
