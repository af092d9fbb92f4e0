"""The tree of a trace's spans, however broken: rows in the order of a walk, and what is wrong, in sentences."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

NO_PARENT = ("", "0" * 16)
SKEW_NS = 1_000_000_000
"""A child may begin this much before its parent: less is said of no clock."""


@dataclass(frozen=True)
class Tree:
    """Spans in the order of a walk from the roots, parents before children, siblings by start."""

    rows: list[Mapping[str, Any]]
    """The spans, as they were read."""
    parents: list[int]
    """Place of each row's parent in `rows`; -1 for a root and for a span whose parent is not there."""
    depths: list[int]
    problems: list[str]
    """What is wrong with the trace, one sentence each; empty for a sound one."""


def build(spans: Sequence[Mapping[str, Any]], truncated: bool = False) -> Tree:
    """The tree of spans that have `span_id`, `parent_span_id`, `start_ns` and `duration_ns`."""
    first: dict[str, int] = {}
    for place, span in enumerate(spans):
        first.setdefault(span["span_id"], place)
    children: dict[int, list[int]] = defaultdict(list)
    roots, orphans = [], 0
    for place, span in enumerate(spans):
        parent = first.get(span["parent_span_id"], -1)
        if span["parent_span_id"] in NO_PARENT or parent in (-1, place):
            roots.append(place)
            orphans += span["parent_span_id"] not in NO_PARENT
        else:
            children[parent].append(place)
    walked = list(_walk(spans, roots, children))
    reached = {place for place, _, _ in walked}
    lost = [place for place in range(len(spans)) if place not in reached]
    circular = len(lost)
    while lost:  # spans that are their own ancestors: cut in at the earliest
        entry = min(lost, key=lambda place: spans[place]["start_ns"])
        walked += [step for step in _walk(spans, [entry], children) if step[0] not in reached]
        reached |= {place for place, _, _ in walked}
        lost = [place for place in lost if place not in reached]
    position = {place: number for number, (place, _, _) in enumerate(walked)}
    return Tree(
        rows=[spans[place] for place, _, _ in walked],
        parents=[position.get(parent, -1) for _, parent, _ in walked],
        depths=[depth for _, _, depth in walked],
        problems=list(_problems(spans, first, orphans, circular, truncated)),
    )


def _walk(
    spans: Sequence[Mapping[str, Any]], roots: Sequence[int], children: Mapping[int, list[int]]
) -> Iterator[tuple[int, int, int]]:
    """(place, parent's place, depth) from the roots down, each span once."""
    stack = [(place, -1, 0) for place in sorted(roots, key=lambda place: -spans[place]["start_ns"])]
    seen = set()
    while stack:
        place, parent, depth = stack.pop()
        if place in seen:
            continue
        seen.add(place)
        yield place, parent, depth
        if below := children.get(place):  # most spans have none
            latest = sorted(below, key=lambda child: (-spans[child]["start_ns"], spans[child]["span_id"]))
            stack += [(child, place, depth + 1) for child in latest]


def _problems(
    spans: Sequence[Mapping[str, Any]], first: Mapping[str, int], orphans: int, circular: int, truncated: bool
) -> Iterator[str]:
    if truncated:
        yield f"The trace has more than {len(spans):,} spans; the first {len(spans):,} are shown."
    if not any(span["parent_span_id"] in NO_PARENT for span in spans):
        yield "No span is a root: the one that began the trace is missing."
    if orphans:
        yield f"{orphans:,} {'span names a parent' if orphans == 1 else 'spans name parents'} that did not come."
    if circular:
        yield f"{circular:,} spans are their own ancestors; they are shown from the earliest on."
    twice = sum(count - 1 for count in Counter(span["span_id"] for span in spans).values())
    if twice:
        yield f"{twice:,} {'span has' if twice == 1 else 'spans have'} an id that another one has too."
    skewed = sum(
        _early(span, spans[first[span["parent_span_id"]]]) for span in spans if span["parent_span_id"] in first
    )
    if skewed:
        subject = "span begins" if skewed == 1 else "spans begin"
        yield f"{skewed:,} {subject} over a second before the parent: clocks differ."
    open_ends = sum(span["duration_ns"] is None for span in spans)
    if open_ends:
        yield f"{open_ends:,} {'span has' if open_ends == 1 else 'spans have'} no end."


def _early(span: Mapping[str, Any], parent: Mapping[str, Any]) -> bool:
    return bool(span["start_ns"] < parent["start_ns"] - SKEW_NS)
