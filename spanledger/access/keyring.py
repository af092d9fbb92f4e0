"""All keys that open, in this process: those of the settings, and those of the file that the engine process writes.

The receivers must check keys while the engine is away, and the engine's tables belong to another process. So the hashes
lie in `keys.json` of the data directory too, and are read again when that file changes.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from spanledger.access.keys import Key, bearer, digest, id_of
from spanledger.settings import KEYS_FILE, Settings

COMMAND_FILE, USES_FILE = "command.key", "keys-used.json"
UNKNOWN = Key("", "", "read", digest(b""), revoked=True)
"""Compared with when there is no key of that id, so that this takes as long."""


class KeyRing:
    """Finds the key of a header. Thread-safe."""

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._settled = [_of_setting(n, key.get_secret_value()) for n, key in enumerate(settings.api_keys, 1)]
        self._file = settings.data_dir / KEYS_FILE
        self._command = settings.data_dir / COMMAND_FILE
        self._lock = threading.Lock()
        self._seen: tuple[int, int] = (0, 0)
        self._stored: dict[str, Key] = {}
        self._uses: dict[str, float] = {}

    @property
    def empty(self) -> bool:
        """True when no key was ever made: then whoever is on this machine may do all. Revoking does not open again."""
        return not self._settled and not self._read()

    def find(self, authorization: bytes) -> Key | None:
        """The valid key that an Authorization header carries, or None."""
        return self.find_token(bearer(authorization))

    def find_token(self, token: bytes) -> Key | None:
        """The same for a key by itself."""
        stored = self._read().get(id_of(token), UNKNOWN)
        candidates = [stored, *self._settled, *self._of_commands()]
        matches = [key for key in candidates if key.is_of(token)]
        now = self._clock()
        found = next((key for key in matches if key.valid(now)), None)
        if found:
            self._uses[found.key_id] = now
        return found

    def by_id(self, key_id: str) -> Key | None:
        """The valid key of an id, for sessions that were opened with it."""
        keys = (*self._read().values(), *self._settled, *self._of_commands())
        found = next((key for key in keys if key.key_id == key_id), None)
        return found if found and found.valid(self._clock()) else None

    def take_uses(self) -> dict[str, float]:
        """When keys were used last since the last call, as Unix seconds by id."""
        uses, self._uses = self._uses, {}
        return uses

    def _read(self) -> dict[str, Key]:
        try:
            stat = self._file.stat()
        except FileNotFoundError:
            return self._stored
        seen = (stat.st_mtime_ns, stat.st_ino)
        with self._lock:
            if seen != self._seen:
                self._stored = {key.key_id: key for key in read_file(self._file)}
                self._seen = seen
            return self._stored

    def _of_commands(self) -> list[Key]:
        try:
            secret = self._command.read_bytes()
        except FileNotFoundError:
            return []
        return [Key("command", "command", "admin", digest(secret))]


def _of_setting(number: int, secret: str) -> Key:
    return Key(f"setting-{number}", f"key {number} of SPANLEDGER_API_KEYS", "admin", digest(secret.encode()))


def read_file(path: Path) -> list[Key]:
    """The keys in a file."""
    return [Key.from_json(body) for body in json.loads(path.read_bytes())["keys"]]


def write_file(path: Path, keys: Iterable[Key]) -> None:
    """Replace the file by these keys, if they are others; only this user may read it."""
    body = json.dumps({"keys": [key.as_json() for key in keys]}).encode()
    if not path.exists() or path.read_bytes() != body:
        write_secret(path, body)


def write_secret(path: Path, body: bytes) -> None:
    """Write a file that only this user may read, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}.{threading.get_ident()}")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


def read_uses(path: Path) -> dict[str, float]:
    """When keys were used last at the receivers, as Unix seconds by id."""
    try:
        return {str(key_id): float(at) for key_id, at in json.loads(path.read_bytes()).items()}
    except FileNotFoundError:
        return {}


def write_uses(path: Path, uses: Mapping[str, float]) -> None:
    """Replace that file."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(uses))
    new.replace(path)
