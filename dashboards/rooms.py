"""What pages are handed from rooms that they may not import: alerts, triage, and the mapping of a span."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol


class AlertsRoom(Protocol):
    """What alerts there are and what can be done; analytics implements it."""

    def alerts(self, state: str, severity: str, rule: str, limit: int) -> list[dict[str, Any]]:
        """Those that pass a filter."""

    def alert(self, alert_id: str) -> dict[str, Any]:
        """One, with its history."""

    def acknowledge(self, alert_id: str, by: str) -> dict[str, Any]:
        """Somebody has it."""

    def silences(self) -> list[dict[str, Any]]:
        """Those that are on or to come."""

    def silence(
        self, matchers: Mapping[str, str], until: datetime, by: str, comment: str, since: datetime | None = None
    ) -> dict[str, Any]:
        """Add one."""

    def end_silence(self, silence_id: str) -> dict[str, Any]:
        """End one."""

    def channels(self) -> list[dict[str, Any]]:
        """All, with how they are."""

    def test(self, name: str) -> dict[str, Any]:
        """Send a test."""

    def rules(self) -> list[dict[str, Any]]:
        """All, with how they are."""


class Triages(Protocol):
    """Which surface it is; analytics implements it."""

    def finding(self, finding_id: str) -> dict[str, Any]:
        """Of a finding, as `GET /api/v1/findings/{id}/triage` answers."""


Explain = Callable[[bytes], list[dict[str, Any]]]
"""From an OTLP request as JSON to its spans, each with `name`, `recognised`, `columns` (column, value, rule), `tokens`
and `flags`: `spanledger.mapping.explain` in an engine of its own."""


@dataclass(frozen=True)
class Rooms:
    """What a process has of them; a page whose room is missing is not there."""

    alerts: AlertsRoom | None = None
    explain: Explain | None = None
    triages: Triages | None = None
