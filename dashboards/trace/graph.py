"""The call graph of a trace or of many: what called what, in layers from left to right.

Spans that stand for nothing by themselves are passed over. Repeated calls are folded into one node; a call of something
that is already under way above it closes a loop, which is drawn back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from typing import TYPE_CHECKING, Any

from dashboards.trace.tree import Tree
from spanledger.later import Later

if TYPE_CHECKING:
    import networkx
else:
    networkx = Later("networkx")

KINDS = {
    "chat": "model", "completion": "model", "embeddings": "model", "rerank": "reranker", "retrieval": "retriever",
    "tool": "tool", "agent": "agent", "workflow": "workflow", "guardrail": "guardrail", "evaluator": "evaluator",
}  # fmt: skip
HUES = {"agent": 4, "workflow": 8, "model": 1, "tool": 2, "retriever": 3, "reranker": 7, "guardrail": 6, "evaluator": 5}
"""Which hue of the style sheet a kind has."""
MOST_NODES = 60
LAYER_WIDTH, ROW_HEIGHT, MARGIN = 190, 64, 40
WIDEST_LAYER, ROOM = 260, 1100
"""Few layers stand further apart, so that names and edges do not cross: pixels of one, and of all together."""
SMALLEST, LARGEST = 7.0, 24.0
"""Radius in pixels: the area goes with cost."""
NAMING = ("operation", "name", "model", "tool_name", "agent_name")
"""The columns that say what a span stands for."""
Name = tuple[str, str]
"""Kind and name of what is called."""


def total(values: Iterable[float | None]) -> float | None:
    """The sum of what is known; None when nothing is."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None


@dataclass
class Sums:
    """Of the calls of a node or along an edge."""

    calls: int = 0
    errors: int = 0
    duration_ns: int = 0
    cost_usd: float | None = None

    def add(self, row: Mapping[str, Any]) -> None:
        """The sums of calls that a row tells."""
        self.join(Sums(int(row["calls"]), int(row["errors"]), int(row["duration_ns"] or 0), row["cost_usd"]))

    def join(self, other: Sums) -> None:
        """The sums of other calls of the same."""
        self.calls += other.calls
        self.errors += other.errors
        self.duration_ns += other.duration_ns
        self.cost_usd = total((self.cost_usd, other.cost_usd))


@dataclass
class Node:
    """Something that is called: an agent, a model, a tool …"""

    kind: str
    name: str
    sums: Sums = field(default_factory=Sums)
    x: float = 0.0
    y: float = 0.0
    radius: float = SMALLEST
    key: int = 0

    @property
    def hue(self) -> int:
        """Number of its hue."""
        return HUES.get(self.kind, 8)


@dataclass
class Edge:
    """Calls from one node to another."""

    source: Node
    target: Node
    sums: Sums = field(default_factory=Sums)
    back: bool = False
    """It closes a loop."""
    path: str = ""
    width: float = 1.0


@dataclass(frozen=True)
class Graph:
    """Nodes and edges with their places."""

    nodes: list[Node]
    edges: list[Edge]
    width: int
    height: int
    left_out: int
    """Nodes beyond the dearest `MOST_NODES`."""


def of_tree(tree: Tree) -> Graph:
    """The graph of one trace."""
    nodes: dict[Name, Node] = {}
    edges: dict[tuple[Name, Name], Sums] = {}
    for (above, name), places in _calls(tree).items():
        sums = _summed(tree, places)
        nodes.setdefault(name, Node(*name)).sums.join(sums)
        if above:
            edges[above, name] = sums
    return laid_out(nodes, edges)


def _calls(tree: Tree) -> dict[tuple[Name | None, Name], list[int]]:
    """Places in the tree's walk by what was called and the nearest above that stands for something."""
    found: dict[tuple[Name | None, Name], list[int]] = defaultdict(list)
    near: list[Name | None] = []
    for place, (parent, name) in enumerate(zip(tree.parents, names(tree), strict=True)):
        above = near[parent] if parent >= 0 else None
        near.append(name or above)
        if name:
            found[above, name].append(place)
    return found


