"""Microsoft Teams, a workflow's webhook: an adaptive card."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from analytics.alerts.channels.transport import Address, post
from analytics.alerts.message import Message


@dataclass(frozen=True)
class Teams:
    """`teams+https://…` of a workflow "when a webhook request is received"."""

    name: str
    address: Address
    kind: str = "teams"
    batch: int = 1

    def send(self, messages: Sequence[Message]) -> None:
        """POST to the workflow."""
        for message in messages:
            post(self.address.url, payload(message))


def payload(message: Message) -> dict[str, Any]:
    """Facts in a fact set. Runs of text are not read as markdown, so strangers' words stay words."""
    facts = [{"title": name, "value": _unmarked(value)} for name, value in message.facts().items()]
    body: list[dict[str, Any]] = [_run(message.headline, "Large"), _run(message.alert.text.summary or "–", "Default")]
    body.append({"type": "FactSet", "facts": facts})
    if message.card:
        body += [_run(line, "Default") for line in message.card.text.splitlines()[:40] if line]
        if message.card.picture:
            body.append({"type": "Image", "url": message.card.picture, "altText": "Around the break"})
    links = {"Open": message.link, "Runbook": message.runbook if message.link else ""}
    actions = [{"type": "Action.OpenUrl", "title": name, "url": link} for name, link in links.items() if link]
    content = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.4",
        "body": body, "actions": actions,
    }  # fmt: skip
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": content}
    return {"type": "message", "attachments": [attachment]}


def _run(text: str, size: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text, "size": size}]}


def _unmarked(text: str) -> str:
    """Facts are read as markdown: links and emphasis of strangers are taken apart."""
    return "".join(f"\\{character}" if character in "\\`*_[]()<>#!" else character for character in text)
