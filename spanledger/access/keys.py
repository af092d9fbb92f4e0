"""Keys: `sl_<id>_<secret>`. The secret has 256 random bits, so its plain SHA-256 can't be guessed back."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Role = Literal["ingest", "read", "admin"]
ROLES: tuple[Role, ...] = ("ingest", "read", "admin")
PREFIX = "sl"


@dataclass(frozen=True)
class Key:
    """What is known of one key; the key itself is not."""

    key_id: str
    name: str
    role: Role
    sha256: str
    """Of the whole key, in hex."""
    tenants: tuple[str, ...] = ()
    """Whose rows it may read; empty: all."""
    expires_at: float | None = None
    """Unix seconds; None: never."""
    revoked: bool = False

    def valid(self, now: float) -> bool:
        """True when it opens at this moment (Unix seconds)."""
        return not self.revoked and (self.expires_at is None or now < self.expires_at)

    def is_of(self, token: bytes) -> bool:
        """True when this is the key; takes as long for any wrong one."""
        return hmac.compare_digest(digest(token), self.sha256)

    def as_json(self) -> dict[str, Any]:
        """For the file beside the spool."""
        return {**vars(self), "tenants": list(self.tenants)}

    @classmethod
    def from_json(cls, body: dict[str, Any]) -> Key:
        """The inverse."""
        return cls(**{**body, "tenants": tuple(body["tenants"])})


def make_token() -> tuple[str, str]:
    """A new key: its id and the whole key, which is shown once."""
    key_id = secrets.token_hex(6)
    return key_id, f"{PREFIX}_{key_id}_{secrets.token_urlsafe(32)}"


def digest(token: bytes) -> str:
    """What is stored of a key."""
    return hashlib.sha256(token).hexdigest()


def id_of(token: bytes) -> str:
    """The id in a key, or '' when it has not the form of one."""
    parts = token.decode("latin-1").split("_", 2)
    return parts[1] if len(parts) == 3 and parts[0] == PREFIX else ""


def bearer(authorization: bytes) -> bytes:
    """The key in an Authorization header, or b''."""
    scheme, _, token = authorization.partition(b" ")
    return token.strip() if scheme.lower() == b"bearer" else b""


def unix(moment: datetime | None) -> float | None:
    """A time as Unix seconds; without a zone it is UTC."""
    if moment is None:
        return None
    return (moment.replace(tzinfo=UTC) if moment.utcoffset() is None else moment).timestamp()
