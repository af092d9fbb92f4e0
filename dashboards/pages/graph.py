"""The call graph over many traces: by service, agent, prompt or any filter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboards.asked import Asked
from dashboards.page import Page
from dashboards.trace.graph import KINDS, Graph, Node, Sums, laid_out
from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import BadRequest
from spanledger.explore import both
from spanledger.explore.sample import bounds
from spanledger.figures import money, percent, plural
from spanledger.filters import BadFilter, Condition, compile_filter, quoted
from spanledger.outcomes import RESOLVED

QUERIES = Path(__file__).parent.parent / "queries"
QUESTION = "Who calls whom, and where does it fail?"
FIELDS = {"service": "service", "agent_name": "agent", "prompt_name": "prompt"}
"""What can be chosen without writing a filter, and how it is called."""
TYPES = {"nesting": "who called whom", "transition": "what came next"}
NAMED_BY = {"model": "model", "reranker": "model", "tool": "tool_name", "agent": "agent_name"}
"""The filter's field that names a node of a kind; others go by their span's name."""
MOST_SEAMS = 40
SAMPLED = 500_000
"""Spans in which what can be chosen is looked for."""
ENDS = ("from_kind", "from_name", "to_kind", "to_name")
SHEET = (
    *ENDS, "calls", "errors", "traces", "duration_ns", "cost_usd", "ended", "ended_well", "from_alone_ended",
    "from_alone_ended_well", "to_alone_ended", "to_alone_ended_well",
)  # fmt: skip
Name = tuple[str, str]


@dataclass(frozen=True)
class Ended:
    """Settled traces of which it is known how they ended."""

    traces: int = 0
    well: int = 0

    @property
    def share(self) -> float | None:
        """Of them that ended well; None when there are none."""
        return self.well / self.traces if self.traces else None

    def without(self, part: Ended) -> Ended:
        """Those that are not of a part of them."""
        return Ended(self.traces - part.traces, self.well - part.well)


@dataclass(frozen=True)
class Seam:
    """Calls from one node to another, beside the calls of the same node from elsewhere."""

    source: Name
    target: Name
    sums: Sums
    traces: int
    failed: float
    elsewhere: float | None
    """Share of the target's other calls that failed; None when nobody else calls it."""
    ended: Ended
    """Traces with this seam."""
    source_alone: Ended
    """Traces with the source and without this seam."""
    target_alone: Ended
    """Traces with the target and without this seam."""


@dataclass(frozen=True)
class GraphView:
    """What graph.html is given."""

    title: str
    question: str
    graph: Graph | None
    links: list[str]
    """By a node's key: the traces with such a call."""
    seams: list[Seam]
    seam_links: list[tuple[str, str]]
    """By the place of a seam: the traces with such a call, and with one that failed."""
    more_seams: int
    choices: dict[str, list[str]]
    fields: dict[str, str]
    filter: str
    problem: str
    position: int
    type: str
    types: dict[str, str]
    sql: str


def page(engine: Engine) -> Page:
    """The page over an engine."""

    def load(asked: Asked, _path: dict[str, str]) -> GraphView:
        return read(engine, asked)

    return Page("/graph", "graph.html", load, rows=sheet, nav="Graph")


def read(engine: Engine, asked: Asked) -> GraphView:
    """The graph that was asked for; a wrong filter shows none and says why."""
    kind = asked.value("type", "nesting")
    if kind not in TYPES:
        raise BadRequest(f"type is one of {', '.join(TYPES)}, not {kind[:40]!r}.")
    text = asked.value("filter")
    choices = _choices(engine, asked)
    try:
        compile_filter(text)
        condition = compile_filter(_whole(asked, text))
    except BadFilter as error:
        title = "The filter can't be understood"
        return GraphView(
            title, QUESTION, None, [], [], [], 0, choices, FIELDS, text, str(error), error.position, kind, TYPES, ""
        )
    nodes, edges = (
        _rows(engine, "graph_nodes", asked, condition),
        _rows(engine, "graph_edges", asked, condition, type=kind),
    )
    graph = _graph(nodes, edges)
    seams = _seams(edges, _rows(engine, "graph_ends", asked, condition, type=kind, resolved=list(RESOLVED)))
    shown = sql.read(QUERIES / "graph_edges.sql").replace("FILTER", condition.inlined())
    listed = seams[:MOST_SEAMS]
    return GraphView(
        title=_title(graph, seams),
        question=QUESTION,
        graph=graph if graph.nodes else None,
        links=[_traces(asked, text, _named(node.kind, node.name)) for node in graph.nodes],
        seams=listed,
        seam_links=[_links(asked, text, kind, seam) for seam in listed],
        more_seams=len(seams) - len(listed),
        choices=choices,
        fields=FIELDS,
        filter=text,
        problem="",
        position=0,
        type=kind,
        types=TYPES,
        sql=shown,
    )