def _summed(tree: Tree, places: Sequence[int]) -> Sums:
    at = [tree.order[place] for place in places]
    failed, took, cost = (map(tree.spans[column].__getitem__, at) for column in ("status", "duration_ns", "cost_usd"))
    return Sums(len(at), list(failed).count("error"), sum(filter(None, took)), total(cost))


def names(tree: Tree) -> list[Name | None]:
    """What each span of the walk stands for, as (kind, name); None for one that stands for nothing by itself."""
    columns = (tree.column(name) for name in NAMING)
    known: dict[tuple[str, ...], Name | None] = {}
    return [known[one] if one in known else known.setdefault(one, _name(one)) for one in zip(*columns, strict=True)]


def _name(values: Sequence[str]) -> Name | None:
    row = dict(zip(NAMING, values, strict=True))
    kind = KINDS.get(row["operation"])
    return (kind, named(row)) if kind else None


def named(row: Mapping[str, Any]) -> str:
    """What a span stands for."""
    kind = KINDS.get(row["operation"], "")
    own = {"model": row["model"], "reranker": row["model"], "tool": row["tool_name"], "agent": row["agent_name"]}
    return str(own.get(kind) or row["name"])


def laid_out(nodes: Mapping[Name, Node], edges: Mapping[tuple[Name, Name], Sums]) -> Graph:
    """Places for the dearest nodes: columns by the longest way from a start, rows by cost."""
    kept = sorted(nodes.values(), key=lambda node: (-(node.sums.cost_usd or 0), -node.sums.calls))[:MOST_NODES]
    chosen = {(node.kind, node.name) for node in kept}
    links = {pair: sums for pair, sums in edges.items() if pair[0] in chosen and pair[1] in chosen}
    layers = _layers(chosen, links)
    columns: dict[int, list[Node]] = defaultdict(list)
    for node in kept:
        columns[layers[node.kind, node.name]].append(node)
    rows = max((len(column) for column in columns.values()), default=1)
    apart = max(LAYER_WIDTH, min(WIDEST_LAYER, ROOM // (max(columns, default=0) + 1)))
    dearest = max((node.sums.cost_usd or 0 for node in kept), default=0) or 1
    for layer, column in columns.items():
        for place, node in enumerate(column):
            node.x = MARGIN + layer * apart
            node.y = MARGIN + (place + (rows - len(column)) / 2) * ROW_HEIGHT
            node.radius = SMALLEST + (LARGEST - SMALLEST) * sqrt((node.sums.cost_usd or 0) / dearest)
    for key, node in enumerate(kept):
        node.key = key
    busiest = max((sums.calls for sums in links.values()), default=1)
    drawn = [_edge(nodes[source], nodes[target], sums, busiest) for (source, target), sums in links.items()]
    width = MARGIN * 2 + max(columns, default=0) * apart + LAYER_WIDTH
    return Graph(kept, drawn, width, MARGIN * 2 + (rows - 1) * ROW_HEIGHT + 24, len(nodes) - len(kept))


def _layers(names: Iterable[Name], links: Iterable[tuple[Name, Name]]) -> dict[Name, int]:
    """The column of each node; an edge that would close a loop over those that were called earlier does not count."""
    graph = networkx.DiGraph()
    graph.add_nodes_from(names)
    for source, target in links:
        if source != target and not networkx.has_path(graph, target, source):
            graph.add_edge(source, target)
    return {
        node: layer for layer, generation in enumerate(networkx.topological_generations(graph)) for node in generation
    }


def _edge(source: Node, target: Node, sums: Sums, busiest: int) -> Edge:
    width = 1 + 4 * sqrt(sums.calls / busiest)
    begin, end = f"{source.x:.1f},{source.y:.1f}", f"{target.x:.1f},{target.y:.1f}"
    back = target.x <= source.x
    if source is target:
        path = f"M{source.x - 5:.1f},{source.y - source.radius:.1f} c-22,-34 32,-34 10,0"
    elif back:
        low = max(source.y, target.y) + 44
        path = f"M{begin} C{source.x:.1f},{low:.1f} {target.x:.1f},{low:.1f} {end}"
    else:
        half = (source.x + target.x) / 2
        path = f"M{begin} C{half:.1f},{source.y:.1f} {half:.1f},{target.y:.1f} {end}"
    return Edge(source, target, sums, back, path, round(width, 1))
