"""What is different from when to when: faults, storms, releases, other users, more traffic. Incidents and look-alikes
are made of these; the applications and the bill ask what holds at a moment.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from spanledger.demo.cast import Feature
from spanledger.demo.clock import DAY, Stretch
from spanledger.demo.records import Ledger


@dataclass(frozen=True)
class Condition:
    """Something that holds in a stretch of time."""

    when: Stretch


@dataclass(frozen=True)
class PrefixBreak(Condition):
    """A tenant's own prompt changes early on, call by call: only its head can still be read from the cache."""

    tenant: str
    prompt: str
    keep: float
    """What is still cached of what would have been."""
    ledger: Ledger


@dataclass(frozen=True)
class Eviction(Condition):
    """Prefixes of everybody but one fall out of a provider's cache."""

    provider: str
    spared: str
    chance: float
    ledger: Ledger


@dataclass(frozen=True)
class Reprompts(Condition):
    """Answers that a validator refuses, and that are asked for again and again in the same conversation."""

    feature: str
    chance: float
    fewest: int
    most: int
    ledger: Ledger


@dataclass(frozen=True)
class Storm(Condition):
    """Calls time out when the provider has worked for them, are paid for, and are sent again."""

    feature: str
    chance: float
    ledger: Ledger


@dataclass(frozen=True)
class Outage(Condition):
    """A provider answers 503; nothing is billed, and a second try works."""

    provider: str


@dataclass(frozen=True)
class Shift(Condition):
    """Users of a feature ask for something else."""

    feature: str
    topics: tuple[tuple[str, float], ...] = ()
    locales: tuple[tuple[str, float], ...] = ()
    length: float = 1.0
    quality: float = 0.0
    """Added to the mean score of those topics."""


@dataclass(frozen=True)
class Release(Condition):
    """Another version of a prompt, another model, or both."""

    feature: str
    version: str = ""
    model: str = ""


@dataclass(frozen=True)
class Surge(Condition):
    """More or less traffic: of a tenant, of a feature, or of all (empty). `ramp`: it comes bit by bit."""

    factor: float
    tenant: str = ""
    feature: str = ""
    ramp: bool = False

    def at(self, when: int) -> float:
        """The factor at a moment."""
        if not self.when.holds(when):
            return 1.0
        done = (when - self.when.since) / (self.when.until - self.when.since) if self.ramp else 1.0
        return 1.0 + (self.factor - 1.0) * done


C = TypeVar("C", bound=Condition)


@dataclass
class Conditions:
    """All of a workload."""

    items: list[Condition] = field(default_factory=list)

    def add(self, *conditions: Condition) -> None:
        """Let these hold, too."""
        self.items += conditions

    def all(self, kind: type[C]) -> list[C]:
        """Those of a kind."""
        return [item for item in self.items if isinstance(item, kind)]

    def at(self, kind: type[C], when: int, feature: str) -> C | None:
        """The one of a kind that holds for a feature at a moment; the last that was added wins."""
        found = None
        for item in self.items:
            if isinstance(item, kind) and item.when.holds(when) and getattr(item, "feature", feature) == feature:
                found = item
        return found

    def outage(self, provider: str, when: int) -> bool:
        """Whether a provider is away."""
        return any(
            item.provider == provider and item.when.holds(when) for item in self.items if isinstance(item, Outage)
        )

    def release(self, feature: Feature, when: int) -> tuple[str, str]:
        """Version of the prompt and model of a feature at a moment."""
        version, model = feature.version, feature.model
        for release in self.items:
            if isinstance(release, Release) and release.feature == feature.name and release.when.holds(when):
                version, model = release.version or version, release.model or model
        return version, model


def from_day(start: int, since: float, until: float) -> Stretch:
    """A stretch by days since the start of a workload."""
    return Stretch(start + int(since * DAY), start + int(until * DAY))
