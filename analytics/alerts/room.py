"""Alerts as the API and the command line use them. It writes only what was asked for; evaluating makes it happen."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
from pydantic import TypeAdapter

from analytics.alerts.channels.catalogue import channels
from analytics.alerts.channels.contract import Refused
from analytics.alerts.life import Alert, Event, State, Text
from analytics.alerts.loop import utc_now
from analytics.alerts.message import Message
from analytics.alerts.rulebook import Rulebook
from analytics.alerts.rules import parse_rule
from analytics.alerts.times import iso
from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import BadRequest, NotFound
from spanledger.moments import as_parameter
from spanledger.settings import Settings

TIMES = frozenset(
    {"since", "fired_at", "acknowledged_at", "resolved_at", "notified_at", "changed_at", "at",
      "starts_at", "ends_at", "sent_at"}
)  # fmt: skip
MOST_HISTORY = 200
DURATIONS = frozenset({"renotify", "escalate_after", "window", "for"})
ISO_DURATION = TypeAdapter(timedelta)


class AlertRoom:
    """Alerts over one engine. Its answers are JSON: times are text in ISO 8601, UTC."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        nudge: Callable[[], None] = lambda: None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._engine, self._settings, self._nudge, self._clock = engine, settings, nudge, clock
        self._channels = channels(settings)

    def alerts(self, state: str, severity: str, rule: str, limit: int) -> list[dict[str, Any]]:
        """Those that pass a filter, what changed last first. The state `open` is all but resolved."""
        return self._records("alerts", alert_id="", state=state, severity=severity, rule=rule, limit=limit)

    def alert(self, alert_id: str) -> dict[str, Any]:
        """One, with its changes and what was tried to deliver them, newest first, and the card of its last page."""
        found = self._records("alerts", alert_id=alert_id, state="", severity="", rule="", limit=1)
        if not found:
            raise NotFound(f"There is no alert {alert_id}.")
        wanted = {"alert_id": alert_id, "limit": MOST_HISTORY}
        return found[0] | {
            "history": self._records("history", **wanted),
            "deliveries": self._records("deliveries", **wanted),
            "card": next((row["text"] for row in self._records("card", alert_id=alert_id)), ""),
        }

    def acknowledge(self, alert_id: str, by: str) -> dict[str, Any]:
        """Somebody has it; the alert. BadRequest when it doesn't fire."""
        alert = self.alert(alert_id)
        if alert["state"] == "acknowledged":
            return alert
        if alert["state"] != "firing":
            raise BadRequest(f"The alert {alert_id} is {alert['state']}; only one that fires can be acknowledged.")
        columns = ["alert_id", "episode", "asked_by", "at"]
        self._engine.insert("alert_asks", columns, [[alert_id, alert["episode"], by, self._clock()]])
        self._nudge()
        return self.alert(alert_id)

    def silences(self) -> list[dict[str, Any]]:
        """Those that are on or to come."""
        return self._records("silences_ahead", now=as_parameter(self._clock()))

    def silence(
        self, matchers: Mapping[str, str], until: datetime, by: str, comment: str, since: datetime | None = None
    ) -> dict[str, Any]:
        """Send nothing of what fits until then."""
        begin = _aware(since) if since else self._clock()
        if not matchers:
            raise BadRequest("A silence needs a matcher, such as tenant=acme; rule=* silences all.")
        if _aware(until) <= max(begin, self._clock()):
            raise BadRequest("The end of a silence lies ahead, and after its beginning.")
        row = {
            "silence_id": secrets.token_hex(6), "matchers": dict(matchers), "starts_at": as_parameter(begin),
            "ends_at": as_parameter(_aware(until)), "created_by": by, "comment": comment,
        }  # fmt: skip
        self._insert("alert_silences", row | {"version": self._version()})
        self._nudge()
        return _in_iso(row)

    def end_silence(self, silence_id: str) -> dict[str, Any]:
        """End one now."""
        now = as_parameter(self._clock())
        found = [row for row in self._records("silences_ahead", now=now) if row["silence_id"] == silence_id]
        if not found:
            raise NotFound(f"There is no silence {silence_id} that is on or to come.")
        starts = min(found[0]["starts_at"].replace("T", " ").rstrip("Z"), now)
        self._insert("alert_silences", found[0] | {"starts_at": starts, "ends_at": now, "version": self._version()})
        self._nudge()
        return found[0] | {"ends_at": iso(now)}

    def channels(self) -> list[dict[str, Any]]:
        """Those that the settings name, with how they are. Nothing of their addresses."""
        states = {row["channel"]: row for row in self._records("channels")}
        unknown = {"state": "ok", "error": "", "waiting": 0, "since": None, "sent_at": None}
        return [
            {"channel": name, "kind": channel.kind} | {key: states.get(name, unknown)[key] for key in unknown}
            for name, channel in self._channels.items()
        ]

    def test(self, name: str) -> dict[str, Any]:
        """Send a test page and its resolution at once; whether the channel took it, and why not."""
        if name not in self._channels:
            known = ", ".join(self._channels) or "none"
            raise NotFound(f"There is no channel {name!r}. Channels: {known}.")
        channel = self._channels[name]
        try:
            for message in _test_messages(self._clock(), self._settings.public_url):
                channel.send([message])
        except Refused as error:
            return {"channel": name, "kind": channel.kind, "ok": False, "error": str(error)}
        return {"channel": name, "kind": channel.kind, "ok": True, "error": ""}

    def rules(self) -> list[dict[str, Any]]:
        """Rules of the file and of the API, with how their last evaluation went."""
        own = [(row["name"], orjson.loads(row["rule"])) for row in self._records("own_rules")]
        current = Rulebook(self._settings.alert_rules_file, tuple(self._channels)).current(own)
        states = {row["rule"]: row for row in self._records("rule_states")}
        names = [*current.rules, *(name for name in current.problems if name not in current.rules)]
        of_api = {name for name, _ in own}
        rows = []
        for name in names:
            state = states.get(name, {"message": "", "groups": 0, "seconds": 0.0, "at": None})
            problem = current.problems.get(name) or state["message"]
            rule = current.rules.get(name)
            rows.append({
                "name": name, "source": "api" if name in of_api else "file", "state": "error" if problem else "ok",
                "message": problem, "groups": state["groups"], "seconds": state["seconds"], "at": state["at"],
                "rule": _shown(rule.model_dump(mode="json", by_alias=True)) if rule else None,
            })  # fmt: skip
        return rows

    def put_rule(self, name: str, given: Mapping[str, Any], by: str) -> dict[str, Any]:
        """Add a rule, or put it in the place of the one with its name."""
        rule = parse_rule({**given, "name": name})
        kept = rule.model_dump(mode="json", by_alias=True, exclude_unset=True) | {"type": rule.type}
        row = {"name": name, "rule": orjson.dumps(_shown(kept)).decode(), "changed_by": by, "gone": 0}
        self._insert("alert_rules", row | {"version": self._version()})
        return _shown(kept)

    def delete_rule(self, name: str) -> None:
        """Take a rule of the API away; its alerts resolve."""
        if name not in {row["name"] for row in self._records("own_rules")}:
            raise NotFound(f"There is no rule {name!r} that was given to the API.")
        row = {"name": name, "rule": "{}", "changed_by": "", "gone": 1, "version": self._version()}
        self._insert("alert_rules", row)

    def _version(self) -> int:
        return round(self._clock().timestamp() * 1e6)

    def _records(self, name: str, **values: Any) -> list[dict[str, Any]]:
        rows = self._engine.query(sql.read(Path(__file__).with_name(f"{name}.sql")), values).records()
        return [_in_iso(row) for row in rows]

    def _insert(self, table: str, row: Mapping[str, Any]) -> None:
        self._engine.insert_raw(table, orjson.dumps(row), "JSONEachRow", {})


