"""What the waterfall of a trace draws: its spans by column."""

from __future__ import annotations

from itertools import compress
from typing import Any

from dashboards.trace.graph import KINDS, names
from dashboards.trace.tree import Tree

LONGEST_NAME = 200
"""Characters of a name that are sent."""


def columns(tree: Tree) -> dict[str, list[Any]]:
    """Spans by column in the order of the walk, times in microseconds from the first start."""
    begin = min(tree.spans["start_ns"])
    kinds = [KINDS.get(operation, "") for operation in tree.column("operation")]
    return {
        "id": tree.column("span_id"),
        "parent": tree.parents,
        "depth": tree.depths,
        "name": [name[:LONGEST_NAME] for name in tree.column("name")],
        "kind": kinds,
        "node": [name[1][:LONGEST_NAME] if name else "" for name in names(tree)],
        "start": [(start - begin) // 1000 for start in tree.column("start_ns")],
        "took": [None if took is None else took // 1000 for took in tree.column("duration_ns")],
        "error": [int(status == "error") for status in tree.column("status")],
        "retry": [int(attempt > 0) for attempt in tree.column("attempt")],
        "again": _again(tree, [kind == "tool" for kind in kinds]),
        "cost": tree.column("cost_usd"),
        "tokens": [None if read is None and written is None else (read or 0) + (written or 0)
                   for read, written in zip(tree.column("input_tokens"), tree.column("output_tokens"), strict=True)],
        "kwh": tree.column("energy_kwh"),
        "critical": _critical(tree),
    }  # fmt: skip


def _again(tree: Tree, tools: list[bool]) -> list[int]:
    """1 for a call of a tool with arguments with which the trace has called it before."""
    starts, tool, arguments = (tree.column(name) for name in ("start_ns", "tool_name", "tool_arguments_hash"))
    seen: set[tuple[str, str]] = set()
    marked = [0] * len(starts)
    for place in sorted(compress(range(len(starts)), tools), key=starts.__getitem__):
        call = (tool[place], arguments[place])
        marked[place] = int(all(call) and call in seen)
        seen.add(call)
    return marked


def _critical(tree: Tree) -> list[int]:
    """1 for spans on the critical path: from the root's end back, the child that ended last, and so on within each."""
    starts, took = tree.column("start_ns"), tree.column("duration_ns")
    ends = [start + (long or 0) for start, long in zip(starts, took, strict=True)]
    children: list[list[int]] = [[] for _ in starts]
    for place, parent in enumerate(tree.parents):
        if parent >= 0:
            children[parent].append(place)
    marked = [0] * len(starts)
    roots = [place for place, parent in enumerate(tree.parents) if parent < 0]
    stack = [max(roots, key=ends.__getitem__)] if roots else []
    while stack:
        place = stack.pop()
        marked[place] = 1
        until = ends[place]
        for child in sorted(children[place], key=ends.__getitem__, reverse=True):
            if ends[child] <= until:
                stack.append(child)
                until = starts[child]
    return marked
