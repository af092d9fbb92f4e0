"""The one alert that can't be in the engine: that the engine fails. Its outbox is a file in the data directory."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from analytics.alerts.evaluate import alert_id
from analytics.alerts.journal import Owed
from analytics.alerts.life import Alert, Change, Event, State, Text
from analytics.alerts.message import OWN_RULE
from analytics.alerts.times import from_engine
from spanledger.moments import as_parameter

FILE = "alerts-engine.json"
LABELS = {"check": "engine"}
RULE = OWN_RULE
ENGINE_ALERT = alert_id(RULE, LABELS)
PATIENCE = timedelta(seconds=90)
"""A restart of a server is no page."""


class Emergency:
    """Says that the engine fails, and when it works again, over restarts."""

    def __init__(self, data_dir: Path, channels: Sequence[str]) -> None:
        self._path = data_dir / FILE
        self._channels = tuple(channels)
        self._failing_since: datetime | None = None
        self._lock = threading.Lock()
        self._state: dict[str, Any] = self._read()

    def waiting(self) -> list[Owed]:
        """Messages that were written down and not taken, for a start."""
        return [
            self._owed(entry, channel)
            for entry in self._state["messages"]
            for channel in entry["channels"]
            if channel in self._channels
        ]

    def failed(self, problem: str, now: datetime) -> list[Owed]:
        """The engine did not work; what to send for it."""
        with self._lock:
            self._failing_since = self._failing_since or now
            if self._state["firing"] or now - self._failing_since < PATIENCE:
                return []
            self._state["episode"] += 1
            self._state |= {"firing": True, "since": as_parameter(self._failing_since), "problem": problem[:300]}
            return self._say(Event.TRIGGER, now)

    def works(self, now: datetime) -> list[Owed]:
        """The engine works; what to send for it."""
        with self._lock:
            self._failing_since = None
            if not self._state["firing"]:
                return []
            self._state["firing"] = False
            return self._say(Event.RESOLVE, now)

    def taken(self, owed: Owed) -> None:
        """A channel has a message."""
        with self._lock:
            for entry in self._state["messages"]:
                if entry["event"] == owed.change.event and entry["episode"] == owed.change.alert.episode:
                    entry["channels"] = [name for name in entry["channels"] if name != owed.channel]
            self._state["messages"] = [entry for entry in self._state["messages"] if entry["channels"]]
            self._write()

    def _say(self, event: Event, now: datetime) -> list[Owed]:
        entry = {
            "event": str(event), "episode": self._state["episode"], "at": as_parameter(now),
            "since": self._state["since"], "problem": self._state["problem"], "channels": list(self._channels),
        }  # fmt: skip
        self._state["messages"].append(entry)
        self._write()
        return [self._owed(entry, channel) for channel in self._channels]

    def _owed(self, entry: dict[str, Any], channel: str) -> Owed:
        event, at, since = Event(entry["event"]), from_engine(entry["at"]), from_engine(entry["since"])
        assert at and since  # noqa: S101 - we wrote them
        over = event is Event.RESOLVE
        alert = Alert(
            ENGINE_ALERT, RULE, LABELS, "page", State.RESOLVED if over else State.FIRING, since, entry["episode"],
            fired_at=since, resolved_at=at if over else None,
            text=Text("spanledger: its engine fails", f"Nothing can be evaluated or stored: {entry['problem']}"),
        )  # fmt: skip
        return Owed(Change(alert, event, self._channels), channel, at, 0)

    def _read(self) -> dict[str, Any]:
        empty: dict[str, Any] = {"firing": False, "episode": 0, "since": "", "problem": "", "messages": []}
        try:
            return empty | dict(json.loads(self._path.read_bytes()))
        except (OSError, ValueError):
            return empty

    def _write(self) -> None:
        """Whole or not at all; on a disk that refuses, alerts go out nevertheless."""
        draft = self._path.with_suffix(".new")
        try:
            with draft.open("w") as file:
                json.dump(self._state, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._path)
        except OSError:
            return
