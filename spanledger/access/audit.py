"""The log of who did what: kept in memory for a second at most, then in the table `audit_log`."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spanledger import sql
from spanledger.access.scope import lifted
from spanledger.engine import Engine
from spanledger.errors import SpanledgerError

logger = logging.getLogger(__name__)

LIST = Path(__file__).with_name("audit.sql")
MOST_WAITING = 10_000
"""Entries kept while the engine is away; more go to the log of the process alone."""
MOST_DETAILS = 2000
"""Characters kept of what was sent."""


@dataclass(frozen=True)
class Entry:
    """Somebody did something."""

    at: datetime
    actor: str
    key_id: str
    role: str
    address: str
    action: str
    subject: str
    status: int
    details: str = ""


class AuditLog:
    """Collects entries and writes them. Thread-safe."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: list[Entry] = []
        self._lock = threading.Lock()

    def note(self, entry: Entry) -> None:
        """Keep an entry; the next `flush` writes it."""
        with self._lock:
            if len(self._waiting) < MOST_WAITING:
                self._waiting.append(entry)
                return
        logger.error("The audit log can't be written; %s %s by %s.", entry.action, entry.subject, entry.actor)

    def flush(self) -> None:
        """Write what waits. While the engine is away it goes on waiting."""
        with self._lock:
            entries, self._waiting = self._waiting, []
        if not entries:
            return
        names = [field.name for field in fields(Entry)]
        try:
            with lifted():
                self._engine.insert("audit_log", names, [list(astuple(entry)) for entry in entries])
        except SpanledgerError as error:
            logger.error("The audit log can't be written now: %s", error)  # noqa: TRY400 - no news in the traceback
            with self._lock:
                self._waiting = [*entries, *self._waiting][:MOST_WAITING]

    def read(self, actor: str, action: str, since: datetime, limit: int) -> list[dict[str, Any]]:
        """The last entries that pass, newest first; an empty text passes all."""
        self.flush()
        begin = since.replace(tzinfo=UTC) if since.utcoffset() is None else since.astimezone(UTC)
        wanted = {"actor": actor, "action": action, "since": f"{begin:%Y-%m-%d %H:%M:%S}", "limit": limit}
        with lifted():
            rows = self._engine.query(sql.read(LIST), wanted).records()
        return [row | {"at": f"{row['at'].replace(' ', 'T')}Z"} for row in rows]


def of_command(actor: str, subject: Sequence[str]) -> Entry:
    """The entry of a command that opened the engine itself."""
    return Entry(datetime.now(UTC), actor, "", "admin", "", "command", " ".join(subject), 0)