def _in_iso(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: iso(value) if name in TIMES else value for name, value in row.items()}


def _shown(rule: dict[str, Any]) -> dict[str, Any]:
    """Durations as the rules file writes them."""
    return {name: _seconds(value) if name in DURATIONS else value for name, value in rule.items()}


def _seconds(value: object) -> object:
    """pydantic's ISO 8601 duration as `3600s`."""
    if not isinstance(value, str) or not value.startswith("P"):
        return value
    return f"{round(ISO_DURATION.validate_python(value).total_seconds())}s"


def _aware(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.utcoffset() is None else time


def _test_messages(now: datetime, public_url: str) -> list[Message]:
    text = Text("A test of this channel", "Somebody asked for it with `spanledger alerts test`. Nothing is wrong.")
    episode = int(now.timestamp())
    fires = Alert("test", "test", {"check": "test"}, "digest", State.FIRING, now, episode, fired_at=now, text=text)
    over = Alert(
        "test", "test", {"check": "test"}, "digest", State.RESOLVED, now, episode, now, resolved_at=now, text=text
    )
    link = f"{public_url.rstrip('/')}/alerts" if public_url else ""
    return [
        Message(Event.TRIGGER, fires, f"test:{episode}:trigger", now, link),
        Message(Event.RESOLVE, over, f"test:{episode}:resolve", now, link),
    ]
