"""Routes that change data: deleting a trace or a tenant, and quarantine."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Protocol

from fastapi import APIRouter
from fastapi import Path as InPath
from pydantic import BaseModel

from spanledger.deletion import delete
from spanledger.engine import Engine


class Entry(Protocol):
    """A request in quarantine."""

    @property
    def signal(self) -> str: ...  # noqa: D102
    @property
    def items(self) -> int: ...  # noqa: D102
    @property
    def bytes(self) -> int: ...  # noqa: D102
    @property
    def reason(self) -> str: ...  # noqa: D102
    @property
    def file(self) -> str: ...  # noqa: D102


class QuarantineRoom(Protocol):
    """What the engine refused; the collector implements it."""

    def rejected(self) -> Sequence[Entry]:
        """What lies there, oldest first."""

    def retry(self) -> Sequence[tuple[Entry, str]]:
        """Try all again: each with '' when it is stored now, else with the reason."""


class Deleted(BaseModel):
    """Rows deleted, by table."""

    deleted: dict[str, int]


class RejectedList(BaseModel):
    """Requests in quarantine."""

    rejected: list[dict[str, Any]]


class Outcomes(BaseModel):
    """Of each retried file, why it is still refused; '' when it is stored."""

    outcomes: list[dict[str, str]]


def router(engine: Engine, quarantine: QuarantineRoom) -> APIRouter:
    """The routes over an engine."""
    routes = APIRouter(prefix="/api/v1", tags=["admin"])

    @routes.delete("/traces/{trace_id}")
    def delete_trace(trace_id: Annotated[str, InPath(pattern="^[0-9a-fA-F]{32}$")]) -> Deleted:
        """Delete all spans and events of a trace."""
        return Deleted(deleted=delete(engine, "trace", trace_id))

    @routes.delete("/tenants/{tenant:path}")
    def delete_tenant(tenant: Annotated[str, InPath(min_length=1, max_length=1000)]) -> Deleted:
        """Delete all data of a tenant."""
        return Deleted(deleted=delete(engine, "tenant", tenant))

    @routes.get("/rejected")
    def rejected() -> RejectedList:
        """What lies in quarantine."""
        return RejectedList(rejected=[_shown(entry) for entry in quarantine.rejected()])

    @routes.post("/rejected/retry")
    def retry() -> Outcomes:
        """Try to store all of it again."""
        outcomes = quarantine.retry()
        return Outcomes(outcomes=[{"file": entry.file, "reason": reason} for entry, reason in outcomes])

    return routes


def _shown(entry: Entry) -> dict[str, Any]:
    return {
        "signal": entry.signal,
        "items": entry.items,
        "bytes": entry.bytes,
        "reason": entry.reason,
        "file": entry.file,
    }
