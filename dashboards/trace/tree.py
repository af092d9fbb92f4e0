"""The tree of a trace's spans, however broken: an order to walk them in, and what is wrong, in sentences.

Spans stay as they were read, by column: of ten thousand, a picture reads a few columns and needs no row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

NO_PARENT = ("", "0" * 16)
SKEW_NS = 1_000_000_000
"""A child may begin this much before its parent: less is said of no clock."""
Columns = Mapping[str, Sequence[Any]]
"""Values by the name of a column, all of one length."""


@dataclass(frozen=True)
class Tree:
    """Spans in the order of a walk from the roots: parents before children, siblings by start."""

    spans: Columns
    """The spans, as they were read."""
    order: Sequence[int]
    """The walk: places in `spans`."""
    parents: list[int]
    """By the walk: where in it each span's parent stands; -1 for a root and for a span whose parent is not there."""
    depths: list[int]
    problems: list[str]
    """What is wrong with the trace, one sentence each; empty for a sound one."""

    def column(self, name: str) -> list[Any]:
        """A column in the order of the walk."""
        return list(map(self.spans[name].__getitem__, self.order))

    def row(self, place: int) -> dict[str, Any]:
        """The span at a place of the walk."""
        at = self.order[place]
        return {name: values[at] for name, values in self.spans.items()}

    @cached_property
    def rows(self) -> list[Mapping[str, Any]]:
        """All spans in the order of the walk."""
        return [self.row(place) for place in range(len(self.order))]


def build(spans: Columns, truncated: bool = False) -> Tree:
    """The tree of spans that have `span_id`, `parent_span_id`, `start_ns` and `duration_ns`."""
    ids, named = spans["span_id"], spans["parent_span_id"]
    first = dict(zip(reversed(ids), range(len(ids) - 1, -1, -1), strict=True))  # of an id that comes twice the first
    for none in NO_PARENT:
        first.pop(none, None)
    above = [first.get(parent, -1) for parent in named]
    above = [-1 if parent == place else parent for place, parent in enumerate(above)]
    unnamed = sum(map(named.count, NO_PARENT))
    orphans = above.count(-1) - unnamed
    early = sum(_begins_early(spans["start_ns"], above))
    order, circular = _walk(spans["start_ns"], ids, above)
    position, depth = [-1] * len(ids), [0] * len(ids)
    for number, place in enumerate(order):
        position[place] = number
        if above[place] >= 0:
            depth[place] = depth[above[place]] + 1
    return Tree(
        spans=spans,
        order=order,
        parents=[position[above[place]] if above[place] >= 0 else -1 for place in order],
        depths=[depth[place] for place in order],
        problems=[
            *_incomplete(len(ids), truncated, unnamed, orphans, circular),
            *_doubtful(len(ids) - len(set(ids)), early, spans["duration_ns"].count(None)),
        ],
    )


def _walk(starts: Sequence[int], ids: Sequence[str], above: list[int]) -> tuple[list[int], int]:
    """Places from the roots down, each once, and how many spans are below no root.

    Those are their own ancestors, or hang on such: they are cut in at the earliest, which becomes a root in `above`.
    """
    children: list[list[int]] = [[] for _ in above]
    latest = sorted(range(len(above)), key=lambda place: (starts[place], ids[place]), reverse=True)
    for place in latest:
        if above[place] >= 0:
            children[above[place]].append(place)
    order = list(_below([place for place in latest if above[place] < 0], children))
    circular = len(above) - len(order)
    if circular:
        reached = set(order)
        for entry in reversed(latest):
            if entry not in reached:
                children[above[entry]].remove(entry)
                above[entry] = -1
                found = list(_below([entry], children))
                reached.update(found)
                order += found
    return order, circular


def _below(stack: list[int], children: Sequence[list[int]]) -> Iterator[int]:
    """The places on the stack, the last first, each followed by all below it."""
    while stack:
        place = stack.pop()
        yield place
        if children[place]:  # most spans have none
            stack += children[place]


def _begins_early(starts: Sequence[int], above: Sequence[int]) -> Iterator[bool]:
    for start, parent in zip(starts, above, strict=True):
        if parent >= 0:
            yield start < starts[parent] - SKEW_NS


def _incomplete(many: int, truncated: bool, unnamed: int, orphans: int, circular: int) -> Iterator[str]:
    """What of the tree is missing. `unnamed`: spans that name no parent."""
    if truncated:
        yield f"The trace has more than {many:,} spans; the first {many:,} are shown."
    if not unnamed:
        yield "No span is a root: the one that began the trace is missing."
    if orphans:
        yield f"{orphans:,} {'span names a parent' if orphans == 1 else 'spans name parents'} that did not come."
    if circular:
        yield f"{circular:,} spans are their own ancestors; they are shown from the earliest on."


def _doubtful(twice: int, early: int, open_ends: int) -> Iterator[str]:
    """What single spans tell wrongly."""
    if twice:
        yield f"{twice:,} {'span has' if twice == 1 else 'spans have'} an id that another one has too."
    if early:
        subject = "span begins" if early == 1 else "spans begin"
        yield f"{early:,} {subject} over a second before the parent: clocks differ."
    if open_ends:
        yield f"{open_ends:,} {'span has' if open_ends == 1 else 'spans have'} no end."
