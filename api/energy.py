"""Routes of energy and carbon: adding rows of one's own, and how a span's figures came about."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

from spanledger.energy.own import import_csv
from spanledger.energy.renew import renew_day
from spanledger.energy.reports import explain
from spanledger.engine import Engine
from spanledger.settings import Settings


class Table(BaseModel):
    """A CSV file; docs/energy.md says which columns it may have."""

    model_config = ConfigDict(extra="forbid")

    csv: str = Field(min_length=1, max_length=10_000_000)


class Added(BaseModel):
    """Rows that were added."""

    factors: int
    intensities: int


class Day(BaseModel):
    """A day, UTC."""

    model_config = ConfigDict(extra="forbid")

    day: date


class Renewed(BaseModel):
    """Calls that were gone through, and how many have other figures now."""

    calls: int
    changed: int


class Explained(BaseModel):
    """The spans of that id, each with its terms; empty when there is none."""

    spans: list[dict[str, Any]]


def router(engine: Engine, settings: Settings) -> APIRouter:
    """The routes over an engine."""
    routes = APIRouter(prefix="/api/v1/energy", tags=["energy"])

    @routes.post("/import")
    def add(table: Table) -> Added:
        """Add factors of self-hosted models, or carbon intensities."""
        return Added(**vars(import_csv(engine, table.csv)))

    @routes.post("/renew")
    def renew(wanted: Day) -> Renewed:
        """Work out the energy and carbon of a day's calls again, by the factors and grids in force now."""
        done = renew_day(engine, settings, wanted.day)
        return Renewed(calls=done.calls, changed=done.changed)

    @routes.get("/spans/{span_id}")
    def explained(span_id: Annotated[str, InPath(pattern="^[0-9a-fA-F]{16}$")]) -> Explained:
        """How the energy and carbon of a span came about, by today's factors, beside what is stored on it."""
        return Explained(spans=explain(engine, settings, [span_id]).records())

    return routes
