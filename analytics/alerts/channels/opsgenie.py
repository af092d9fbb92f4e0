"""Opsgenie, Alert API: the episode is the alias, under which it is acknowledged and closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from analytics.alerts.channels.transport import Address, post
from analytics.alerts.life import Event
from analytics.alerts.message import Message

PRIORITIES = {"page": "P1", "ticket": "P3", "digest": "P5"}


@dataclass(frozen=True)
class Opsgenie:
    """`opsgenie://API_KEY`, or `opsgenie+https://API_KEY@api.eu.opsgenie.com`."""

    name: str
    address: Address
    kind: str = "opsgenie"
    batch: int = 1

    def send(self, messages: Sequence[Message]) -> None:
        """POST /v2/alerts, and its acknowledge and close."""
        headers = {"Authorization": f"GenieKey {self.address.user}"}
        for message in messages:
            path, body = request(message)
            post(self.address.at(path), body, headers)


def request(message: Message) -> tuple[str, dict[str, Any]]:
    """Path and body."""
    action = {Event.ACKNOWLEDGE: "acknowledge", Event.RESOLVE: "close"}.get(message.event)
    if action:
        alias = quote(message.incident, safe="")
        return f"/v2/alerts/{alias}/{action}?identifierType=alias", {"source": "spanledger", "note": message.headline}
    return "/v2/alerts", {
        "message": message.headline[:130],
        "alias": message.incident,
        "description": message.body()[:15_000],
        "priority": PRIORITIES[message.alert.severity],
        "source": "spanledger",
        "details": message.facts(),
    }
