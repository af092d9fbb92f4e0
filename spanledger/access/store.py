"""Keys in the engine's tables, and their copy beside the spool. The tables count; several processes may change them."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from spanledger import sql
from spanledger.access.keyring import COMMAND_FILE, USES_FILE, KeyRing, read_uses, write_file, write_secret
from spanledger.access.keys import ROLES, Key, Role, digest, make_token, unix
from spanledger.access.scope import lifted
from spanledger.engine import Engine
from spanledger.errors import BadRequest, NotFound
from spanledger.settings import KEYS_FILE

KEYS = Path(__file__).with_name("keys.sql")
COLUMNS = (
    "key_id", "name", "role", "tenants", "sha256", "created_at", "created_by", "expires_at", "revoked_at", "version",
)  # fmt: skip
SHOWN = ("key_id", "name", "role", "tenants", "created_at", "created_by", "expires_at", "revoked_at", "used_at")
"""What lists tell of a key."""


class KeyStore:
    """Makes, lists and revokes keys."""

    def __init__(self, engine: Engine, data_dir: Path, clock: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._clock = clock
        self._noted: dict[str, float] = {}

    def create(
        self, name: str, role: str, tenants: Sequence[str] = (), expires_at: datetime | None = None, by: str = ""
    ) -> dict[str, Any]:
        """Make a key: what lists show of it, and `key`, which is told only here."""
        self._check(name, role, tenants, expires_at)
        key_id, token = make_token()
        row = {
            "key_id": key_id, "name": name, "role": role, "tenants": sorted(set(tenants)),
            "sha256": digest(token.encode()), "created_at": _utc(self._clock()), "created_by": by,
            "expires_at": _utc(unix(expires_at)), "revoked_at": None,
        }  # fmt: skip
        self._write(row)
        return {**self._shown(key_id), "key": token}

    def shown(self) -> list[dict[str, Any]]:
        """All keys, the newest first; times as ISO 8601 has them."""
        return [
            {name: _iso(row[name]) if name.endswith("_at") else row[name] for name in SHOWN} for row in self._rows()
        ]

    def revoke(self, key_id: str) -> dict[str, Any]:
        """Close a key for ever; NotFound when there is none of that id. A second call changes nothing."""
        row = next((row for row in self._rows() if row["key_id"] == key_id), None)
        if row is None:
            raise NotFound(f"There is no key {key_id!r}; `spanledger keys list` shows them.")
        if row["revoked_at"] is None:
            kept = {name: _moment(row[name]) if name.endswith("_at") else row[name] for name in COLUMNS}
            self._write(kept | {"revoked_at": _utc(self._clock())})
        return self._shown(key_id)

    def publish(self) -> None:
        """Write the copy that receivers and doorkeepers read, if a key has changed."""
        keys = [_key(row) for row in self._rows()]
        if keys or (self._data_dir / KEYS_FILE).exists():
            write_file(self._data_dir / KEYS_FILE, keys)

    def note_uses(self, ring: KeyRing) -> None:
        """Remember when keys were used last: here, and at the receivers, whose file says it."""
        at_receivers = read_uses(self._data_dir / USES_FILE)
        news = {key_id: at for key_id, at in at_receivers.items() if at > self._noted.get(key_id, 0)}
        uses = ring.take_uses()
        uses = {key_id: max(uses.get(key_id, 0), news.get(key_id, 0)) for key_id in uses.keys() | news.keys()}
        if uses:
            self._noted |= uses
            with lifted():
                rows = [[key_id, _utc(at)] for key_id, at in uses.items()]
                self._engine.insert("api_key_uses", ["key_id", "used_at"], rows)

    def renew_command_key(self) -> None:
        """A key for commands of this machine's user, who can read the data directory anyway."""
        write_secret(self._data_dir / COMMAND_FILE, secrets.token_urlsafe(32).encode())

    def _check(self, name: str, role: str, tenants: Sequence[str], expires_at: datetime | None) -> None:
        if role not in ROLES:
            raise BadRequest(f"role is one of {', '.join(ROLES)}, not {role[:40]!r}.")
        if not name.strip():
            raise BadRequest("A key needs a name that says who or what has it.")
        if tenants and role != "read":
            raise BadRequest(f"Only a key of the role read can be held to tenants; {role} reaches all.")
        if any(not tenant for tenant in tenants):
            raise BadRequest("A tenant's name is empty.")
        moment = unix(expires_at)
        if moment is not None and moment <= self._clock():
            raise BadRequest(f"The key would have expired already ({expires_at}).")

    def _write(self, row: Mapping[str, Any]) -> None:
        with lifted():
            values = {**row, "version": time.time_ns()}
            self._engine.insert("api_keys", COLUMNS, [[values[name] for name in COLUMNS]])
        self.publish()

    def _shown(self, key_id: str) -> dict[str, Any]:
        return next(row for row in self.shown() if row["key_id"] == key_id)

    def _rows(self) -> list[dict[str, Any]]:
        with lifted():
            return self._engine.query(sql.read(KEYS)).records()


def _key(row: Mapping[str, Any]) -> Key:
    return Key(
        row["key_id"], row["name"], cast(Role, row["role"]), row["sha256"], tuple(row["tenants"]),
        row["expires_unix"], row["revoked_at"] is not None,
    )  # fmt: skip


def _utc(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


def _iso(text: str | None) -> str | None:
    return None if text is None else f"{text.replace(' ', 'T')}Z"
