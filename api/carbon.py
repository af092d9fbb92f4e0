"""Routes of procurement: kg CO2e per 1,000 inferences of each feature, as JSON and as CSV."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from spanledger.energy import procurement
from spanledger.engine import Engine

Since = Annotated[
    datetime, Query(alias="from", description="First moment, such as 2026-11-01 or 2026-11-01T08:00:00Z.")
]
Until = Annotated[datetime, Query(alias="to", description="The moment after the last. Without a zone: UTC.")]


class Line(BaseModel):
    """One feature under one factor set. Null: not known."""

    feature: str
    inferences: int
    kgCO2e_per_1000: float | None  # noqa: N815  (as in the file)
    low: float | None
    high: float | None
    energy_kwh: float | None
    factor_set: str
    grid: str
    source: str
    boundary: str
    window: str


class Lines(BaseModel):
    """The lines, most emissions first."""

    carbon: list[Line]


def router(engine: Engine) -> APIRouter:
    """The routes over an engine."""
    routes = APIRouter(prefix="/api/v1", tags=["energy"])

    @routes.get("/carbon")
    def carbon(since: Since, until: Until) -> Lines:
        """Emissions of each feature's calls; figures of two factor sets stand side by side."""
        found = procurement.read(engine, _utc(since), _utc(until))
        return Lines(carbon=[Line(**asdict(line)) for line in found])

    @routes.get("/carbon.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
    def carbon_csv(since: Since, until: Until) -> Response:
        """The same as a file for spreadsheets."""
        text = procurement.as_csv(procurement.read(engine, _utc(since), _utc(until)))
        name = f"carbon-{_utc(since):%Y%m%d}-{_utc(until):%Y%m%d}.csv"
        return Response(
            text,
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    return routes


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
