"""The routes of all pages and of what they load."""

from __future__ import annotations

from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from dashboards.pages import home
from dashboards.render import render
from spanledger.engine import Engine
from spanledger.errors import SpanledgerError
from spanledger.settings import Settings

STYLE = Path(__file__).with_name("static") / "spanledger.css"

PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
}
"""Spans are written by strangers: even if escaping failed, no script could run and nothing could be sent anywhere."""


def router(engine: Engine, settings: Settings) -> APIRouter:
    """All pages over `engine`."""
    routes = APIRouter(include_in_schema=False)
    style = STYLE.read_bytes()

    @routes.get("/static/spanledger.css")
    def stylesheet() -> Response:
        return Response(style, media_type="text/css", headers={"Cache-Control": "max-age=300"})

    @routes.get("/", response_class=HTMLResponse)
    def home_page() -> Response:
        try:
            context = home.load(engine, settings)
        except SpanledgerError as error:
            return _page("error.html", {"reason": str(error)}, status=503)
        return _page("home.html", {"page": context})

    return routes


def _page(template: str, context: dict[str, object], status: int = 200) -> Response:
    return HTMLResponse(render(template, context), status, PAGE_HEADERS)
