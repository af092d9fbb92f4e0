"""The routes of all pages and of what they load."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from dashboards.page import Page, add
from dashboards.pages import (
    alerts,
    alike,
    boards,
    cards,
    compare,
    explore,
    finding,
    graph,
    home,
    jobs,
    mapping,
    prompts,
    runbook,
    settings,
    trace,
    traces,
    versions,
)
from dashboards.render import STATIC, body
from dashboards.rooms import Rooms
from spanledger.engine import Engine
from spanledger.settings import Settings

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
"""Addresses of static files change with their content."""


def router(engine: Engine, in_force: Settings, rooms: Rooms) -> APIRouter:
    """All pages over `engine`."""
    routes = APIRouter(include_in_schema=False)
    files = {path.name: (body(path.name), TYPES[path.suffix]) for path in STATIC.iterdir() if path.suffix in TYPES}

    @routes.get("/static/{name}")
    def static_file(name: str) -> Response:
        if name not in files:
            raise HTTPException(404, f"There is no file {name[:80]}.")
        content, kind = files[name]
        return Response(content, media_type=kind, headers=FOR_EVER)

    home.add_data(routes, engine)
    trace.add_data(routes, engine)
    boards.add_charts(routes, engine)
    versions.add_charts(routes, engine)
    prompts.add_forms(routes, engine)
    if rooms.triages:
        finding.add_picture(routes, engine, rooms.triages)
    cards.add_pictures(routes, engine)
    if rooms.alerts:
        alerts.add_forms(routes, rooms.alerts)
    if rooms.explain:
        mapping.add_form(routes, rooms.explain)
    for page in pages(engine, in_force, rooms):
        add(routes, page)
    return routes


def pages(engine: Engine, in_force: Settings, rooms: Rooms) -> Iterable[Page]:
    """Every page."""
    yield home.page(engine, in_force)
    yield explore.page(engine)
    yield traces.page(engine)
    yield trace.page(engine)
    yield alike.page(engine)
    yield compare.page(engine)
    yield graph.page(engine)
    yield finding.page(engine, rooms.triages)
    yield runbook.page()
    yield from boards.pages(engine)
    yield from prompts.pages(engine)
    yield from versions.pages(engine)
    if rooms.alerts:
        yield from alerts.pages(engine, rooms.alerts)
    yield jobs.page(engine)
    yield settings.page(in_force)
    if rooms.explain:
        yield mapping.page()
