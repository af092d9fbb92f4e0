"""Keys of the API: making, listing and revoking them; and the log of who did what."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

from spanledger.access import Role
from spanledger.access.audit import AuditLog
from spanledger.access.store import KeyStore
from spanledger.access.viewer import viewer


class NewKey(BaseModel):
    """A key that is to be made."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100, description="Who or what has it.", examples=["support of acme"])
    role: Role
    tenants: list[Annotated[str, Field(min_length=1, max_length=1000)]] = Field(
        default_factory=list, max_length=100, description="Whose rows it may read; empty: all. For the role read."
    )
    expires_at: datetime | None = Field(None, description="Without a zone it is UTC; null: never.")


class ShownKey(BaseModel):
    """What is told of a key."""

    key_id: str
    name: str
    role: Role
    tenants: list[str]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    used_at: datetime | None = Field(description="To the minute; null: never.")


class MadeKey(ShownKey):
    """The only answer that has the key itself."""

    key: str


class KeyList(BaseModel):
    """Keys, newest first."""

    keys: list[ShownKey]


class AuditFilter(BaseModel):
    """Which entries; what is left out passes all."""

    model_config = ConfigDict(extra="forbid")

    actor: str = Field("", max_length=200)
    action: str = Field("", max_length=20, description="GET, POST, PUT, DELETE or command.")
    since: datetime | None = Field(None, description="Default: seven days ago. Without a zone it is UTC.")
    limit: int = Field(100, ge=1, le=10_000)


class AuditList(BaseModel):
    """Entries, newest first."""

    entries: list[dict[str, Any]]


def router(store: KeyStore, log: AuditLog) -> APIRouter:
    """The routes over the keys."""
    routes = APIRouter(prefix="/api/v1", tags=["access"])

    @routes.get("/keys")
    def keys() -> KeyList:
        """All keys that were made, without those of SPANLEDGER_API_KEYS."""
        return KeyList(keys=[ShownKey(**key) for key in store.shown()])

    @routes.post("/keys", status_code=201)
    def create(asked: NewKey) -> MadeKey:
        """Make a key. It is in this answer and nowhere else. The first one closes the service to who has none."""
        return MadeKey(**store.create(asked.name, asked.role, asked.tenants, asked.expires_at, viewer().name))

    @routes.delete("/keys/{key_id}")
    def revoke(key_id: Annotated[str, InPath(pattern="^[0-9a-f]{12}$")]) -> ShownKey:
        """Close a key for ever."""
        return ShownKey(**store.revoke(key_id))

    @routes.get("/audit")
    def audit(asked: Annotated[AuditFilter, Query()]) -> AuditList:
        """Who did what: changes, queries and exports, the last first."""
        since = asked.since or datetime.now(UTC) - timedelta(days=7)
        return AuditList(entries=log.read(asked.actor, asked.action, since, asked.limit))

    return routes
