"""All of access in one process: what is asked on each request, and what is done beside it every few seconds."""

from __future__ import annotations

import logging
import threading

from spanledger.access.audit import AuditLog
from spanledger.access.keyring import KeyRing
from spanledger.access.sessions import Sessions
from spanledger.access.store import KeyStore
from spanledger.engine import Engine
from spanledger.errors import SpanledgerError
from spanledger.settings import Settings

logger = logging.getLogger(__name__)

AUDIT_SECONDS = 1.0
KEYS_EVERY = 5
"""Rounds after which keys are looked at again: another process may have made or revoked one."""
USES_EVERY = 60
"""Rounds after which it is written down when keys were used."""


class Office:
    """Keys, sessions and the audit log over one engine."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self.ring = KeyRing(settings)
        self.store = KeyStore(engine, settings.data_dir)
        self.sessions = Sessions(settings.data_dir, self.ring)
        self.audit = AuditLog(engine)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="access", daemon=True)

    def start(self) -> None:
        """Publish the keys and a key for commands, then keep all that up to date in a thread."""
        self.store.publish()
        self.store.renew_command_key()
        self._thread.start()

    def stop(self) -> None:
        """Write down what is left."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        self.upkeep(0)

    def upkeep(self, turn: int) -> None:
        """One round; turn 0 does all of it. An engine that is away is asked again in the next one."""
        try:
            self.audit.flush()
            if turn % KEYS_EVERY == 0:
                self.store.publish()
            if turn % USES_EVERY == 0:
                self.store.note_uses(self.ring)
        except (SpanledgerError, OSError) as error:
            logger.warning("Keys and their uses will be looked at again: %s", error)

    def _run(self) -> None:
        turn = 1
        while not self._stop.wait(AUDIT_SECONDS):
            self.upkeep(turn)
            turn += 1
