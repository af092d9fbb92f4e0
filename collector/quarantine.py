"""What the engine refused: kept as it came, listed in the table `rejected`, tried again on request. Never deleted here.

<data_dir>/quarantine/<spool id>-<signal>-<segment>[-<record>].otlp
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from collector.insert import insert
from collector.segment import fsync_folder
from collector.signals import SIGNALS, Signal
from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import QueryFailed

FOLDER = "quarantine"
LIST_SQL = Path(__file__).with_name("rejected.sql")
COLUMNS = ["id", "signal", "items", "bytes", "reason", "file", "state", "at"]


@dataclass(frozen=True)
class Rejected:
    """One request that the engine refused. `id` is also its deduplication token: a later try can't double it."""

    id: str
    signal: str
    items: int
    bytes: int
    reason: str
    file: str
    """Its name in the quarantine folder."""


class Quarantine:
    """The quarantine of a data directory."""

    def __init__(self, engine: Engine, data_dir: Path, clock: Callable[[], float]) -> None:
        self._engine = engine
        self._folder = data_dir / FOLDER
        self._clock = clock

    def keep(self, token: str, signal: Signal, items: int, body: bytes, reason: str) -> None:
        """Put a body away and list it; doing it twice for one token is the same as once."""
        name = f"{token.replace('/', '-')}.otlp"
        self._folder.mkdir(parents=True, exist_ok=True)
        fresh = self._folder / f"{name}.new"
        with fresh.open("wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._folder / name)
        fsync_folder(self._folder)
        self._list(Rejected(token, signal.name, items, len(body), reason, name), "quarantined")

    def rejected(self) -> list[Rejected]:
        """What lies in quarantine, oldest first."""
        return [Rejected(*row) for row in self._engine.rows(sql.read(LIST_SQL))]

    def retry(self) -> list[tuple[Rejected, str]]:
        """Try all again. Each with '' when it is stored now, else with the reason why not."""
        return [(entry, self._retry(entry)) for entry in self.rejected()]

    def _retry(self, entry: Rejected) -> str:
        path = self._folder / entry.file
        if not path.exists():
            return f"{path} is gone."
        try:
            insert(self._engine, SIGNALS[entry.signal], path, entry.id)
        except QueryFailed as error:
            return str(error)
        self._list(entry, "stored")
        path.unlink()
        return ""

    def _list(self, entry: Rejected, state: str) -> None:
        now = datetime.fromtimestamp(self._clock(), UTC)
        row = [entry.id, entry.signal, entry.items, entry.bytes, entry.reason, entry.file, state, now]
        self._engine.insert("rejected", COLUMNS, [row])
