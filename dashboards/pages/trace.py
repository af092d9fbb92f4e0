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
from dashboards.trace.conversation import Said, conversation
from dashboards.trace.tree import Tree, build
from spanledger import sql
from spanledger.engine import Engine
from spanledger.figures import ago, duration, money

QUERIES = Path(__file__).parent.parent / "queries"
MOST_SPANS = 20_000
DAY = timedelta(days=1)
MOST_MESSAGES, MOST_CHARACTERS = 300, 6000
TRACE_ID, SPAN_ID = re.compile(r"^[0-9a-f]{32}$"), re.compile(r"^[0-9a-f]{16}$")


@dataclass(frozen=True)
class TraceView:
    """What trace.html is given."""

    title: str
    question: str
    trace_id: str
    root: dict[str, Any]
    spans: int
    errors: int
    duration_ns: int
    cost_usd: float | None
    energy_kwh: float | None
    input_tokens: int | None
    output_tokens: int | None
    llm_calls: int
    tool_calls: int
    unpriced: int
    settled: dict[str, Any] | None
    """Its row in `traces`; None while it is not settled."""
    problems: list[str]
    graph: graphs.Graph
    said: list[Said]
    documents: list[dict[str, Any]]
    different: str
    """The query of the explorer that compares its spans with those of a day around it."""
    scores: list[dict[str, Any]]
    """What evaluators and users said, the last first."""
    people: dict[str, str]
    """Tenant, user, session, feature and prompt, where they are known."""


def page(engine: Engine) -> Page:
    """The page over an engine."""

    def load(_asked: Asked, path: dict[str, str]) -> TraceView:
        trace_id = path["trace_id"].lower()
        tree = read_tree(engine, trace_id)
        return view(engine, trace_id, tree)

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
            found = next(iter(engine.query_guarded(sql.read(QUERIES / "trace_span.sql"), values).records()), None)
        body = found or {"detail": "There is no such span in this trace."}
        return Response(orjson.dumps(body), 200 if found else 404, media_type="application/json")


def read_tree(engine: Engine, trace_id: str) -> Tree:
    """The spans of a trace as a tree; NotThere when there is none."""
    if not TRACE_ID.match(trace_id):
        raise NotThere("The id of a trace has 32 hexadecimal digits.")
    values = {"trace_id": trace_id, "limit": MOST_SPANS + 1}
    spans = engine.query_guarded(sql.read(QUERIES / "trace_spans.sql"), values).records()
    if not spans:
        raise NotThere(f"There is no span of the trace {trace_id}. Its spans may not have come yet, or be too old.")
    return build(spans[:MOST_SPANS], truncated=len(spans) > MOST_SPANS)


