"""Search: spans of a time range by a filter, page by page."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from api.asking import MOST, FilterText, Since, Until, time_range
from api.cursor import pack, unpack
from api.slots import Slots
from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import BadRequest
from spanledger.filters import FIELDS, compile_filter

PAGE = Path(__file__).with_name("spans.sql")
DEFAULT_COLUMNS = (
    "trace_id", "span_id", "parent_span_id", "name", "operation", "service", "started_at", "duration_ns", "status",
    "error_type", "provider", "request_model", "model_revision", "prompt_name", "prompt_version", "tenant", "user_id",
    "session_id", "feature", "tool_name", "agent_name", "input_tokens", "cached_input_tokens", "output_tokens",
    "billable", "cost_usd", "cost_status", "energy_kwh", "co2e_g",
)  # fmt: skip
MORE_COLUMNS = (
    "attributes", "resource_attributes", "events", "links", "kind", "ended_at", "scope", "flags", "problems",
    "retrieved_ids", "retrieved_scores", "finish_reasons", "ingested_at", "raw_input_tokens", "token_rule",
)  # fmt: skip


class SpanPage(BaseModel):
    """Spans, newest first, and where the next page begins."""

    spans: list[dict[str, Any]]
    next: str | None = Field(description="Give it as `cursor` for the next page; null on the last one.")


def router(engine: Engine, slots: Slots) -> APIRouter:
    """The routes over an engine."""
    routes = APIRouter(prefix="/api/v1", tags=["data"])

    @routes.get("/spans", responses={200: {"model": SpanPage}})
    def spans(  # noqa: PLR0913, PLR0917  (each is a parameter of the URL)
        filter: FilterText = "",
        since: Since = None,
        until: Until = None,
        limit: Annotated[int, Query(ge=1, le=MOST)] = 100,
        cursor: Annotated[str, Query(max_length=400)] = "",
        columns: Annotated[str, Query(max_length=2000, description="Names of columns, comma-separated.")] = "",
    ) -> Response:
        """Spans of a time range that a filter finds."""
        begin, end = time_range(since, until)
        condition = compile_filter(filter)
        names = list(dict.fromkeys([*columns_of(columns), "started_at", "trace_id", "span_id"]))
        before = unpack(cursor, 3) if cursor else ["1970-01-01 00:00:00", "", ""]
        statement = sql.read(PAGE).replace("COLUMNS_ASKED", ", ".join(names)).replace("FILTER", condition.sql)
        values = {
            **condition.parameters, "from": begin, "to": end, "limit": limit + 1, "paged": int(bool(cursor)),
            "before": str(before[0]), "before_trace": str(before[1]), "before_span": str(before[2]),
        }  # fmt: skip
        with slots.taken():
            found = engine.query_guarded(statement, values).records()
        last = found[limit - 1] if len(found) > limit else None
        following = pack([last["started_at"], last["trace_id"], last["span_id"]]) if last else None
        return Response(orjson.dumps({"spans": found[:limit], "next": following}), media_type="application/json")

    return routes


def columns_of(asked: str) -> list[str]:
    """Columns by the names that were asked for; BadRequest for one that is none."""
    names = [name.strip() for name in asked.split(",") if name.strip()] or list(DEFAULT_COLUMNS)
    known = {*DEFAULT_COLUMNS, *MORE_COLUMNS, *(name for name, field in FIELDS.items() if not field.sql)}
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            raise BadRequest(f"{name!r} is no column of spans." + (f" Did you mean {near[0]}?" if near else ""))
    return list(dict.fromkeys(names))
