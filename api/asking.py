"""What lists of the API are asked: a time range, a filter over spans, and where the page begins."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import orjson
from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from spanledger.errors import BadRequest
from spanledger.filters import compile_filter
from spanledger.moments import as_parameter, read_moment

MOST = 1000
"""Rows of one page."""
FIRST = "1970-01-01 00:00:00"

FilterText = Annotated[str, Query(max_length=4000, description="In the filter language of docs/filters.md.")]
Since = Annotated[str | None, Query(alias="from", max_length=40, description="Default: 24 hours before `to`.")]
Until = Annotated[str | None, Query(alias="to", max_length=40, description="Default: now.")]


class Range(BaseModel):
    """A time range; without it the last 24 hours."""

    model_config = ConfigDict(extra="forbid")

    since: str | None = Field(None, alias="from", max_length=40, description="Default: 24 hours before `to`.")
    until: str | None = Field(None, alias="to", max_length=40, description="Default: now.")

    def parameters(self) -> dict[str, Any]:
        """`from` and `to` as statements take them."""
        begin, end = time_range(self.since, self.until)
        return {"from": begin, "to": end}


class Listed(Range):
    """A page of a list."""

    filter: str = Field("", max_length=4000, description="Some span passes it: in the language of docs/filters.md.")
    limit: int = Field(100, ge=1, le=MOST)
    cursor: str = Field("", max_length=4000, description="`next` of the page before.")

    def filtered(self, statement: str) -> tuple[str, dict[str, Any]]:
        """The statement with the filter in it, and the parameters of both."""
        condition = compile_filter(self.filter)
        values = {"filtered": int(bool(self.filter.strip())), "limit": self.limit + 1, "paged": int(bool(self.cursor))}
        return statement.replace("FILTER", condition.sql), {**condition.parameters, **self.parameters(), **values}


def time_range(since: str | None, until: str | None) -> tuple[str, str]:
    """The bounds as parameters of type DateTime64(3): `to` is now and `from` a day before it, unless they are given."""
    end = moment(until, "to") if until else datetime.now(UTC) + timedelta(seconds=1)
    begin = moment(since, "from") if since else end - timedelta(days=1)
    if begin >= end:
        raise BadRequest("The time range must end after it begins.")
    return as_parameter(begin), as_parameter(end)


def moment(text: str, what: str) -> datetime:
    """A time of a URL; without a zone it is UTC. Raises BadRequest."""
    try:
        return read_moment(text)
    except ValueError as error:
        raise BadRequest(f"`{what}`: {error}.") from error


def answer(body: object) -> Response:
    """JSON as the engine's rows are."""
    return Response(orjson.dumps(body), media_type="application/json")
