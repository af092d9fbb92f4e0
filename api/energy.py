"""Routes of energy and carbon: adding rows of one's own, and how a span's figures came about."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

from spanledger.energy.own import import_csv
from spanledger.energy.renew import renew_day
from spanledger.energy.reports import by_set, explain
from spanledger.engine import Engine
from spanledger.moments import utc
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


class OfSet(BaseModel):
    """The calls of a window under one factor set. Sums are over those that it knows; null when it knows none."""

    factor_set: str
    calls: int
    calls_known: int
    calls_measured: int
    kwh_low: float | None
    kwh: float | None
    kwh_high: float | None
    co2e_location_g: float | None
    co2e_market_g: float | None = Field(description="A second answer to the same question: never add it to the first.")
    kwh_with_market: float | None = Field(description="Of calls whose place has a market-based intensity.")


class BySet(BaseModel):
    """One row for each factor set."""

    sets: list[OfSet]


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

    @routes.get("/sets")
    def of_sets(
        since: Annotated[datetime, Query(alias="from", description="First moment. Without a zone: UTC.")],
        until: Annotated[datetime, Query(alias="to", description="The moment after the last.")],
    ) -> BySet:
        """A window's energy and carbon under every factor set side by side, and how many calls each knows."""
        return BySet(sets=[OfSet(**row) for row in by_set(engine, settings, utc(since), utc(until)).records()])

    @routes.get("/spans/{span_id}")
    def explained(span_id: Annotated[str, InPath(pattern="^[0-9a-fA-F]{16}$")]) -> Explained:
        """How the energy and carbon of a span came about, by today's factors, beside what is stored on it."""
        return Explained(spans=explain(engine, settings, [span_id]).records())

    return routes
