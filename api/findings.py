"""Findings: the list with its filters, and one with all that runs said of it."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
from fastapi import APIRouter, Query
from fastapi import Path as InPath
from pydantic import BaseModel, ConfigDict, Field

from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import BadRequest, NotFound
from spanledger.moments import as_parameter

FINDINGS = Path(__file__).with_name("findings.sql")
OBSERVATIONS = Path(__file__).with_name("observations.sql")
MOST_OBSERVATIONS = 500
TIMES = ("window_from", "window_to", "first_seen", "last_seen", "since", "until")
FIRST, LAST = "1970-01-01 00:00:00.000", "2299-12-31 00:00:00.000"
BEHIND_ALL = "~"
"""Sorts behind every id."""


class Filter(BaseModel):
    """Which findings; what is left out passes all."""

    model_config = ConfigDict(extra="forbid")

    job: str = ""
    kind: str = ""
    severity: Literal["", "page", "ticket", "digest"] = ""
    state: Literal["", "open", "resolved"] = ""
    since: datetime | None = Field(None, description="Last seen at or after it; without a zone it is UTC.")
    until: datetime | None = Field(None, description="First seen before it.")
    subject: list[str] = Field(default_factory=list, description="`dimension=value`, e.g. `tenant=acme`; all must fit.")
    limit: int = Field(50, ge=1, le=1000)
    cursor: str = Field("", max_length=200, description="`next` of the page before.")


class FindingList(BaseModel):
    """A page of findings, those seen last first. `next` is the cursor of the page behind it, or null."""

    findings: list[dict[str, Any]]
    next: str | None


def router(engine: Engine) -> APIRouter:
    """The routes over an engine."""
    routes = APIRouter(prefix="/api/v1/findings", tags=["findings"])

    @routes.get("")
    def findings(asked: Annotated[Filter, Query()]) -> FindingList:
        """Findings, those seen last first."""
        return list_findings(engine, asked)

    @routes.get("/{finding_id}")
    def finding(finding_id: Annotated[str, InPath(pattern="^[0-9a-fA-F]{16}$")]) -> dict[str, Any]:
        """One finding with `observations`: what runs said of it, newest window first."""
        return read_finding(engine, finding_id)

    return routes


def list_findings(engine: Engine, asked: Filter) -> FindingList:
    """The findings that pass a filter."""
    before, before_id = _from_cursor(asked.cursor)
    pairs = [_pair(text) for text in asked.subject]
    rows = _read(
        engine,
        job=asked.job,
        kind=asked.kind,
        severity=asked.severity,
        state=asked.state,
        since=_parameter(asked.since, FIRST),
        until=_parameter(asked.until, LAST),
        names=[name for name, _ in pairs],
        values=[value for _, value in pairs],
        before=before,
        before_id=before_id,
        limit=asked.limit + 1,
    )
    shown = rows[: asked.limit]
    more = len(rows) > asked.limit
    return FindingList(findings=[_shown(row) for row in shown], next=_to_cursor(shown[-1]) if more else None)


def read_finding(engine: Engine, finding_id: str) -> dict[str, Any]:
    """One finding with its observations; NotFound when there is none of that id."""
    rows = _read(engine, finding_id=finding_id.lower(), limit=1)
    if not rows:
        raise NotFound(f"There is no finding {finding_id}.")
    wanted = {"job": rows[0]["job"], "finding_id": rows[0]["finding_id"], "limit": MOST_OBSERVATIONS}
    said = engine.query(sql.read(OBSERVATIONS), wanted).records()
    return _shown(rows[0]) | {"observations": [_in_iso(row) for row in said]}


def _read(engine: Engine, **given: object) -> list[dict[str, Any]]:
    values: dict[str, object] = dict.fromkeys(("job", "kind", "severity", "state", "finding_id"), "")
    lists: dict[str, Sequence[str]] = {"names": [], "values": []}
    bounds = {"since": FIRST, "until": LAST, "before": LAST, "before_id": BEHIND_ALL}
    return engine.query(sql.read(FINDINGS), values | lists | bounds | given).records()


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return _in_iso(row) | {"details": orjson.loads(row["details"] or "{}")}


def _in_iso(row: Mapping[str, Any]) -> dict[str, Any]:
    """Times as ISO 8601 has them."""
    return {name: value.replace(" ", "T") + "Z" if name in TIMES else value for name, value in row.items()}


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise BadRequest(f"subject={text!r} is not of the form dimension=value, e.g. tenant=acme.")
    return name, value


def _parameter(moment: datetime | None, default: str) -> str:
    return default if moment is None else as_parameter(moment)


def _to_cursor(row: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([row["last_seen"], row["finding_id"]])).decode()


def _from_cursor(cursor: str) -> tuple[str, str]:
    if not cursor:
        return LAST, BEHIND_ALL
    try:
        before, before_id = orjson.loads(base64.urlsafe_b64decode(cursor))
        return _parameter(datetime.fromisoformat(before), LAST), str(before_id)
    except (ValueError, TypeError, binascii.Error) as error:
        raise BadRequest("The cursor is not one that a page gave as `next`.") from error
