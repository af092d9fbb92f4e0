"""The life of an alert, as a pure function: what it is now, what was seen, and what follows.

    (nothing) ─▶ pending ─▶ firing ─▶ acknowledged ─▶ resolved
                    │          └──────────────────────▶ │
                    └─▶ resolved, and nobody is told     └─▶ pending, a new episode

An event is what people are told. While a silence fits, an alert lives on and nothing is told; what should have been
told is owed, and told when the silence ends and it still fires.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

FLAP_FIRES = 3
"""So many times within an hour, and an alert flaps: then it resolves only after a quiet time."""
FLAP_WITHIN = timedelta(hours=1)
FLAP_QUIET = timedelta(minutes=15)


class State(StrEnum):
    """Where an alert is."""

    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Event(StrEnum):
    """What people are told."""

    NONE = "none"
    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    REMIND = "remind"
    ESCALATE = "escalate"


STANDING = frozenset({State.FIRING, State.ACKNOWLEDGED})


@dataclass(frozen=True)
class Text:
    """What an alert says: what, who, how much, and where to look."""

    title: str = ""
    summary: str = ""
    value: float | None = None
    no_data: bool = False
    finding_id: str = ""
    cost_usd: float | None = None
    energy_kwh: float | None = None
    tenants_hit: int | None = None
    trace_ids: tuple[str, ...] = ()
    query: str = ""


@dataclass(frozen=True)
class Policy:
    """What a rule says of the life of its alerts."""

    channels: tuple[str, ...]
    hold: timedelta = timedelta(0)
    """The condition must hold for so long."""
    renotify: timedelta = timedelta(0)
    escalate_after: timedelta = timedelta(0)
    escalate_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Memory:
    """What must be remembered beside what is shown."""

    fires: tuple[datetime, ...] = ()
    """When it fired in the last hour."""
    quiet_since: datetime | None = None
    """The condition has not held since, and yet it stands, because it flaps."""
    told: tuple[str, ...] = ()
    """Channels that were told of this episode."""
    owed: bool = False
    escalated: bool = False
    reminders: int = 0
    folded: str = ""
    """The storm whose one page told of it together with others; '' when it was told by itself."""


@dataclass(frozen=True)
class Alert:
    """An alert at one moment."""

    alert_id: str
    rule: str
    labels: Mapping[str, str]
    severity: str
    state: State
    since: datetime
    episode: int = 0
    fired_at: datetime | None = None
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
    resolved_at: datetime | None = None
    notified_at: datetime | None = None
    flapping: bool = False
    silenced_by: str = ""
    text: Text = field(default_factory=Text)
    memory: Memory = field(default_factory=Memory)

    @property
    def standing(self) -> bool:
        """It fires, acknowledged or not."""
        return self.state in STANDING


@dataclass(frozen=True)
class Seen:
    """What an evaluation saw of it. `active` is None when it can't be known: the alert stays as it is."""

    active: bool | None
    text: Text = field(default_factory=Text)
    severity: str = "page"


@dataclass(frozen=True)
class Change:
    """An alert after a change, and whom to tell what."""

    alert: Alert
    event: Event = Event.NONE
    channels: tuple[str, ...] = ()

    @property
    def change_id(self) -> str:
        """The same for the same event of the same episode: the key by which receivers drop what comes twice."""
        number = f"-{self.alert.memory.reminders}" if self.event is Event.REMIND else ""
        return f"{self.alert.alert_id}:{self.alert.episode}:{self.event}{number}"


def step(alert: Alert, seen: Seen, policy: Policy, now: datetime, silenced_by: str = "") -> Change | None:
    """What follows for an alert that is known; None: nothing changes."""
    alert = replace(alert, silenced_by=silenced_by)
    if alert.state is State.PENDING:
        return _pending(alert, seen, policy, now)
    if alert.state is State.RESOLVED:
        return begin(alert, seen, policy, now) if seen.active else None
    if seen.active is False:
        return _quiet(alert, seen, now)
    if alert.memory.quiet_since and seen.active:
        alert = replace(alert, memory=replace(alert.memory, quiet_since=None), text=seen.text)
        return _due(alert, policy, now) or Change(alert)
    return _due(alert, policy, now)


