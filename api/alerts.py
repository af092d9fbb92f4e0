"""Alerts: the list, one with its history, acknowledging, silences, channels and rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

import dashboards
from spanledger.access.viewer import viewer

AlertId = Annotated[str, InPath(pattern="^[0-9a-f]{16}$")]
Name = Annotated[str, InPath(min_length=1, max_length=100)]


class AlertsRoom(dashboards.AlertsRoom, Protocol):
    """What pages can do with alerts, and changing rules; analytics implements it."""

    def put_rule(self, name: str, given: Mapping[str, Any], by: str) -> dict[str, Any]:
        """Add or change one."""

    def delete_rule(self, name: str) -> None:
        """Take one away."""


class Filter(BaseModel):
    """Which alerts; what is left out passes all."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["", "open", "pending", "firing", "acknowledged", "resolved"] = ""
    severity: Literal["", "page", "ticket", "digest"] = ""
    rule: str = Field("", max_length=100)
    limit: int = Field(100, ge=1, le=10_000)


class Acknowledgement(BaseModel):
    """Who has it."""

    model_config = ConfigDict(extra="forbid")

    by: str = Field("", max_length=100)


class Silence(BaseModel):
    """Nothing is sent of what fits, from now or `from` until `until`."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    matchers: dict[str, Annotated[str, Field(max_length=200)]] = Field(
        min_length=1, max_length=20, examples=[{"tenant": "acme", "rule": "cost*"}]
    )
    until: datetime
    since: datetime | None = Field(None, alias="from")
    by: str = Field("", max_length=100)
    comment: str = Field("", max_length=1000)


class AlertList(BaseModel):
    """Alerts, what changed last first."""

    alerts: list[dict[str, Any]]


class SilenceList(BaseModel):
    """Silences that are on or to come."""

    silences: list[dict[str, Any]]


class ChannelList(BaseModel):
    """Channels, without their addresses."""

    channels: list[dict[str, Any]]


class RuleList(BaseModel):
    """Rules in force, and those that can't be."""

    rules: Sequence[dict[str, Any]]


def router(room: AlertsRoom) -> APIRouter:
    """The routes over the alerts."""
    routes = APIRouter(prefix="/api/v1/alerts", tags=["alerts"])

    @routes.get("")
    def alerts(asked: Annotated[Filter, Query()]) -> AlertList:
        """Alerts, what changed last first."""
        return AlertList(alerts=room.alerts(asked.state, asked.severity, asked.rule, asked.limit))

    _add_silences(routes, room)
    _add_channels(routes, room)
    _add_rules(routes, room)

    @routes.get("/{alert_id}")
    def alert(alert_id: AlertId) -> dict[str, Any]:
        """One alert with its `history` and `deliveries`, newest first."""
        return room.alert(alert_id)

    @routes.post("/{alert_id}/ack")
    def acknowledge(alert_id: AlertId, who: Acknowledgement | None = None) -> dict[str, Any]:
        """Acknowledge an alert that fires: no reminders and no escalation any more."""
        return room.acknowledge(alert_id, (who.by if who else "") or viewer().name)

    return routes


def _add_silences(routes: APIRouter, room: AlertsRoom) -> None:
    @routes.get("/silences")
    def silences() -> SilenceList:
        """Silences that are on or to come."""
        return SilenceList(silences=room.silences())

    @routes.post("/silences", status_code=201)
    def silence(asked: Silence) -> dict[str, Any]:
        """Add a silence. Alerts live on meanwhile; what still fires at its end is sent then."""
        return room.silence(asked.matchers, asked.until, asked.by or viewer().name, asked.comment, asked.since)

    @routes.delete("/silences/{silence_id}")
    def end_silence(silence_id: Name) -> dict[str, Any]:
        """End a silence now."""
        return room.end_silence(silence_id)


def _add_channels(routes: APIRouter, room: AlertsRoom) -> None:
    @routes.get("/channels")
    def channels() -> ChannelList:
        """Channels and how they are."""
        return ChannelList(channels=room.channels())

    @routes.post("/channels/{name}/test")
    def test(name: Name) -> dict[str, Any]:
        """Send a test page and its resolution; `ok` says whether the channel took both."""
        return room.test(name)


def _add_rules(routes: APIRouter, room: AlertsRoom) -> None:
    @routes.get("/rules")
    def rules() -> RuleList:
        """Rules of the file and of this API, with how their last evaluation went."""
        return RuleList(rules=room.rules())

    @routes.put("/rules/{name}")
    def put_rule(name: Name, given: dict[str, Any]) -> dict[str, Any]:
        """Add a rule, or change it: an object with the words of the rules file. One of the file with this name wins."""
        return room.put_rule(name, given, "")

    @routes.delete("/rules/{name}", status_code=204)
    def delete_rule(name: Name) -> None:
        """Take a rule of this API away; its alerts resolve."""
        room.delete_rule(name)
