"""One trace: what happened, what called what, what it cost, what was said."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
from fastapi import APIRouter, Request, Response

from dashboards.asked import Asked
from dashboards.page import NotThere, Page
from dashboards.trace import graph as graphs
from dashboards.trace.beside import beside
from dashboards.trace.conversation import Said, conversation
from dashboards.trace.totals import Totals, totals
from dashboards.trace.tree import Columns, Tree, build
from dashboards.trace.waterfall import columns
from spanledger import sql
from spanledger.engine import Engine
from spanledger.figures import ago, duration, money

QUERIES = Path(__file__).parent.parent / "queries"
MOST_SPANS = 20_000
DAY = timedelta(days=1)
MOST_MESSAGES, MOST_CHARACTERS = 300, 6000
PEOPLE = ("tenant", "user_id", "session_id", "task_id", "feature", "prompt_name", "prompt_version")
TRACE_ID, SPAN_ID = re.compile(r"^[0-9a-f]{32}$"), re.compile(r"^[0-9a-f]{16}$")


@dataclass(frozen=True)
class TraceView(Totals):
    """What trace.html is given, beside the sums."""

    title: str
    question: str
    trace_id: str
    root: dict[str, Any]
    settled: dict[str, Any] | None
    """Its row in `traces`; None while it is not settled."""
    problems: list[str]
    graph: graphs.Graph
    said: list[Said]
    documents: list[dict[str, Any]]
    around: str
    """The query of the explorer for a day around it."""
    sql: str
    """What reads its spans."""
    scores: list[dict[str, Any]]
    """What evaluators and users said, the last first."""
    people: dict[str, str]
    """Tenant, user, session, feature and prompt, where they are known."""


def page(engine: Engine) -> Page:
    """The page over an engine."""

    def load(_asked: Asked, path: dict[str, str]) -> TraceView:
        return read(engine, path["trace_id"].lower())

    return Page("/traces/{trace_id}", "trace.html", load, nav="Traces")


def add_data(routes: APIRouter, engine: Engine) -> None:
    """What the page's script fetches: all spans by column, and one span with everything."""

    @routes.get("/traces/{trace_id}/spans.json")
    def spans(trace_id: str, request: Request) -> Response:  # noqa: ARG001  (one signature for all pages' data)
        try:
            return Response(orjson.dumps(columns(read_tree(engine, trace_id.lower()))), media_type="application/json")
        except NotThere as error:
            return Response(orjson.dumps({"detail": error.sentence}), 404, media_type="application/json")

    @routes.get("/traces/{trace_id}/spans/{span_id}.json")
    def span(trace_id: str, span_id: str) -> Response:
        found = None
        if TRACE_ID.match(trace_id) and SPAN_ID.match(span_id):
            values = {"trace_id": trace_id, "span_id": span_id}
            answer = engine.query_guarded(sql.read(QUERIES / "trace_span.sql"), values, only_reads=True)
            found = next(iter(answer.records()), None)
        body = found or {"detail": "There is no such span in this trace."}
        return Response(orjson.dumps(body), 200 if found else 404, media_type="application/json")


def read(engine: Engine, trace_id: str) -> TraceView:
    """All of a trace that its page shows; NotThere when there is none."""

    def found(name: str) -> list[dict[str, Any]]:
        return engine.query_guarded(sql.read(QUERIES / f"{name}.sql"), {"trace_id": trace_id}).records()

    tree, (settled, scores) = beside(
        lambda: read_tree(engine, trace_id), lambda: found("trace_settled"), lambda: found("trace_scores")
    )
    return _view(engine, trace_id, tree, next(iter(settled), None), scores)


def read_tree(engine: Engine, trace_id: str) -> Tree:
    """The spans of a trace as a tree; NotThere when there is none."""
    if not TRACE_ID.match(trace_id):
        raise NotThere("The id of a trace has 32 hexadecimal digits.")
    values = {"trace_id": trace_id, "limit": MOST_SPANS + 1}
    spans = engine.columns_guarded(sql.read(QUERIES / "trace_spans.sql"), values).values
    many = len(spans["span_id"])
    if not many:
        raise NotThere(f"There is no span of the trace {trace_id}. Its spans may not have come yet, or be too old.")
    shown = {name: column[:MOST_SPANS] for name, column in spans.items()} if many > MOST_SPANS else spans
    return build(shown, truncated=many > MOST_SPANS)


def _view(
    engine: Engine, trace_id: str, tree: Tree, settled: dict[str, Any] | None, scores: list[dict[str, Any]]
) -> TraceView:
    sums, root = totals(tree.spans), tree.row(0)
    return TraceView(
        **vars(sums),
        title=_title(root["name"], sums, settled),
        question="What happened in this trace?",
        trace_id=trace_id,
        root=root,
        settled=settled,
        problems=tree.problems,
        graph=graphs.of_tree(tree),
        said=conversation(messages(engine, trace_id, tree, MOST_MESSAGES, MOST_CHARACTERS), _agents(tree.spans)),
        documents=documents(engine, trace_id, tree),
        around=_around(sums.begin_ns),
        sql=sql.read(QUERIES / "trace_spans.sql"),
        scores=scores,
        people=_people(tree.spans),
    )


def documents(engine: Engine, trace_id: str, tree: Tree) -> list[dict[str, Any]]:
    """Rows of queries/trace_documents.sql; most traces have none, and then nothing is asked."""
    if not any(tree.spans["retrieved"]):
        return []
    return engine.query_guarded(sql.read(QUERIES / "trace_documents.sql"), _bounds(trace_id, tree)).records()


def messages(engine: Engine, trace_id: str, tree: Tree, most: int, characters: int) -> list[dict[str, Any]]:
    """Rows of queries/trace_messages.sql: at most so many messages, each cut to so many characters."""
    if not any(tree.spans["said"]):
        return []
    values = _bounds(trace_id, tree) | {"limit": most, "most": characters}
    return engine.query_guarded(sql.read(QUERIES / "trace_messages.sql"), values).records()


def _bounds(trace_id: str, tree: Tree) -> dict[str, Any]:
    """A trace and the times between which its spans start."""
    starts = tree.spans["start_ns"]
    return {"trace_id": trace_id, "first": _moment(min(starts)), "last": _moment(max(starts))}


def _around(begin: int) -> str:
    start = datetime.fromtimestamp(begin / 1e9, UTC)
    bounds = {"from": start - DAY / 2, "to": start + DAY / 2}
    return urlencode({name: f"{at:%Y-%m-%dT%H:%MZ}" for name, at in bounds.items()})


def _moment(nanoseconds: int) -> str:
    """As a parameter of type DateTime64(9)."""
    return f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09d}"


def _title(name: str, sums: Totals, settled: dict[str, Any] | None) -> str:
    end = f", {settled['task_outcome']}" if settled and settled["task_outcome"] else ""
    wrong = f", {sums.errors:,} of {sums.spans:,} spans failed" if sums.errors else ""
    took = sums.duration_ns
    long = ago(took // 10**9) if took >= 60 * 10**9 else duration(took)
    return f"{name[:80] or 'Unnamed'}: {money(sums.cost_usd)} in {long}{end}{wrong}"


def _people(spans: Columns) -> dict[str, str]:
    found = {name: next(filter(None, spans[name]), "") for name in PEOPLE}
    return {name: str(value) for name, value in found.items() if value}


def _agents(spans: Columns) -> dict[str, str]:
    """The agent by the span, of those that name one."""
    return {span: str(agent) for span, agent in zip(spans["span_id"], spans["agent_name"], strict=True) if agent}