def columns(tree: Tree) -> dict[str, Any]:
    """Spans by column, times in microseconds from the first start: what the waterfall draws."""
    begin = min(row["start_ns"] for row in tree.rows)
    return {
        "id": [row["span_id"] for row in tree.rows],
        "parent": tree.parents,
        "depth": tree.depths,
        "name": [row["name"][:200] for row in tree.rows],
        "kind": [graphs.KINDS.get(row["operation"], "") for row in tree.rows],
        "node": [graphs.named(row)[:200] if row["operation"] in graphs.KINDS else "" for row in tree.rows],
        "start": [(row["start_ns"] - begin) // 1000 for row in tree.rows],
        "took": [None if row["duration_ns"] is None else row["duration_ns"] // 1000 for row in tree.rows],
        "error": [int(row["status"] == "error") for row in tree.rows],
        "retry": [int(row["attempt"] > 0) for row in tree.rows],
        "again": _again(tree),
        "cost": [row["cost_usd"] for row in tree.rows],
        "tokens": [None if row["input_tokens"] is None and row["output_tokens"] is None
                   else (row["input_tokens"] or 0) + (row["output_tokens"] or 0) for row in tree.rows],
        "kwh": [row["energy_kwh"] for row in tree.rows],
        "critical": _critical(tree),
    }  # fmt: skip


def _again(tree: Tree) -> list[int]:
    """1 for a call of a tool with arguments with which the trace has called it before."""
    seen: set[tuple[str, str]] = set()
    marked = [0] * len(tree.rows)
    for place in sorted(range(len(tree.rows)), key=lambda place: tree.rows[place]["start_ns"]):
        row = tree.rows[place]
        call = (row["tool_name"], row["tool_arguments_hash"])
        marked[place] = int(row["operation"] == "tool" and all(call) and call in seen)
        seen.add(call)
    return marked


def _critical(tree: Tree) -> list[int]:
    """1 for spans on the critical path: from the root's end back, the child that ended last, and so on within each."""
    ends = [row["start_ns"] + (row["duration_ns"] or 0) for row in tree.rows]
    children: dict[int, list[int]] = {}
    for place, parent in enumerate(tree.parents):
        children.setdefault(parent, []).append(place)
    marked = [0] * len(tree.rows)
    roots = children.get(-1, [])
    stack = [max(roots, key=lambda place: ends[place])] if roots else []
    while stack:
        place = stack.pop()
        marked[place] = 1
        until = ends[place]
        for child in sorted(children.get(place, ()), key=lambda child: -ends[child]):
            if ends[child] <= until:
                stack.append(child)
                until = tree.rows[child]["start_ns"]
    return marked


def view(engine: Engine, trace_id: str, tree: Tree) -> TraceView:
    """All of a trace that its page shows."""
    rows, values = tree.rows, {"trace_id": trace_id}
    settled = next(iter(engine.query_guarded(sql.read(QUERIES / "trace_settled.sql"), values).records()), None)
    begin = min(row["start_ns"] for row in rows)
    took = max(row["start_ns"] + (row["duration_ns"] or 0) for row in rows) - begin
    billed = [row for row in rows if row["billable"]]
    costs = [row["cost_usd"] for row in billed if row["cost_usd"] is not None]
    said = messages(engine, trace_id, tree, MOST_MESSAGES, MOST_CHARACTERS)
    cost = sum(costs) if costs else None
    return TraceView(
        title=_title(rows, took, cost, settled),
        question="What happened in this trace?",
        trace_id=trace_id,
        root=dict(rows[0]),
        spans=len(rows),
        errors=sum(row["status"] == "error" for row in rows),
        duration_ns=took,
        cost_usd=cost,
        energy_kwh=_sum(billed, "energy_kwh"),
        input_tokens=_whole(_sum(billed, "input_tokens")),
        output_tokens=_whole(_sum(billed, "output_tokens")),
        llm_calls=len(billed),
        tool_calls=sum(row["operation"] == "tool" for row in rows),
        unpriced=len(billed) - len(costs),
        settled=settled,
        problems=tree.problems,
        graph=graphs.of_tree(tree),
        said=conversation(said, rows),
        documents=engine.query_guarded(sql.read(QUERIES / "trace_documents.sql"), _bounds(trace_id, tree)).records(),
        different=_different(trace_id, begin),
        scores=engine.query_guarded(sql.read(QUERIES / "trace_scores.sql"), values).records(),
        people=_people(rows),
    )


def messages(engine: Engine, trace_id: str, tree: Tree, most: int, characters: int) -> list[dict[str, Any]]:
    """Rows of queries/trace_messages.sql: at most so many messages, each cut to so many characters."""
    if not any(row["said"] for row in tree.rows):
        return []
    values = _bounds(trace_id, tree) | {"limit": most, "most": characters}
    return engine.query_guarded(sql.read(QUERIES / "trace_messages.sql"), values).records()


def _bounds(trace_id: str, tree: Tree) -> dict[str, Any]:
    """A trace and the times between which its spans start."""
    starts = [row["start_ns"] for row in tree.rows]
    return {"trace_id": trace_id, "first": _moment(min(starts)), "last": _moment(max(starts))}


def _different(trace_id: str, begin: int) -> str:
    start = datetime.fromtimestamp(begin / 1e9, UTC)
    bounds = {"from": start - DAY / 2, "to": start + DAY / 2}
    times = {name: f"{at:%Y-%m-%dT%H:%MZ}" for name, at in bounds.items()}
    return urlencode({**times, "select": f'trace_id = "{trace_id}"'})


def _moment(nanoseconds: int) -> str:
    """As a parameter of type DateTime64(9)."""
    return f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09d}"


def _title(rows: list[Any], took: int, cost: float | None, settled: dict[str, Any] | None) -> str:
    name = rows[0]["name"][:80] or "Unnamed"
    errors = sum(row["status"] == "error" for row in rows)
    end = f", {settled['task_outcome']}" if settled and settled["task_outcome"] else ""
    wrong = f", {errors:,} of {len(rows):,} spans failed" if errors else ""
    long = ago(took // 10**9) if took >= 60 * 10**9 else duration(took)
    return f"{name}: {money(cost)} in {long}{end}{wrong}"


def _people(rows: list[Any]) -> dict[str, str]:
    names = ("tenant", "user_id", "session_id", "task_id", "feature", "prompt_name", "prompt_version")
    found = {name: next((str(row[name]) for row in rows if row[name]), "") for name in names}
    return {name: value for name, value in found.items() if value}


def _sum(rows: list[Any], name: str) -> float | None:
    known = [row[name] for row in rows if row[name] is not None]
    return sum(known) if known else None


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
