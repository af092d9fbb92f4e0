"""How a page is put on the map: its HTML, its JSON twin, and its table as CSV, from one `load`."""

from __future__ import annotations

import csv
import io
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, is_dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from dashboards import asked as urls
from dashboards.asked import Asked
from dashboards.render import render
from spanledger.errors import BadRequest, Permanent, SpanledgerError

logger = logging.getLogger(__name__)

PAGE_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
}
"""Spans are written by strangers: even if escaping failed, no script of theirs could run and nothing leave."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets run cells that begin so; CSV files put a ' before."""


class View(Protocol):
    """What a page shows; a frozen dataclass. Its fields are also its JSON twin."""

    @property
    def title(self) -> str:
        """The answer, in one line."""
        ...

    @property
    def question(self) -> str:
        """What the page answers."""
        ...


class NotThere(Exception):
    """The page has nothing under this address: 404 with a sentence."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        super().__init__(sentence)


Load = Callable[[Asked, dict[str, str]], View]
"""Reads a page: what was asked and the parameters of its path to what is shown."""
Rows = Callable[[Any], tuple[Sequence[str], Sequence[Sequence[object]]]]
"""The table of a view for CSV: names of columns and rows."""


@dataclass(frozen=True)
class Page:
    """One page."""

    path: str
    template: str
    load: Load
    rows: Rows | None = None
    """Where the page has a table that one wants to take away."""
    default_range: str = "24h"
    nav: str = ""
    """Which entry of the navigation is lit."""


def add(routes: APIRouter, page: Page, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
    """Register a page's HTML, `.json` and, where it has a table, `.csv`. Paths are sync: they run in threads."""
    stem = "/now" if page.path == "/" else page.path

    def read(request: Request) -> tuple[Asked, View]:
        theme = request.cookies.get("theme", "")
        given = urls.read(request.url.path, dict(request.query_params), clock(), page.default_range, theme)
        return given, page.load(given, dict(request.path_params))

    def html(request: Request) -> Response:
        try:
            given, view = read(request)
            links = {"json": given.url(f"{_named(stem, request)}.json")}
            if page.rows:
                links["csv"] = given.url(f"{_named(stem, request)}.csv")
            return answer(page.template, {"page": view, "asked": given, "nav": page.nav, "twins": links})
        except (SpanledgerError, NotThere) as error:
            return failure(error, request, clock())

    def twin(request: Request) -> Response:
        try:
            return Response(orjson.dumps(read(request)[1], default=_plain), media_type="application/json")
        except NotThere as error:
            return _missing(error)

    routes.add_api_route(f"{stem}.json", twin)  # before the page, whose last parameter would take `.json` as its own
    if page.rows:
        table = page.rows

        def sheet(request: Request) -> Response:
            try:
                names, rows = table(read(request)[1])
            except NotThere as error:
                return _missing(error)
            headers = {"Content-Disposition": f'attachment; filename="{stem.strip("/").split("/")[0]}.csv"'}
            return Response(as_csv(names, rows), media_type="text/csv; charset=utf-8", headers=headers)

        routes.add_api_route(f"{stem}.csv", sheet)
    routes.add_api_route(page.path, html, response_class=HTMLResponse)


def _missing(error: NotThere) -> Response:
    return Response(orjson.dumps({"detail": error.sentence}), 404, media_type="application/json")


def answer(template: str, context: dict[str, object], status: int = 200) -> Response:
    """A rendered template with the headers of a page."""
    return HTMLResponse(render(template, context), status, PAGE_HEADERS)


def failure(error: Exception, request: Request, now: datetime) -> Response:
    """An error as a page: what failed, what still works, how to go on."""
    given = urls.read(request.url.path, {}, now, theme=request.cookies.get("theme", ""))
    if isinstance(error, NotThere):
        kind, status = "missing", 404
    elif isinstance(error, BadRequest):
        kind, status = "request", 400
    else:
        kind, status = ("query", 422) if isinstance(error, Permanent) else ("engine", 503)
    reason = error.sentence if isinstance(error, NotThere) else str(error)
    return answer("error.html", {"reason": reason, "kind": kind, "asked": given, "nav": "", "twins": {}}, status)


def as_csv(names: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """RFC 4180; a text that a spreadsheet would run as a formula is quoted with '."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(names)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
    return out.getvalue()


def _cell(value: object) -> object:
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value


def _named(stem: str, request: Request) -> str:
    """The stem with the path's parameters filled in."""
    for name, value in request.path_params.items():
        stem = stem.replace(f"{{{name}}}", str(value))
    return stem


def _plain(value: object) -> object:
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
