"""Sessions of the pages: a signed cookie that names a key, and the token that changes must carry beside it.

`<key id>.<expiry>.<nonce>.<signature>`, HMAC-SHA-256 with a secret in the data directory. A session ends with its key.
Sessions that were logged out of stand in a file beside the secret until they would have expired: a restart, or another
process over the same directory, does not let them in again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from spanledger.access.keyring import KeyRing, write_secret
from spanledger.access.keys import Key

SIGNED_WITH = "session.key"
"""File of the data directory."""
ENDED = "sessions-ended.json"
"""Another: nonces of sessions that were logged out of, and when they would have expired."""
COOKIE = "spanledger_session"
LIFE_SECONDS = 12 * 3600
"""A working day; then one logs in again."""
MOST_COOKIE = 400


@dataclass(frozen=True)
class Session:
    """One login."""

    key: Key
    expires_at: int
    """Unix seconds."""
    nonce: str

    @property
    def text(self) -> str:
        """What is signed."""
        return f"{self.key.key_id}.{self.expires_at}.{self.nonce}"


class Sessions:
    """Opens, reads and ends sessions. Thread-safe."""

    def __init__(self, data_dir: Path, ring: KeyRing, clock: Callable[[], float] = time.time) -> None:
        self._path = data_dir / SIGNED_WITH
        self._ring = ring
        self._clock = clock
        self._secret = b""
        self._ended_path = data_dir / ENDED
        self._lock = threading.Lock()
        self._seen = (0, 0)
        self._ended: dict[str, int] = {}

    def open(self, key: Key) -> str:
        """The cookie of a new session."""
        session = Session(key, int(self._clock()) + LIFE_SECONDS, secrets.token_hex(16))
        return f"{session.text}.{self._sign('session', session)}"

    def read(self, cookie: str) -> Session | None:
        """The session of a cookie, or None when it is forged, expired, ended, or of a key that does not open."""
        parts = cookie.split(".")
        if len(parts) != 4 or not parts[1].isdecimal() or len(cookie) > MOST_COOKIE:
            return None
        key = self._ring.by_id(parts[0])
        if key is None:
            return None
        session = Session(key, int(parts[1]), parts[2])
        if not hmac.compare_digest(parts[3].encode(), self._sign("session", session).encode()):
            return None
        return session if self._clock() < session.expires_at and session.nonce not in self._logged_out() else None

    def end(self, session: Session) -> None:
        """Its cookie opens nothing any more."""
        ended, now = self._logged_out(), self._clock()
        with self._lock:
            kept = {nonce: until for nonce, until in {**ended, **self._ended}.items() if until > now}
            self._ended = kept | {session.nonce: session.expires_at}
            write_secret(self._ended_path, json.dumps(self._ended).encode())

    def _logged_out(self) -> dict[str, int]:
        """As the file says, which is read again when it has changed."""
        try:
            stat = self._ended_path.stat()
        except FileNotFoundError:
            return self._ended
        seen = (stat.st_mtime_ns, stat.st_ino)
        with self._lock:
            if seen != self._seen:
                self._ended = json.loads(self._ended_path.read_bytes())
                self._seen = seen
            return self._ended

    def csrf(self, session: Session) -> str:
        """What changes of this session must carry."""
        return self._sign("csrf", session)

    def _sign(self, purpose: str, session: Session) -> str:
        """With the key's hash in it: another key under the same id is another key."""
        text = f"{purpose}:{session.text}:{session.key.sha256}"
        return hmac.new(self._key(), text.encode(), hashlib.sha256).hexdigest()

    def _key(self) -> bytes:
        """Made at the first login and kept, so that sessions outlive a restart."""
        if not self._secret:
            if not self._path.exists():
                write_secret(self._path, secrets.token_bytes(32))
            self._secret = self._path.read_bytes()
        return self._secret
