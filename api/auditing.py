"""Notes who asked for a change, a query or an export, with the beginning of what was sent and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.types import Message, Receive, Scope, Send

from api.permissions import changes
from spanledger.access.audit import MOST_DETAILS, AuditLog, Entry
from spanledger.access.viewer import Viewer


@dataclass(frozen=True)
class Witness:
    """Writes down one request."""

    log: AuditLog
    viewer: Viewer
    address: str
    """Of the client."""

    def beside(self, scope: Scope, receive: Receive, send: Send) -> tuple[Receive, Send]:
        """`receive` and `send` that keep what the entry needs. A change is written before its answer goes out."""
        sent = bytearray(scope.get("query_string", b""))

        async def heard() -> Message:
            message = await receive()
            sent.extend(message.get("body", b"")[: max(0, MOST_DETAILS * 4 - len(sent))])
            return message

        async def told(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.log.note(self._entry(scope, message["status"], bytes(sent)))
                if changes(scope["method"], scope["path"]):
                    await run_in_threadpool(self.log.flush)
            await send(message)

        return heard, told

    def _entry(self, scope: Scope, status: int, sent: bytes) -> Entry:
        return Entry(
            at=datetime.now(UTC),
            actor=self.viewer.name,
            key_id=self.viewer.key.key_id if self.viewer.key else "",
            role=self.viewer.role,
            address=self.address,
            action=scope["method"],
            subject=scope["path"][:MOST_DETAILS],
            status=status,
            details=sent.decode(errors="replace")[:MOST_DETAILS],
        )
