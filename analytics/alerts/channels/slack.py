"""Slack, incoming webhooks. What comes twice is shown twice there: Slack has no key to know it by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analytics.alerts.channels.transport import Address, post
from analytics.alerts.message import Message

MOST_HEADER, MOST_SECTION = 150, 3000


@dataclass(frozen=True)
class Slack:
    """`slack+https://hooks.slack.com/services/T…/B…/…`."""

    name: str
    address: Address
    kind: str = "slack"
    batch: int = 1

    def send(self, messages: Sequence[Message]) -> None:
        """POST to the webhook."""
        for message in messages:
            post(self.address.url, payload(message))


def payload(message: Message) -> dict[str, Any]:
    """Blocks of plain text where strangers' words are; only the card is markdown, and it escapes itself."""
    facts = message.facts()
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(message.headline[:MOST_HEADER])}]
    lines = [message.alert.text.summary, *(f"{name}: {value}" for name, value in facts.items())]
    blocks.append({"type": "section", "text": _plain("\n".join(line for line in lines if line)[:MOST_SECTION] or "–")})
    if message.card:
        text = (message.card.markdown or escape(message.card.text))[:MOST_SECTION]
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}})
    if message.link:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": f"<{escape(message.link)}|Open>"}})
    return {"text": escape(message.headline), "blocks": blocks}


def escape(text: str) -> str:
    """The three characters that Slack reads: without them nothing mentions everybody or hides a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
