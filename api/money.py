"""Routes of money: revenue, models without a price, prices that users set, pricing history again."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Body
from pydantic import BaseModel, Field

from spanledger import revenue
from spanledger.engine import Engine
from spanledger.errors import BadRequest
from spanledger.prices import agreed
from spanledger.prices.reprice import days, reprice, reprice_day

MOST_ROWS = 100_000
"""Revenue rows in one request."""


class Added(BaseModel):
    """How many rows were added."""

    added: int


class RevenueList(BaseModel):
    """Revenue rows that count."""

    revenue: list[dict[str, Any]]


class UnpricedList(BaseModel):
    """Models with traffic and no price."""

    unpriced_models: list[dict[str, Any]]


class Priced(BaseModel):
    """The model, as `provider/model`, that a mapping or price is for."""

    model: str


class Days(BaseModel):
    """Days, first and last included, in UTC."""

    first: date = Field(alias="from")
    last: date = Field(alias="to")


class DayList(BaseModel):
    """Days that have calls."""

    days: list[date]


class Repriced(BaseModel):
    """Calls that were gone through, and how many of them have another cost now."""

    calls: int
    changed: int


def router(engine: Engine) -> APIRouter:
    """The routes over an engine."""
    routes = APIRouter(prefix="/api/v1", tags=["money"])

    @routes.get("/revenue")
    def read_revenue() -> RevenueList:
        """What customers pay: of one tenant, plan and first day, the row added last."""
        return RevenueList(revenue=revenue.read(engine))

    @routes.post("/revenue")
    def add_revenue(rows: Annotated[list[dict[str, Any]], Body(max_length=MOST_ROWS)]) -> Added:
        """Add rows of tenant, plan, monthly_price_usd, valid_from, valid_to. If one is wrong, none is added."""
        return Added(added=revenue.add(engine, revenue.check((f"row {n}", row) for n, row in enumerate(rows, 1))))

    @routes.get("/unpriced-models")
    def unpriced_models() -> UnpricedList:
        """Models that have traffic and no price, most calls first."""
        return UnpricedList(unpriced_models=agreed.unpriced(engine))

    @routes.post("/model-mappings")
    def add_mapping(mapping: agreed.Mapping) -> Priced:
        """Let a name stand for a known model, from the next span on."""
        return Priced(model=agreed.map_model(engine, mapping))

    @routes.post("/price-overrides")
    def add_override(override: agreed.Override) -> Priced:
        """Add a price, from the next span on."""
        return Priced(model=agreed.set_price(engine, override))

    _add_reprice(routes, engine)
    return routes


def _add_reprice(routes: APIRouter, engine: Engine) -> None:
    @routes.get("/reprice/days")
    def days_to_reprice(first: date, last: date) -> DayList:
        """Days with calls, so that a client can go through them one by one."""
        return DayList(days=days(engine, first, last))

    @routes.post("/reprice")
    def reprice_days(span: Days) -> Repriced:
        """Price the calls of these days again. One day is always done; of more, those that are not done yet."""
        if span.first > span.last:
            raise BadRequest(f"`from` ({span.first}) is after `to` ({span.last}).")
        if span.first == span.last:
            done = [reprice_day(engine, span.first)]
        else:
            done = list(reprice(engine, span.first, span.last))
        return Repriced(calls=sum(day.calls for day in done), changed=sum(day.changed for day in done))
