"""What the engine keeps of alerts: changes with their messages, what was asked, what was delivered, silences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from analytics.alerts.life import Alert, Change, Event, Memory, State, Text
from analytics.alerts.times import from_engine
from spanledger import sql
from spanledger.engine import Engine
from spanledger.moments import as_parameter

ONE_PART = {
    "max_insert_block_size": 1_000_000,
    "min_insert_block_size_rows": 1_000_000,
    "input_format_parallel_parsing": 0,
}
"""An insert is one part: all of it is there, or nothing."""


@dataclass(frozen=True)
class Ask:
    """Somebody has it."""

    alert_id: str
    episode: int
    asked_by: str
    at: datetime


@dataclass(frozen=True)
class Silence:
    """A time in which nothing is sent of what fits."""

    silence_id: str
    matchers: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Owed:
    """A message that a channel has not taken yet."""

    change: Change
    channel: str
    at: datetime
    version: int


class Journal:
    """Reads and writes the tables of alerts. Only the process that evaluates writes changes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._version = 0

    def load(self) -> dict[str, Alert]:
        """The newest of each alert."""
        rows = self._records("load")
        self._version = max([self._version, *(int(row["version"]) for row in rows)])
        return {row["alert_id"]: _alert(row) for row in rows}

    def append(self, changes: Sequence[Change], at: datetime) -> list[Owed]:
        """Write changes down, all or none, and what must be sent for them. Nothing is sent before."""
        rows, owed = [], []
        for change in changes:
            self._version = max(self._version + 1, round(at.timestamp() * 1e6))
            rows.append(_row(change, at, self._version))
            owed += [Owed(change, channel, at, self._version) for channel in change.channels]
        self._insert("alert_changes", rows, ONE_PART)
        return owed

    def owed(self) -> list[Owed]:
        """All messages that no channel has taken, oldest first."""
        return [
            Owed(_change(row), row["channel"], _known(row["at"]), int(row["version"])) for row in self._records("owed")
        ]

    def delivered(self, messages: Iterable[tuple[Owed, int]], error: str, at: datetime) -> None:
        """Write down how an attempt went; '' when the channel has it."""
        outcome = "failed" if error else "sent"
        self._insert(
            "alert_deliveries",
            [
                {
                    "change_id": owed.change.change_id, "alert_id": owed.change.alert.alert_id, "channel": owed.channel,
                    "outcome": outcome, "attempt": attempt, "error": error, "at": as_parameter(at),
                }
                for owed, attempt in messages
            ],
        )  # fmt: skip

    def asks(self) -> list[Ask]:
        """Acknowledgements of alerts that are firing as far as the journal knows."""
        rows = self._records("asks")
        return [Ask(row["alert_id"], int(row["episode"]), row["asked_by"], _known(row["at"])) for row in rows]

    def silences(self, now: datetime) -> list[Silence]:
        """Those that are on."""
        rows = self._records("silences", now=as_parameter(now))
        return [
            Silence(row["silence_id"], row["matchers"], _known(row["starts_at"]), _known(row["ends_at"]))
            for row in rows
        ]

    def own_rules(self) -> list[tuple[str, dict[str, Any]]]:
        """Rules that were given to the API."""
        return [(row["name"], orjson.loads(row["rule"])) for row in self._records("own_rules")]

    def write_rule_states(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """How evaluations went."""
        self._insert("alert_rule_states", rows)

    def write_channels(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """How channels are."""
        self._insert("alert_channels", rows)

    def _records(self, name: str, **values: Any) -> list[dict[str, Any]]:
        return self._engine.query(sql.read(Path(__file__).with_name(f"{name}.sql")), values).records()

    def _insert(self, table: str, rows: Sequence[Mapping[str, Any]], settings: Mapping[str, Any] | None = None) -> None:
        if rows:
            body = b"\n".join(orjson.dumps(row) for row in rows)
            self._engine.insert_raw(table, body, "JSONEachRow", settings or {})


def _row(change: Change, at: datetime, version: int) -> dict[str, Any]:
    alert, memory = change.alert, change.alert.memory
    times = ("since", "fired_at", "acknowledged_at", "resolved_at", "notified_at")
    plain = ("alert_id", "rule", "severity", "state", "episode", "acknowledged_by", "flapping", "silenced_by")
    remembered = {
        "fires": [as_parameter(time) for time in memory.fires],
        "quiet_since": as_parameter(memory.quiet_since) if memory.quiet_since else None,
        "told": memory.told, "owed": memory.owed, "escalated": memory.escalated, "reminders": memory.reminders,
        "folded": memory.folded,
    }  # fmt: skip
    return {
        **{name: getattr(alert, name) for name in plain},
        **{name: as_parameter(time) if (time := getattr(alert, name)) else None for name in times},
        **asdict(alert.text),
        "labels": dict(alert.labels),
        "change_id": change.change_id,
        "event": change.event,
        "channels": change.channels,
        "at": as_parameter(at),
        "memory": orjson.dumps(remembered).decode(),
        "version": version,
    }


def _alert(row: Mapping[str, Any]) -> Alert:
    memory = orjson.loads(row["memory"])
    memory["fires"] = tuple(_known(time) for time in memory["fires"])
    memory["quiet_since"] = from_engine(memory["quiet_since"])
    memory["told"] = tuple(memory["told"])
    text = {name: row[name] for name in Text.__dataclass_fields__} | {"trace_ids": tuple(row["trace_ids"])}
    return Alert(
        row["alert_id"], row["rule"], row["labels"], row["severity"], State(row["state"]), _known(row["since"]),
        int(row["episode"]), from_engine(row["fired_at"]), from_engine(row["acknowledged_at"]), row["acknowledged_by"],
        from_engine(row["resolved_at"]), from_engine(row["notified_at"]), bool(row["flapping"]), row["silenced_by"],
        Text(**text), Memory(**memory),
    )  # fmt: skip


def _change(row: Mapping[str, Any]) -> Change:
    return Change(_alert(row), Event(row["event"]), tuple(row["channels"]))


def _known(text: str) -> datetime:
    time = from_engine(text)
    assert time  # noqa: S101 - the column is not nullable
    return time
