"""Prometheus Alertmanager, API v2. It forgets what is not said again, so alerts that fire are repeated each minute."""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from analytics.alerts.channels.transport import Address, post
from analytics.alerts.life import Event
from analytics.alerts.message import Message

GOOD_FOR = timedelta(minutes=15)
"""An alert that is not said again for so long ends there: longer than a restart of ours."""
MOST_VALUE = 4000


@dataclass(frozen=True)
class Alertmanager:
    """`alertmanager+http://[user:password@]host:9093/`."""

    name: str
    address: Address
    kind: str = "alertmanager"
    batch: int = 500

    def send(self, messages: Sequence[Message]) -> None:
        """POST /api/v2/alerts."""
        headers = {}
        if self.address.user:
            pair = f"{self.address.user}:{self.address.password}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        post(self.address.at("/api/v2/alerts"), [payload(message) for message in messages], headers)


def payload(message: Message) -> dict[str, Any]:
    """An alert as Prometheus would say it. Labels are its identity, so what changes is in the annotations."""
    alert = message.alert
    labels = {_name(name): value for name, value in alert.labels.items() if value}
    labels |= {"alertname": alert.rule, "severity": alert.severity, "alert_id": alert.alert_id}
    now = datetime.now(UTC)
    over = message.event is Event.RESOLVE and alert.resolved_at
    ends = min(alert.resolved_at or now, now) if over else now + GOOD_FOR
    annotations = {
        "summary": message.headline,
        "description": message.body()[:MOST_VALUE],
        "runbook_url": message.runbook if message.link else "",
        "picture": message.card.picture if message.card else "",
    }
    return {
        "labels": labels,
        "annotations": {name: value for name, value in annotations.items() if value},
        "startsAt": _rfc3339(min(alert.fired_at or alert.since, ends)),
        "endsAt": _rfc3339(ends),
        **({"generatorURL": message.link} if message.link else {}),
    }


def _name(name: str) -> str:
    """A label's name as Prometheus allows it."""
    clean = re.sub(r"[^a-zA-Z0-9_]", "_", name)[:100]
    return clean if re.match(r"[a-zA-Z_]", clean) else f"_{clean}"


def _rfc3339(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
