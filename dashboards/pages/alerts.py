"""Alerts: what fires, who has it, what is silenced, whether rules and channels work; one alert with its history."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter

from dashboards.asked import Asked
from dashboards.forms import Fields, add_form
from dashboards.page import NotThere, Page
from dashboards.rooms import AlertsRoom
from spanledger import sql
from spanledger.access import of_request
from spanledger.access.viewer import viewer
from spanledger.engine import Engine
from spanledger.errors import BadRequest, NotFound
from spanledger.figures import plural

CHANGES = Path(__file__).parent.parent / "queries" / "alert_changes.sql"
MOST = 200
MOST_RESOLVED = 50
ALERT_ID = re.compile(r"^[0-9a-f]{16}$")
LENGTHS = {"1h": timedelta(hours=1), "4h": timedelta(hours=4), "1d": timedelta(days=1), "7d": timedelta(days=7)}
"""How long a silence may be asked for."""
LONGEST_PATTERN = 180
SAID = {"acknowledged": "Acknowledged: no reminders and no escalation any more.", "silenced": "The silence is on.",
    "ended": "The silence has ended.", "tested": "The channel took the test and its resolution."}  # fmt: skip
"""What was done, by the parameter `done` with which a form leads back."""
SHEET = ("alert_id", "state", "severity", "rule", "title", "since", "fired_at", "acknowledged_by", "value", "cost_usd",
    "finding_id")  # fmt: skip


@dataclass(frozen=True)
class AlertsView:
    """What alerts.html is given."""

    title: str
    question: str
    done: str
    """What a form has done, in words, or ''."""
    open: list[dict[str, Any]]
    """Those that fire or are acknowledged, with `matchers`, then those that are pending."""
    resolved: list[dict[str, Any]]
    silences: list[dict[str, Any]]
    channels: list[dict[str, Any]]
    rules: list[dict[str, Any]]
    changes: list[dict[str, Any]]
    lengths: list[str]
    whole: bool
    """False for a key of some tenants, which is not told of rules and channels: they may name any tenant."""


@dataclass(frozen=True)
class AlertView:
    """What alert.html is given."""

    title: str
    question: str
    alert: dict[str, Any]
    """With `matchers`, `history` and `deliveries`."""
    lengths: list[str]


def pages(engine: Engine, room: AlertsRoom) -> list[Page]:
    """The list, and one alert."""

    def all_of_them(asked: Asked, _path: dict[str, str]) -> AlertsView:
        return read(engine, room, asked)

    def one(_asked: Asked, path: dict[str, str]) -> AlertView:
        return read_one(room, path["alert_id"])

    return [
        Page("/alerts", "alerts.html", all_of_them, rows=sheet, default_range="7d", nav="Alerts"),
        Page("/alerts/{alert_id}", "alert.html", one, nav="Alerts"),
    ]


def _who(given: Fields) -> str:
    """Who has logged in; where nobody has to, what the form says."""
    return viewer().name or given.get("by", "")[:100]


def add_forms(routes: APIRouter, room: AlertsRoom) -> None:
    """Acknowledge, silence, end a silence, test a channel."""

    def acknowledge(given: Fields, path: dict[str, str]) -> str:
        room.acknowledge(path["alert_id"], _who(given) or "somebody on the pages")
        return "/alerts?done=acknowledged"

    def silence(given: Fields, _path: dict[str, str]) -> str:
        length = LENGTHS.get(given.get("for", ""))
        if length is None:
            raise BadRequest(f"A silence is for {', '.join(LENGTHS)}.")
        until = datetime.now(UTC) + length
        room.silence(matchers(given.get("matchers", "")), until, _who(given), given.get("comment", "")[:1000])
        return "/alerts?done=silenced#silences"

    def end(_given: Fields, path: dict[str, str]) -> str:
        room.end_silence(path["silence_id"])
        return "/alerts?done=ended#silences"

    def test(_given: Fields, path: dict[str, str]) -> str:
        told = room.test(path["name"])
        if not told["ok"]:
            raise BadRequest(f"The channel {path['name'][:100]} did not take the test: {told['error']}")
        return "/alerts?done=tested#channels"

    add_form(routes, "/alerts/silences", silence)
    add_form(routes, "/alerts/silences/{silence_id}/end", end)
    add_form(routes, "/alerts/channels/{name}/test", test)
    add_form(routes, "/alerts/{alert_id}/acknowledge", acknowledge)


def read(engine: Engine, room: AlertsRoom, asked: Asked) -> AlertsView:
    """All that is on, and what happened in the range."""
    found = [_with_matchers(alert) for alert in room.alerts("open", "", "", MOST)]
    order = ("firing", "acknowledged", "pending")
    found.sort(key=lambda alert: (order.index(alert["state"]), ("page", "ticket", "digest").index(alert["severity"])))
    whole = of_request() is None
    channels, rules = (room.channels(), room.rules()) if whole else ([], [])
    return AlertsView(
        title=_title(found, channels, rules, whole=whole),
        question="What fires, and who has it?",
        done=SAID.get(asked.value("done"), ""),
        open=found,
        resolved=room.alerts("resolved", "", "", MOST_RESOLVED),
        silences=room.silences(),
        channels=[channel | {"path": quote(channel["channel"], safe="")} for channel in channels],
        rules=rules,
        changes=engine.query_guarded(sql.read(CHANGES), asked.parameters()).records(),
        lengths=list(LENGTHS),
        whole=whole,
    )


def read_one(room: AlertsRoom, alert_id: str) -> AlertView:
    """One alert; NotThere when there is none."""
    if not ALERT_ID.match(alert_id):
        raise NotThere("The id of an alert has 16 hexadecimal digits.")
    try:
        alert = _with_matchers(room.alert(alert_id))
    except NotFound as error:
        raise NotThere(str(error)) from error
    return AlertView(
        alert["title"] or alert["rule"], f"{alert['severity']} of the rule {alert['rule']}", alert, list(LENGTHS)
    )


def matchers(text: str) -> dict[str, str]:
    """`name=pattern` a line; BadRequest for a line that is none."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, sign, pattern = line.partition("=")
        if not sign or not name.strip() or len(pattern) > 200:
            raise BadRequest(f"{line[:80]!r} is no matcher. Write one name=pattern a line, as in tenant=acme*.")
        found[name.strip()] = pattern.strip()
    return found


