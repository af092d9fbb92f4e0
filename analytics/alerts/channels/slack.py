"""Slack, incoming webhooks. What comes twice is shown twice there: Slack has no key to know it by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from analytics.alerts.channels.contract import Refused
from analytics.alerts.channels.transport import Address, post
from analytics.alerts.message import Message

MOST_HEADER, MOST_SECTION = 150, 3000
PICTURE = "Cost, hit rate and latency around the break"


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
            try:
                post(self.address.url, payload(message))
            except Refused as error:
                if not error.only_this or not (message.card and message.card.picture):
                    raise
                post(self.address.url, payload(without_picture(message)))  # Slack refuses what it can't fetch


def without_picture(message: Message) -> Message:
    """The same, its card without the address of a picture."""
    return replace(message, card=replace(message.card, picture="")) if message.card else message


def payload(message: Message) -> dict[str, Any]:
    """Blocks of plain text where strangers' words are; only the card is markdown, and it escapes itself."""
    facts = message.facts()
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(message.headline[:MOST_HEADER])}]
    lines = [message.alert.text.summary, *(f"{name}: {value}" for name, value in facts.items())]
    blocks.append({"type": "section", "text": _plain("\n".join(line for line in lines if line)[:MOST_SECTION] or "–")})
    if message.card:
        text = (message.card.markdown or escape(message.card.text))[:MOST_SECTION]
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}})
        if message.card.picture:
            blocks.append({"type": "image", "image_url": message.card.picture, "alt_text": PICTURE})
    links = {"Open": message.link, "Runbook": message.runbook if message.link else ""}
    if marked := " · ".join(f"<{escape(link)}|{name}>" for name, link in links.items() if link):
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": marked}})
    return {"text": escape(message.headline), "blocks": blocks}


def escape(text: str) -> str:
    """The three characters that Slack reads: without them nothing mentions everybody or hides a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}
