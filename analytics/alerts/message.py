"""What a channel sends: one event of an alert, as plain facts. The key is the same however often it is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from analytics.alerts.life import Alert, Change, Event
from spanledger.figures import usd
from spanledger.moments import as_parameter

OWN_RULE = "spanledger"
"""The rule of alerts about spanledger itself."""
CARDED = frozenset({Event.TRIGGER, Event.ESCALATE, Event.REMIND})
"""Events that ask somebody to act: they carry a card."""
ENDINGS = {Event.RESOLVE: "resolved", Event.ACKNOWLEDGE: "acknowledged", Event.REMIND: "still firing"}


@dataclass(frozen=True)
class Card:
    """More about the problem, with a picture; made when the message is sent."""

    text: str
    markdown: str = ""
    """The same for Slack."""
    png: bytes | None = None
    picture: str = ""
    """Address of the same picture, for receivers that fetch it; '' when there is none that others can reach."""


CardMaker = Callable[[Alert], Card | None]


def no_card(alert: Alert) -> Card | None:  # noqa: ARG001 - the form of all makers of cards
    """Pages say only what the alert itself knows."""
    return None


@dataclass(frozen=True)
class Message:
    """One event of an alert, for one channel."""

    event: Event
    alert: Alert
    key: str
    """Of the event; receivers that drop what comes twice know it by this."""
    at: datetime
    link: str = ""
    card: Card | None = None
    runbook: str = ""
    """Address of what to do; only a path where SPANLEDGER_PUBLIC_URL is not set."""

    @property
    def incident(self) -> str:
        """Of the episode: its trigger, acknowledgement and resolution have the same."""
        return f"{self.alert.alert_id}:{self.alert.episode}"

    @property
    def headline(self) -> str:
        """One line."""
        if self.event is Event.ESCALATE:
            return f"[{self.alert.severity}, nobody has acknowledged] {self.alert.text.title}"
        return f"[{ENDINGS.get(self.event, self.alert.severity)}] {self.alert.text.title}"

    def facts(self) -> dict[str, str]:
        """What, who, how much, since when; only what is known."""
        alert, text = self.alert, self.alert.text
        found = {
            "rule": alert.rule,
            "who": ", ".join(f"{name}={value}" for name, value in alert.labels.items()),
            "cost": usd(text.cost_usd) if text.cost_usd is not None else "",
            "energy": f"{text.energy_kwh:,.3g} kWh" if text.energy_kwh is not None else "",
            "customers hit": f"{text.tenants_hit:,}" if text.tenants_hit is not None else "",
            "value": f"{text.value:,.6g}" if text.value is not None else "",
            "since": f"{as_parameter(alert.since)[:19]} UTC",
            "until": f"{as_parameter(alert.resolved_at)[:19]} UTC" if alert.resolved_at else "",
            "acknowledged by": alert.acknowledged_by,
            "flapping": "yes: it resolves after 15 quiet minutes" if alert.flapping else "",
            "traces": " ".join(text.trace_ids),
        }
        return {name: value for name, value in found.items() if value}

    def body(self) -> str:
        """Plain text under the headline."""
        lines = [self.alert.text.summary, *(f"{name}: {value}" for name, value in self.facts().items())]
        if self.card:
            lines += ["", self.card.text]
        if self.runbook:
            lines += ["", f"Runbook: {self.runbook}"]
        if self.link:
            lines += ["", self.link]
        return "\n".join(line for line in lines if line is not None).strip()


def message(change: Change, at: datetime, public_url: str, make_card: CardMaker = no_card) -> Message:
    """The message of a change."""
    alert = change.alert
    place = f"/findings/{alert.text.finding_id}" if alert.text.finding_id else f"/alerts/{alert.alert_id}"
    base = public_url.rstrip("/")
    link = f"{base}{place}" if base else ""
    card = make_card(alert) if change.event in CARDED else None
    return Message(change.event, alert, change.change_id, at, link, card, f"{base}/runbooks/{runbook_of(alert)}")


def runbook_of(alert: Alert) -> str:
    """The name of the runbook: of the finding's kind, of spanledger's own checks, or of rules."""
    if alert.text.finding_id and alert.labels.get("kind"):
        return alert.labels["kind"]
    return OWN_RULE if alert.rule == OWN_RULE else "rule"