def as_pattern(value: str) -> str:
    """A pattern that fits this value: what a line of a form can't hold becomes *."""
    kept = (value[:LONGEST_PATTERN].splitlines() or [""])[0].strip().lstrip("!")
    return kept if kept == value else f"*{kept}*"


def _with_matchers(alert: Mapping[str, Any]) -> dict[str, Any]:
    labels = {"rule": alert["rule"], **alert["labels"]}
    return {**alert, "matchers": "\n".join(f"{name}={as_pattern(value)}" for name, value in labels.items())}


def _title(
    found: list[dict[str, Any]], channels: list[dict[str, Any]], rules: list[dict[str, Any]], *, whole: bool
) -> str:
    states = [alert["state"] for alert in found]
    firing, held = states.count("firing"), states.count("acknowledged")
    bad = sum(channel["state"] != "ok" for channel in channels) + sum(rule["state"] != "ok" for rule in rules)
    parts = [
        f"{plural(firing, 'alert')} {'fires' if firing == 1 else 'fire'}" if firing else "Nothing fires",
        f"{held} acknowledged" if held else "",
        f"{bad} of rules and channels with a fault" if bad else "",
        "no channel is set" if whole and not channels else "",
    ]
    return ", ".join(part for part in parts if part)


def sheet(view: AlertsView) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    """What is on, and the newest that is over, for CSV."""
    return SHEET, [[alert[name] for name in SHEET] for alert in (*view.open, *view.resolved)]
