"""The routes of all pages and of what they load."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

from dashboards.page import Page, add
from dashboards.pages import boards, finding, home, jobs, prompts, trace, traces, versions
from dashboards.render import STATIC
from spanledger.engine import Engine
from spanledger.settings import Settings

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
"""Addresses of static files change with their content."""


def router(engine: Engine, settings: Settings) -> APIRouter:
    """All pages over `engine`."""
    routes = APIRouter(include_in_schema=False)
    files = {path.name: (path.read_bytes(), TYPES[path.suffix]) for path in STATIC.iterdir() if path.suffix in TYPES}

    @routes.get("/static/{name}")
    def static_file(name: str) -> Response:
        if name not in files:
            raise HTTPException(404, f"There is no file {name[:80]}.")
        body, kind = files[name]
        return Response(body, media_type=kind, headers=FOR_EVER)

    home.add_data(routes, engine)
    trace.add_data(routes, engine)
    boards.add_charts(routes, engine)
    versions.add_charts(routes, engine)
    prompts.add_forms(routes, engine)
    for page in pages(engine, settings):
        add(routes, page)
    return routes


def pages(engine: Engine, settings: Settings) -> Iterable[Page]:
    """Every page."""
    yield home.page(engine, settings)
    yield traces.page(engine)
    yield trace.page(engine)
    yield finding.page(engine)
    yield from boards.pages(engine)
    yield from prompts.pages(engine)
    yield from versions.pages(engine)
    yield jobs.page(engine)
