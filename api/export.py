"""Spans of a search as a file: Parquet, Arrow, CSV or OTLP, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from api import otlp
from api.asking import Range
from api.slots import Slots
from api.spans import columns_of
from spanledger import sql
from spanledger.engine import Engine
from spanledger.filters import FIELDS, compile_filter

SPANS = Path(__file__).with_name("export.sql")
MAX_EXPORTS = 2
"""At once: each may read all that there is."""
MOST_SPANS = 10_000_000
FORMATS = {
    "parquet": ("Parquet", "application/vnd.apache.parquet", "parquet"),
    "arrow": ("ArrowStream", "application/vnd.apache.arrow.stream", "arrows"),
    "csv": ("CSV", "text/csv; charset=utf-8", "csv"),
    "otlp": ("JSONEachRow", "application/x-ndjson", "otlp.jsonl"),
}
"""The engine's format, the type of the answer, and how the file's name ends."""
NO_FORMULA = "concat(if(match(NAME, '^[=+@\\\\t\\\\r-]'), '''', ''), NAME) AS NAME"
"""A text that a spreadsheet would run as a formula gets a ' before it, as in the CSV of the pages."""


class Export(Range):
    """What is exported."""

    format: Literal["parquet", "arrow", "csv", "otlp"]
    filter: str = Field("", max_length=4000, description="In the filter language of docs/filters.md.")
    columns: str = Field("", max_length=2000, description="Names of columns, comma-separated; not for otlp.")
    limit: int = Field(1_000_000, ge=1, le=MOST_SPANS)


def router(engine: Engine) -> APIRouter:
    """The routes over an engine."""
    routes = APIRouter(prefix="/api/v1", tags=["data"])
    slots = Slots(MAX_EXPORTS, "exports")

    @routes.get(
        "/spans/export",
        response_class=StreamingResponse,
        responses={200: {"content": {media: {} for _, media, _ in FORMATS.values()}}},
    )
    def export(asked: Annotated[Export, Query()]) -> Response:
        """Spans that a filter finds, as a file, in no order. OTLP: a line of JSON is a request for `/v1/traces`."""
        form, media, ending = FORMATS[asked.format]
        pieces = _pieces(engine, slots, asked, form)
        first = next(pieces, b"")  # what is refused is refused before the answer begins
        headers = {"Content-Disposition": f'attachment; filename="spans.{ending}"'}
        return StreamingResponse(chain([first], pieces), media_type=media, headers=headers)

    return routes


def _pieces(engine: Engine, slots: Slots, asked: Export, form: str) -> Iterator[bytes]:
    condition = compile_filter(asked.filter)
    names = list(otlp.COLUMNS) if asked.format == "otlp" else columns_of(asked.columns)
    shown = ", ".join(_safe(name) if asked.format == "csv" else name for name in names)
    statement = sql.read(SPANS).replace("COLUMNS_ASKED", shown).replace("FILTER", condition.sql)
    values = {**condition.parameters, **asked.parameters(), "limit": asked.limit}
    with slots.taken():
        pieces = engine.stream(statement, values, form)
        if asked.format == "csv":
            yield (",".join(names) + "\r\n").encode()
        yield from otlp.requests(pieces) if asked.format == "otlp" else pieces


def _safe(name: str) -> str:
    field = FIELDS.get(name)
    return NO_FORMULA.replace("NAME", name) if field and field.kind == "text" and not field.sql else name
