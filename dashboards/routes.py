"""The routes of all pages and of what they load."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from dashboards.page import Page, add
from dashboards.pages import boards, cards, finding, home, jobs, runbook, trace, traces
from dashboards.pages.finding import Triages
from dashboards.render import STATIC
from spanledger.engine import Engine
from spanledger.settings import Settings

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
"""Addresses of static files change with their content."""


def router(engine: Engine, settings: Settings, triages: Triages | None = None) -> APIRouter:
    """All pages over `engine`."""
    routes = APIRouter(include_in_schema=False)
    files = {path.name: (path.read_bytes(), TYPES[path.suffix]) for path in STATIC.iterdir() if path.suffix in TYPES}

    @routes.get("/static/{name}")
    def static_file(name: str) -> Response:
        if name not in files:
            raise HTTPException(404, f"There is no file {name[:80]}.")
        body, kind = files[name]
        return Response(body, media_type=kind, headers=FOR_EVER)

    trace.add_data(routes, engine)
    boards.add_charts(routes, engine)
    if triages is not None:
        finding.add_picture(routes, triages)
    cards.add_pictures(routes, engine)
    for page in pages(engine, settings, triages):
        add(routes, page)
    return routes


def pages(engine: Engine, settings: Settings, triages: Triages | None = None) -> Iterable[Page]:
    """Every page."""
    yield home.page(engine, settings)
    yield traces.page(engine)
    yield trace.page(engine)
    yield finding.page(engine, triages)
    yield runbook.page()
    yield from boards.pages(engine)
    yield jobs.page(engine)