def begin(alert: Alert, seen: Seen, policy: Policy, now: datetime) -> Change:
    """The condition has begun to hold."""
    fresh = replace(
        alert, state=State.PENDING, since=now, text=seen.text, severity=seen.severity, acknowledged_at=None,
        acknowledged_by="", resolved_at=None, notified_at=None, flapping=False, memory=Memory(alert.memory.fires),
    )  # fmt: skip
    return _fire(fresh, policy, now) if not policy.hold else Change(fresh)


def acknowledge(alert: Alert, by: str, at: datetime) -> Change | None:
    """Somebody has it; None when it doesn't fire."""
    if alert.state is not State.FIRING:
        return None
    taken = replace(alert, state=State.ACKNOWLEDGED, acknowledged_at=at, acknowledged_by=by)
    return Change(taken, Event.ACKNOWLEDGE, alert.memory.told) if alert.memory.told else Change(taken)


def _pending(alert: Alert, seen: Seen, policy: Policy, now: datetime) -> Change | None:
    if seen.active is False:
        return Change(replace(alert, state=State.RESOLVED, resolved_at=now))
    if seen.active and now - alert.since >= policy.hold:
        return _fire(replace(alert, text=seen.text, severity=seen.severity), policy, now)
    return None


def _fire(alert: Alert, policy: Policy, now: datetime) -> Change:
    fires = (*(time for time in alert.memory.fires if now - time < FLAP_WITHIN), now)[-FLAP_FIRES:]
    fired = replace(
        alert, state=State.FIRING, fired_at=now, episode=alert.episode + 1, flapping=len(fires) >= FLAP_FIRES,
        memory=replace(alert.memory, fires=fires),
    )  # fmt: skip
    return _tell(fired, Event.TRIGGER, policy.channels, now)


def _tell(alert: Alert, event: Event, channels: tuple[str, ...], now: datetime) -> Change:
    """Tell it, or owe it while a silence fits."""
    if alert.silenced_by or not channels:
        return Change(replace(alert, memory=replace(alert.memory, owed=bool(alert.silenced_by))))
    told = tuple(dict.fromkeys((*alert.memory.told, *channels)))
    memory = replace(alert.memory, told=told, owed=False)
    return Change(replace(alert, notified_at=now, memory=memory), event, channels)


def _quiet(alert: Alert, seen: Seen, now: datetime) -> Change | None:
    """The condition does not hold any more."""
    if alert.flapping:
        quiet = alert.memory.quiet_since
        if quiet is None:
            return Change(replace(alert, memory=replace(alert.memory, quiet_since=now)))
        if now - quiet < FLAP_QUIET:
            return None
    text = replace(alert.text, value=seen.text.value) if seen.text.value is not None else alert.text
    over = replace(
        alert, state=State.RESOLVED, resolved_at=now, text=text, memory=replace(alert.memory, quiet_since=None)
    )
    return Change(over, Event.RESOLVE, alert.memory.told) if alert.memory.told else Change(over)


def _due(alert: Alert, policy: Policy, now: datetime) -> Change | None:
    """What time alone brings: what is owed, an escalation, a reminder."""
    if alert.state is not State.FIRING or alert.silenced_by or alert.memory.folded:
        return None
    if alert.memory.owed:
        return _tell(alert, Event.TRIGGER, policy.channels, now)
    told_for = now - alert.fired_at if alert.fired_at else timedelta(0)
    if (
        policy.escalate_to
        and policy.escalate_after
        and not alert.memory.escalated
        and told_for >= policy.escalate_after
    ):
        louder = replace(alert, memory=replace(alert.memory, escalated=True))
        return _tell(louder, Event.ESCALATE, policy.escalate_to, now)
    if policy.renotify and alert.notified_at and now - alert.notified_at >= policy.renotify:
        again = replace(alert, memory=replace(alert.memory, reminders=alert.memory.reminders + 1))
        return _tell(again, Event.REMIND, alert.memory.told, now)
    return None
