"""Routes of procurement: kg CO2e per 1,000 inferences of each feature, as JSON and as CSV."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from spanledger.energy import procurement
from spanledger.engine import Engine
from spanledger.moments import utc

Since = Annotated[
    datetime, Query(alias="from", description="First moment, such as 2026-11-01 or 2026-11-01T08:00:00Z.")
]
Until = Annotated[datetime, Query(alias="to", description="The moment after the last. Without a zone: UTC.")]


class Lines(BaseModel):
    """The lines, most emissions first."""

    carbon: list[procurement.Line]


def router(engine: Engine) -> APIRouter:
    """The routes over an engine."""
    routes = APIRouter(prefix="/api/v1", tags=["energy"])

    @routes.get("/carbon")
    def carbon(since: Since, until: Until) -> Lines:
        """Emissions of each feature's calls; figures of two factor sets stand side by side."""
        return Lines(carbon=procurement.read(engine, utc(since), utc(until)))

    @routes.get("/carbon.csv", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
    def carbon_csv(since: Since, until: Until) -> Response:
        """The same as a file for spreadsheets."""
        text = procurement.as_csv(procurement.read(engine, utc(since), utc(until)))
        name = f"carbon-{utc(since):%Y%m%d}-{utc(until):%Y%m%d}.csv"
        return Response(
            text,
            media_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    return routes
