"""One prompt and its versions, or one name of a model and the revisions that answered to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil

from fastapi import APIRouter, Request, Response

from dashboards import asked as urls
from dashboards import marks
from dashboards.asked import Asked
from dashboards.charts import response
from dashboards.marks import marked
from dashboards.page import NotThere, Page
from dashboards.versions import MODEL, PROMPT, Subject, Versions, read
from dashboards.versions.charts import CHARTS
from dashboards.versions.read import compared
from spanledger.engine import Engine
from spanledger.figures import plural

RANGE = "28d"
MOST_BARS = 60
SHEET = (
    "version", "calls", "errors", "refusals", "cut_answers", "unpriced_calls", "cost_usd", "cost_per_call", "p50_ns",
    "p95_ns", "input_tokens", "output_tokens", "hit_rate", "first_seen", "last_seen", "tenants",
)  # fmt: skip


@dataclass(frozen=True)
class VersionsView:
    """What versions.html is given."""

    title: str
    question: str
    name: str
    subject: Subject
    found: Versions
    charts: list[tuple[str, str]]
    """(address, what it shows)."""


def pages(engine: Engine) -> list[Page]:
    """A page for prompts and one for models."""
    return [_page(engine, subject) for subject in (PROMPT, MODEL)]


def add_charts(routes: APIRouter, engine: Engine) -> None:
    """The charts of both pages, as SVG; 204 where there is nothing to draw."""
    for subject in (PROMPT, MODEL):
        _add_chart(routes, engine, subject)


def _add_chart(routes: APIRouter, engine: Engine, subject: Subject) -> None:
    @routes.get(f"{subject.path}/{{chart}}.svg")
    def drawn(chart: str, request: Request) -> Response:
        asked = urls.read(subject.path, dict(request.query_params), datetime.now(UTC), RANGE)
        name = asked.value("name")
        if chart not in CHARTS:
            return Response(status_code=404)
        values = {"subject": name, **asked.parameters()}
        order = compared(engine.query_guarded(subject.statement("versions"), values).records())
        step = _step(asked)
        points = engine.query_guarded(subject.statement("series"), values | {"versions": order, "step": step}).records()
        if not points:
            return Response(status_code=204)
        return response(marked(CHARTS[chart][0](points, order), marks.read(engine, asked.since, asked.until)))


def _page(engine: Engine, subject: Subject) -> Page:
    def load(asked: Asked, _path: dict[str, str]) -> VersionsView:
        return view(engine, subject, asked)

    return Page(subject.path, "versions.html", load, rows=sheet, default_range=RANGE, nav=subject.nav)


def view(engine: Engine, subject: Subject, asked: Asked) -> VersionsView:
    """The subject that the address names; NotThere when it was not called in the range."""
    name = asked.value("name")
    found = read(engine, subject, name, asked)
    if not found.versions:
        raise NotThere(f"No call of the {subject.word} {name[:80]!r} in {asked.words}. A longer range may hold one.")
    charts = [
        (asked.url(f"{subject.path}/{chart}.svg"), words.format(version=subject.version_word))
        for chart, (_, words) in CHARTS.items()
    ]
    return VersionsView(_title(name, subject, found), _question(subject), name, subject, found, charts)


def _question(subject: Subject) -> str:
    return f"What did a new {subject.version_word} of this {subject.word} change?"


def _title(name: str, subject: Subject, found: Versions) -> str:
    shown = name[:80] or f"Calls without a {subject.word}"
    if not found.changes:
        return f"{shown}: {plural(len(found.versions), subject.version_word)} in this range"
    newest = found.changes[0]
    return f"{shown} {newest.before or '–'} → {newest.after or '–'}: {newest.sentence}"


def sheet(given: VersionsView) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    """The versions as a table for CSV."""
    return SHEET, [[row[name] for name in SHEET] for row in given.found.versions]


def _step(asked: Asked) -> int:
    """Seconds of one bar: whole hours."""
    return 3600 * ceil(asked.length / timedelta(hours=1) / MOST_BARS)
