"""The first page: what is open now, and how spend, energy, errors, caches and arrival go. Empty: the first minute."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from math import ceil
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter, Response

from dashboards import marks
from dashboards.asked import Asked
from dashboards.first_minute import Snippet, snippets
from dashboards.marks import Mark
from dashboards.page import Page
from dashboards.sparks import place
from dashboards.vitals import WEEK, Line, lines
from spanledger import sql
from spanledger.engine import Engine
from spanledger.figures import ago, money, plural
from spanledger.moments import as_parameter
from spanledger.settings import Settings

QUERIES = Path(__file__).parent.parent / "queries"
NEWEST = 8
"""Rows of the table of spans."""
MOST_FINDINGS = 50
MOST_MARKS = 12
"""Of those on the small lines."""
STEPS = tuple(timedelta(hours=hours) for hours in (1, 3, 6, 12, 24, 168))
MOST_POINTS = 60
"""Points of a small line: its steps are the shortest of `STEPS` that need no more."""


@dataclass(frozen=True)
class Facts:
    """What came in the range."""

    spans: int
    services: int
    tenants: int
    models: int
    age_seconds: int | None
    """Since the newest span of all started; None when there is none at all."""


@dataclass(frozen=True)
class Home:
    """What home.html is given."""

    title: str
    question: str
    arrival: str
    """What came, in one sentence."""
    facts: Facts
    lines: list[Line]
    marks: list[tuple[Mark, float]]
    """What began in the range, and where that stands in the box of a small line."""
    spans: list[dict[str, Any]]
    """Rows of queries/home_spans.sql by column."""
    findings: list[dict[str, Any]]
    """Rows of queries/home_findings.sql by column."""
    alerts: dict[str, int]
    """Alerts that are not over, by state."""
    snippets: list[Snippet]
    """How to send a span; empty when there is one."""
    sql: str


def page(engine: Engine, settings: Settings) -> Page:
    """The page over an engine."""

    def read(asked: Asked, _path: dict[str, str]) -> Home:
        return load(engine, settings, asked)

    return Page("/", "home.html", read, nav="Now")


def add_data(routes: APIRouter, engine: Engine) -> None:
    """What the empty page asks for until a span comes."""

    @routes.get("/first-span.json")
    def first_span() -> Response:
        found = engine.query_guarded(sql.read(QUERIES / "first_span.sql")).records()
        return Response(orjson.dumps({"span": found[0] if found else None}), media_type="application/json")


def load(engine: Engine, settings: Settings, asked: Asked) -> Home:
    """Read the page from the engine."""
    times = asked.parameters()
    facts = Facts(*_rows(engine, "home_facts", times | {"now": as_parameter(asked.now)})[0].values())
    findings = _rows(engine, "home_findings", {"limit": MOST_FINDINGS})
    alerts = {row["state"]: row["alerts"] for row in _rows(engine, "home_alerts", {})}
    series = times_of_series(asked)
    shown = lines(
        _rows(engine, "home_series", series), ceil(asked.length / timedelta(seconds=series["step"])) + 1, asked
    )
    empty = facts.age_seconds is None
    return Home(
        title=title(facts, findings, alerts, shown),
        question="What is going on?" if not empty else "What is coming in?",
        arrival=arrival(facts, asked),
        facts=facts,
        lines=[] if empty else [*shown[:-1], _freshness(shown, facts, asked)],
        marks=[] if empty else ticks(marks.read(engine, asked.since, asked.until), series, asked),
        spans=[] if empty else _rows(engine, "home_spans", times | {"limit": NEWEST}),
        findings=findings,
        alerts=alerts,
        snippets=snippets(settings) if empty else [],
        sql=sql.read(QUERIES / "home_series.sql"),
    )


def times_of_series(asked: Asked) -> dict[str, Any]:
    """Whole hours of the range, the same hours whole weeks before, and the length of a step in seconds."""
    since = asked.since.replace(minute=0, second=0, microsecond=0)
    back = WEEK * ceil(asked.length / WEEK)
    step = next((step for step in STEPS if asked.length <= MOST_POINTS * step), STEPS[-1])
    return {
        "from": as_parameter(since), "to": as_parameter(asked.until), "past_from": as_parameter(since - back),
        "past_to": as_parameter(asked.until - back), "step": int(step.total_seconds()),
    }  # fmt: skip


def ticks(found: list[Mark], series: dict[str, Any], asked: Asked) -> list[tuple[Mark, float]]:
    """Where the newest marks stand on the small lines."""
    since = asked.since.replace(minute=0, second=0, microsecond=0).timestamp()
    steps = ceil(asked.length / timedelta(seconds=series["step"])) + 1
    return [(mark, place(int((mark.at / 1000 - since) // series["step"]), steps)) for mark in found[-MOST_MARKS:]]


def title(facts: Facts, findings: list[dict[str, Any]], alerts: dict[str, int], shown: list[Line]) -> str:
    """What acts on somebody now, else that nothing does, and what was spent."""
    if facts.age_seconds is None:
        return "No span yet: send the first one"
    spent = f"{shown[0].value} spent" if shown and shown[0].known else ""
    loud = [finding for finding in findings if finding["severity"] != "digest"]
    costs = [finding["cost_usd"] for finding in loud if finding["cost_usd"] is not None]
    firing = alerts.get("firing", 0)
    parts = [
        f"{plural(firing, 'alert')} {'fires' if firing == 1 else 'fire'}" if firing else "",
        f"{plural(len(loud), 'open finding')}{f' worth {money(sum(costs))}' if costs else ''}" if loud else "",
    ]
    said = ", ".join(part for part in parts if part) or "Nothing is open"
    return f"{said}; {spent}" if spent else said


def arrival(facts: Facts, asked: Asked) -> str:
    """What came in, in one sentence."""
    if facts.age_seconds is None:
        return "Nothing has come in yet."
    if not facts.spans:
        return f"No span in {asked.words}, the newest {ago(facts.age_seconds)} ago."
    many = ", ".join(
        plural(amount, one) for amount, one in (
            (facts.services, "service"), (facts.tenants, "tenant"), (facts.models, "model")) if amount
    )  # fmt: skip
    return f"{plural(facts.spans, 'span')} from {many} in {asked.words}, the newest {ago(facts.age_seconds)} ago."


def _freshness(shown: list[Line], facts: Facts, asked: Asked) -> Line:
    """How long ago the newest span started, over the line of calls."""
    calls = shown[-1]
    return Line(
        label="Newest span",
        value=f"{ago(facts.age_seconds or 0)} ago",
        exact=f"{facts.age_seconds} seconds since the newest span started; the line is {calls.exact}",
        before=f"{calls.value} calls",
        href=asked.carry("/traces", order="newest"),
        spark=calls.spark,
    )


def _rows(engine: Engine, name: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    return engine.query_guarded(sql.read(QUERIES / f"{name}.sql"), values).records()