def _whole(asked: Asked, text: str) -> str:
    """What was chosen and what was written, as one filter."""
    parts = [f"{field} = {quoted(asked.value(field))}" for field in FIELDS if asked.value(field)]
    return " and ".join([*parts, f"({text})"] if text.strip() else parts)


def _rows(engine: Engine, name: str, asked: Asked, condition: Condition, **more: object) -> list[dict[str, Any]]:
    statement = sql.read(QUERIES / f"{name}.sql").replace("FILTER", condition.sql)
    values = {**condition.parameters, **asked.parameters(), "filtered": int(condition.sql != "1"), **more}
    return engine.query_guarded(statement, values).records()


def _choices(engine: Engine, asked: Asked) -> dict[str, list[str]]:
    sampled = bounds(engine, asked.since, asked.until, SAMPLED)
    [row] = engine.query_guarded(sql.read(QUERIES / "graph_choices.sql"), sampled).records()
    return {field: row[field] for field in FIELDS}


def _graph(nodes: Sequence[dict[str, Any]], edges: Sequence[dict[str, Any]]) -> Graph:
    """Nodes by kind and name; a node that only edges know was called before the range and is left out."""
    made: dict[Name, Node] = {}
    for row in nodes:
        name = (KINDS.get(row["operation"], row["operation"]), row["node"])
        made.setdefault(name, Node(*name)).sums.add(row)
    links: dict[tuple[Name, Name], Sums] = defaultdict(Sums)
    for row in edges:
        source, target = _ends(row)
        if source in made and target in made:
            links[source, target].add(row)
    return laid_out(made, links)


def _ends(row: dict[str, Any]) -> tuple[Name, Name]:
    return (
        (KINDS.get(row["from_kind"], row["from_kind"]), row["from_name"]),
        (KINDS.get(row["to_kind"], row["to_kind"]), row["to_name"]),
    )


def _seams(edges: Sequence[dict[str, Any]], ends: Sequence[dict[str, Any]]) -> list[Seam]:
    """Rows of graph_edges.sql beside those of graph_ends.sql."""
    ended = {tuple(row[name] for name in ENDS): Ended(row["ended"], row["well"]) for row in ends}
    into: dict[Name, Sums] = defaultdict(Sums)
    for row in edges:
        into[_ends(row)[1]].add(row)
    found = []
    for row in edges:
        source, target = _ends(row)
        sums = Sums()
        sums.add(row)
        others = into[target].calls - sums.calls
        elsewhere = (into[target].errors - sums.errors) / others if others else None
        first, second = (row["from_kind"], row["from_name"]), (row["to_kind"], row["to_name"])
        whole = ended.get((*first, *second), Ended())
        alone = [ended.get((*node, "", ""), whole).without(whole) for node in (first, second)]
        found.append(Seam(source, target, sums, row["traces"], sums.errors / sums.calls, elsewhere, whole, *alone))
    return found


def _links(asked: Asked, text: str, kind: str, seam: Seam) -> tuple[str, str]:
    """Traces with such a call: the source is above it or, where one came after the other, somewhere in the trace."""
    near = "ancestor" if kind == "nesting" else "trace"
    call = both(_named(*seam.target), f"{near}({_named(*seam.source)})")
    return _traces(asked, text, call), _traces(asked, text, both(call, "status = error"))


def _traces(asked: Asked, text: str, call: str) -> str:
    """The page of the traces that have such a call, and a span of what was chosen and written."""
    whole = _whole(asked, text)
    return asked.carry("/traces", filter=both(call, f"trace({whole})" if whole else ""))


def _named(kind: str, name: str) -> str:
    """The filter whose spans are the calls of a node."""
    text = quoted(name)
    if kind in NAMED_BY:
        return f"{NAMED_BY[kind]} = {text}"
    return f"workflow = {text} or name = {text}" if kind == "workflow" else f"name = {text}"


def _title(graph: Graph, seams: Sequence[Seam]) -> str:
    if not graph.nodes:
        return "Nothing was called"
    known = [node.sums.cost_usd for node in graph.nodes if node.sums.cost_usd is not None]
    worst = max(seams, key=lambda seam: seam.sums.errors, default=None)
    said = f"{plural(len(graph.nodes) + graph.left_out, 'node')}{f', {money(sum(known))}' if known else ''}"
    if worst and worst.sums.errors:
        said += f"; {worst.source[1][:40]} → {worst.target[1][:40]} fails most, {percent(worst.failed)} of its calls"
    return said


def sheet(view: GraphView) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    """The seams for CSV."""
    return SHEET, [
        [
            *(*seam.source, *seam.target, seam.sums.calls, seam.sums.errors, seam.traces, seam.sums.duration_ns),
            seam.sums.cost_usd,
            *(seam.ended.traces, seam.ended.well, seam.source_alone.traces, seam.source_alone.well),
            *(seam.target_alone.traces, seam.target_alone.well),
        ]
        for seam in view.seams
    ]
