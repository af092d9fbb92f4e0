"""Triage: which of model, prompt, retrieval, tools and users moved before a bad time, and what explains it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Protocol

import orjson
from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from pydantic import BaseModel, Field

from spanledger.filters import filter_of
from spanledger.moments import utc

Text = Annotated[str, Query(max_length=500)]


class TriageOf(Protocol):
    """What can be asked; analytics implements it."""

    def window(self, since: datetime, until: datetime, filter: str, metric: str) -> dict[str, Any]:
        """Of a bad time and a filter."""

    def finding(self, finding_id: str) -> dict[str, Any]:
        """Of a finding."""


class Surface(BaseModel):
    """One of the five."""

    surface: str
    state: str = Field(description="`moved`, `still` (nothing moved) or `not_seen` (the spans do not tell).")
    score: float = Field(description="power x -log10 q of its best sign; the order of the list.")
    power: float | None = Field(description="Which part of the break it explains, 0 to 1; null: nothing broke.")
    sentence: str
    evidence: list[dict[str, Any]] = Field(description="What moved, with its date, p, q, n, shares, traces and filter.")
    not_seen: list[str] = Field(description="Of what it looks at, what no span has.")


class TriageAnswer(BaseModel):
    """The five surfaces, the likeliest first."""

    since: str = Field(alias="from")
    until: str = Field(alias="to")
    filter: str
    metric: dict[str, Any] | None = Field(description="What broke, when, from what to what.")
    suspect: str | None = Field(description="The surface to look at first; null: nothing that moved explains it.")
    sentence: str
    traces: int
    sampled: float = Field(description="The share of them that was read.")
    surfaces: list[Surface]
    trace_ids: list[str]
    series: list[dict[str, Any]]


def router(triage: TriageOf) -> APIRouter:
    """The routes."""
    routes = APIRouter(prefix="/api/v1", tags=["findings"])

    @routes.get("/triage", responses={200: {"model": TriageAnswer}})
    def of_window(  # noqa: PLR0913, PLR0917  (each is a parameter of the URL)
        since: Annotated[datetime, Query(alias="from", description="When it began to be bad. Without a zone: UTC.")],
        until: Annotated[datetime, Query(alias="to", description="Up to when it was.")],
        filter: Annotated[str, Query(max_length=4000, description="In the filter language of docs/filters.md.")] = "",
        metric: Annotated[
            str, Query(description="cost, energy, missed, errors, failures, latency, auto, none")
        ] = "auto",
        tenant: Text = "",
        prompt: Text = "",
        model: Text = "",
        feature: Text = "",
        service: Text = "",
        tool: Text = "",
    ) -> Response:
        """Any bad time, held against the week before it."""
        named = {
            "tenant": tenant, "prompt": prompt, "model": model, "feature": feature, "service": service, "tool": tool,
        }  # fmt: skip
        found = triage.window(utc(since), utc(until), filter_of(named, filter), metric)
        return Response(orjson.dumps(found), media_type="application/json")

    @routes.get("/findings/{finding_id}/triage", responses={200: {"model": TriageAnswer}})
    def of_finding(finding_id: Annotated[str, InPath(pattern="^[0-9a-fA-F]{16}$")]) -> Response:
        """A finding, since its present episode began."""
        return Response(orjson.dumps(triage.finding(finding_id.lower())), media_type="application/json")

    return routes
