"""A webhook of one's own: JSON, signed with HMAC-SHA256 over the time and the body."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from analytics.alerts.channels.transport import Address, post
from analytics.alerts.message import Message


@dataclass(frozen=True)
class Webhook:
    """`webhook+https://SECRET@host/path`."""

    name: str
    address: Address
    kind: str = "webhook"
    batch: int = 1

    def send(self, messages: Sequence[Message]) -> None:
        """POST, signed."""
        for message in messages:
            body, stamp = orjson.dumps(payload(message)), str(int(time.time()))
            headers = {
                "Idempotency-Key": message.key,
                "X-Spanledger-Timestamp": stamp,
                "X-Spanledger-Signature": f"v1={signature(self.address.user, stamp, body)}",
            }
            post(self.address.url, body, headers)


def signature(secret: str, stamp: str, body: bytes) -> str:
    """Hex of HMAC-SHA256 over `time.body`. A receiver refuses times that are old, so nothing can be played again."""
    return hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def payload(message: Message) -> dict[str, Any]:
    """All that is known."""
    alert, text = message.alert, message.alert.text
    times = ("since", "fired_at", "acknowledged_at", "resolved_at")
    return {
        "key": message.key,
        "incident": message.incident,
        "event": message.event,
        "headline": message.headline,
        "link": message.link,
        "card": message.card.text if message.card else "",
        "picture": message.card.picture if message.card else "",
        "runbook": message.runbook,
        "alert": {
            "alert_id": alert.alert_id, "rule": alert.rule, "labels": dict(alert.labels), "severity": alert.severity,
            "state": alert.state, "episode": alert.episode, "flapping": alert.flapping, "no_data": text.no_data,
            "acknowledged_by": alert.acknowledged_by, **{name: getattr(alert, name) for name in times},
            "value": text.value, "title": text.title, "summary": text.summary, "cost_usd": text.cost_usd,
            "energy_kwh": text.energy_kwh, "tenants_hit": text.tenants_hit, "trace_ids": text.trace_ids,
            "finding_id": text.finding_id,
        },
    }  # fmt: skip
