"""PagerDuty, Events API v2: trigger, acknowledge and resolve with one dedup key an episode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analytics.alerts.channels.transport import Address, post
from analytics.alerts.life import Event
from analytics.alerts.message import Message

SEVERITIES = {"page": "critical", "ticket": "warning", "digest": "info"}
MOST_SUMMARY = 1024


@dataclass(frozen=True)
class PagerDuty:
    """`pagerduty://ROUTING_KEY`, or `pagerduty+https://ROUTING_KEY@events.eu.pagerduty.com`."""

    name: str
    address: Address
    kind: str = "pagerduty"
    batch: int = 1

    def send(self, messages: Sequence[Message]) -> None:
        """POST /v2/enqueue."""
        for message in messages:
            post(self.address.at("/v2/enqueue"), payload(message, self.address.user))


def payload(message: Message, routing_key: str) -> dict[str, Any]:
    """The event. An escalation or a reminder triggers the same incident again."""
    action = {Event.ACKNOWLEDGE: "acknowledge", Event.RESOLVE: "resolve"}.get(message.event, "trigger")
    event = {"routing_key": routing_key, "event_action": action, "dedup_key": message.incident}
    if action != "trigger":
        return event
    alert = message.alert
    return {
        **event,
        "client": "spanledger",
        **_links(message),
        "payload": {
            "summary": message.headline[:MOST_SUMMARY],
            "severity": SEVERITIES[alert.severity],
            "source": "spanledger",
            "timestamp": (alert.fired_at or alert.since).isoformat(),
            "component": alert.labels.get("tenant", alert.rule),
            "class": alert.labels.get("kind", alert.rule),
            "custom_details": {**message.facts(), "summary": alert.text.summary, "key": message.key, **_card(message)},
        },
    }


def _links(message: Message) -> dict[str, Any]:
    """Where people go on. PagerDuty shows pictures that it can fetch over HTTPS."""
    if not message.link:
        return {}
    links = [{"href": message.link, "text": "Open"}, {"href": message.runbook, "text": "Runbook"}]
    found: dict[str, Any] = {"client_url": message.link, "links": links}
    picture = message.card.picture if message.card else ""
    if picture.startswith("https://"):
        found["images"] = [{"src": picture, "href": message.link, "alt": "Around the break"}]
    return found


def _card(message: Message) -> dict[str, str]:
    return {"card": message.card.text} if message.card else {}
