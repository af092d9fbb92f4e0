"""The explorer's questions as JSON: heat map, groups, what is different, completion, what comes in, saved views."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

from api.asking import moment
from api.slots import Slots
from spanledger import explore
from spanledger.engine import Engine
from spanledger.errors import BadRequest

DAY = timedelta(days=1)
FILTER = "In the filter language of docs/filters.md."
ViewId = Annotated[str, InPath(pattern="^[0-9a-f]{16}$")]


class Range(BaseModel):
    """Which spans."""

    since: str = Field("", alias="from", max_length=40, description="Default: 24 hours before `to`.")
    until: str = Field("", alias="to", max_length=40, description="Default: now.")
    filter: str = Field("", max_length=4000, description=FILTER)


class Asked(Range):
    """Which spans, by which measure and key, and what of them is selected."""

    measure: Literal["duration", "cost", "tokens", "kwh"] = "duration"
    by: str = Field(
        "tenant",
        max_length=300,
        description='A field, `attributes["my.key"]` or `resource["my.key"]`, or up to three with commas.',
    )
    box_from: str = Field("", max_length=40, description="The selection begins here.")
    box_to: str = Field("", max_length=40)
    low: str = Field("", max_length=40, description="The least of the measure, such as `1.5s` or `0.02`.")
    high: str = Field("", max_length=40)
    select: str = Field("", max_length=4000, description=f"What else makes the selection. {FILTER}")


class AskedValues(Range):
    """Which key's values."""

    key: str = Field(max_length=300)
    part: str = Field("", max_length=200, description="They have it in them, whatever its case.")
    limit: int = Field(20, ge=1, le=200)


class NewView(BaseModel):
    """A name for an address of the explorer."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=200)
    address: str = Field(max_length=20_000, examples=["/explore?measure=cost&filter=tenant+%3D+acme"])


class ChangedView(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, max_length=200)
    address: str | None = Field(None, max_length=20_000)


class View(BaseModel):
    """A saved view; `/explore?` and its address show it."""

    view_id: str
    name: str
    address: str
    saved_at: str


class ViewList(BaseModel):
    """Saved views by name."""

    views: list[View]


def router(engine: Engine, slots: Slots) -> APIRouter:
    """The routes over an engine."""
    routes = APIRouter(prefix="/api/v1/explore", tags=["explore"])
    _add_pictures(routes, engine, slots)
    _add_completion(routes, engine, slots)
    _add_views(routes, explore.Views(engine))
    return routes


def _add_pictures(routes: APIRouter, engine: Engine, slots: Slots) -> None:
    @routes.get("/heat", responses={200: {"model": explore.Heat}})
    def heat(asked: Annotated[Asked, Query()]) -> Response:
        """Spans by time and size, in cells; rows are steps of a logarithmic scale."""
        with slots.taken():
            return _json(explore.heat(engine, _question(asked)))

    @routes.get("/groups", responses={200: {"model": explore.Groups}})
    def groups(asked: Annotated[Asked, Query()]) -> Response:
        """Sums by any key, the dearest first; of the selection when there is one."""
        with slots.taken():
            return _json(explore.groups(engine, _question(asked)))

    @routes.get("/difference", responses={200: {"model": explore.Difference}})
    def difference(asked: Annotated[Asked, Query()]) -> Response:
        """What is different about the selection: attributes by how far their values are from those of the rest."""
        question = _question(asked)
        if not question.selection:
            raise BadRequest("Select something: box_from, box_to, low, high or select.")
        with slots.taken():
            return _json(explore.compare(engine, question))

    @routes.get("/tail", responses={200: {"model": explore.Tail}})
    def tail(
        after: Annotated[int, Query(ge=0, le=10**14, description="`next` of the answer before; 0: from now on.")] = 0,
        filter: Annotated[str, Query(max_length=4000, description=FILTER)] = "",
    ) -> Response:
        """Spans that came in since, oldest first; some may have been in the answer before."""
        now = datetime.now(UTC)
        since = datetime.fromtimestamp(after / 1000, UTC) if after else now
        with slots.taken():
            return _json(explore.tail(engine, filter, since, now))


def _add_completion(routes: APIRouter, engine: Engine, slots: Slots) -> None:
    @routes.get("/keys")
    def keys(asked: Annotated[Range, Query()]) -> dict[str, list[dict[str, Any]]]:
        """What filters can name: fields, and attributes that spans of the range have."""
        with slots.taken():
            return {"keys": explore.keys(engine, _ranged(asked))}

    @routes.get("/values")
    def values(asked: Annotated[AskedValues, Query()]) -> dict[str, list[dict[str, Any]]]:
        """The most frequent values of a key in a sample of the range."""
        with slots.taken():
            return {"values": explore.values(engine, _ranged(asked), asked.key, asked.part, asked.limit)}


def _add_views(routes: APIRouter, saved: explore.Views) -> None:
    @routes.get("/views")
    def views() -> ViewList:
        """Saved views by name."""
        return ViewList(views=[_view(view) for view in saved.all()])

    @routes.post("/views", status_code=201)
    def save(view: NewView) -> View:
        """Save a view."""
        return _view(saved.save(view.name, view.address))

    @routes.put("/views/{view_id}")
    def change(view_id: ViewId, view: ChangedView) -> View:
        """Rename a view, or let it show something else."""
        return _view(saved.change(view_id, view.name, view.address))

    @routes.delete("/views/{view_id}", status_code=204)
    def remove(view_id: ViewId) -> None:
        """Take a view away."""
        saved.remove(view_id)


def _question(asked: Asked) -> explore.Question:
    since, until = _range(asked)
    return explore.read(asked.model_dump(exclude={"since", "until"}), since, until)


def _ranged(asked: Range) -> explore.Question:
    return explore.Question(*_range(asked))


def _range(asked: Range) -> tuple[datetime, datetime]:
    until = moment(asked.until, "to") if asked.until else datetime.now(UTC) + timedelta(seconds=1)
    since = moment(asked.since, "from") if asked.since else until - DAY
    if since >= until:
        raise BadRequest("The time range must end after it begins.")
    return since, until


def _view(view: explore.SavedView) -> View:
    return View(view_id=view.view_id, name=view.name, address=view.address, saved_at=view.saved_at)


def _json(body: object) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
