"""Alerts for commands: of the running service over HTTP, else on an engine opened here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from spanledger.cli import local
from spanledger.settings import Settings


class Room(Protocol):
    """What commands ask."""

    def alerts(self, state: str, severity: str, rule: str, limit: int) -> list[dict[str, Any]]:
        """Those that pass a filter."""

    def alert(self, alert_id: str) -> dict[str, Any]:
        """One."""

    def acknowledge(self, alert_id: str, by: str) -> dict[str, Any]:
        """Somebody has it."""

    def silence(self, matchers: Mapping[str, str], until: datetime, by: str, comment: str) -> dict[str, Any]:
        """Send nothing of what fits."""

    def test(self, name: str) -> dict[str, Any]:
        """Send a test to a channel."""


@contextmanager
def entered(settings: Settings) -> Iterator[Room]:
    """Wherever the data is."""
    if base := local.address(settings):
        yield Remote(settings, f"{base}/api/v1/alerts")
        return
    from analytics.alerts.room import AlertRoom  # noqa: PLC0415 - what other commands need not import

    with local.opened(settings) as engine:
        yield AlertRoom(engine, settings)


class Remote:
    """The service that owns the data."""

    def __init__(self, settings: Settings, base: str) -> None:
        self._settings = settings
        self._base = base

    def alerts(self, state: str, severity: str, rule: str, limit: int) -> list[dict[str, Any]]:
        """Those that pass a filter."""
        asked = urlencode({"state": state, "severity": severity, "rule": rule, "limit": limit})
        return list(self._ask("GET", f"?{asked}")["alerts"])

    def alert(self, alert_id: str) -> dict[str, Any]:
        """One."""
        return dict(self._ask("GET", f"/{quote(alert_id, safe='')}"))

    def acknowledge(self, alert_id: str, by: str) -> dict[str, Any]:
        """Somebody has it."""
        return dict(self._ask("POST", f"/{quote(alert_id, safe='')}/ack", {"by": by}))

    def silence(self, matchers: Mapping[str, str], until: datetime, by: str, comment: str) -> dict[str, Any]:
        """Send nothing of what fits."""
        body = {"matchers": dict(matchers), "until": until.isoformat(), "by": by, "comment": comment}
        return dict(self._ask("POST", "/silences", body))

    def test(self, name: str) -> dict[str, Any]:
        """Send a test to a channel."""
        return dict(self._ask("POST", f"/channels/{quote(name, safe='')}/test"))

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        return local.call(self._settings, method, self._base + path, body)
