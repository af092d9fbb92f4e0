"""Two traces laid beside each other: which step of one is which step of the other, and what differs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from dashboards.trace.graph import KINDS, named
from dashboards.trace.tree import Tree

MOST_MATCHED = 300
"""Children of one span that are matched by their order; of more, the n-th of a name is paired with the n-th."""
TELLING = 0.1
"""A figure that differs by this share is marked, ..."""
FLOORS = {"took": 50_000_000, "cost_usd": 0.0001, "tokens": 10}
"""... when it differs by this much too: nanoseconds, dollars, tokens."""
Row = Mapping[str, Any]
Match = tuple[int | None, int | None]
"""Places in the first and the second trace; None where a step has no partner."""


@dataclass(frozen=True)
class Side:
    """A step of one of the traces."""

    span_id: str
    name: str
    took: int | None
    """Nanoseconds."""
    cost_usd: float | None
    tokens: int | None
    failed: bool
    answer: str
    """What it said, shortened, or '' where nothing is stored."""


@dataclass(frozen=True)
class Pair:
    """A step in both traces, or in one of them."""

    depth: int
    kind: str
    a: Side | None
    b: Side | None
    marks: list[str]
    """Which of took, cost_usd, tokens, failed, answer, name, arguments, result differ."""

    @property
    def name(self) -> str:
        """Of the first that has it."""
        side = self.a or self.b
        return side.name if side else ""


Answers = Mapping[str, str]
"""Text by span id."""


def align(a: Tree, b: Tree, answers_a: Answers, answers_b: Answers) -> list[Pair]:
    """All steps of both in the order of a walk."""
    below_a, below_b = _children(a), _children(b)
    stack: list[tuple[int, int | None, int | None]] = [
        (0, left, right) for left, right in reversed(_matched(a, b, below_a[-1], below_b[-1]))
    ]
    found = []
    while stack:
        depth, left, right = stack.pop()
        found.append(_pair(depth, _row(a, left), _row(b, right), answers_a, answers_b))
        ours = below_a[left] if left is not None else []
        theirs = below_b[right] if right is not None else []
        stack += [(depth + 1, *each) for each in reversed(_matched(a, b, ours, theirs))]
    return found


def _children(tree: Tree) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for place, parent in enumerate(tree.parents):
        found[parent if parent < place else -1].append(place)
    return found


def _row(tree: Tree, place: int | None) -> Row | None:
    return None if place is None else tree.rows[place]


def _key(row: Row) -> tuple[str, str]:
    return KINDS.get(row["operation"], ""), named(row) if row["operation"] in KINDS else row["name"]


def _matched(a: Tree, b: Tree, ours: Sequence[int], theirs: Sequence[int]) -> list[Match]:
    """Children of a pair, matched by kind and name, in order; what has no partner stands alone."""
    if max(len(ours), len(theirs)) > MOST_MATCHED:
        return list(_by_count(a, b, ours, theirs))
    keys_a, keys_b = [_key(a.rows[place]) for place in ours], [_key(b.rows[place]) for place in theirs]
    found: list[Match] = []
    for tag, from_a, to_a, from_b, to_b in SequenceMatcher(None, keys_a, keys_b, autojunk=False).get_opcodes():
        left, right = ours[from_a:to_a], theirs[from_b:to_b]
        if tag == "equal":
            found += zip(left, right, strict=True)
        else:
            found += _of_one_kind(a, b, left, right)
    return found


def _of_one_kind(a: Tree, b: Tree, left: Sequence[int], right: Sequence[int]) -> Iterator[Match]:
    """Steps at one place whose names differ: those of one kind are the same step by another name."""
    free: dict[str, list[int]] = defaultdict(list)
    for place in right:
        free[_key(b.rows[place])[0]].append(place)
    for place in left:
        same = free[_key(a.rows[place])[0]]
        yield place, same.pop(0) if same else None
    rest = {place for places in free.values() for place in places}
    yield from ((None, place) for place in right if place in rest)


def _by_count(a: Tree, b: Tree, ours: Sequence[int], theirs: Sequence[int]) -> Iterator[Match]:
    free: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place in reversed(theirs):
        free[_key(b.rows[place])].append(place)
    for place in ours:
        same = free[_key(a.rows[place])]
        yield place, same.pop() if same else None
    rest = {place for places in free.values() for place in places}
    yield from ((None, place) for place in theirs if place in rest)


def _pair(depth: int, left: Row | None, right: Row | None, answers_a: Answers, answers_b: Answers) -> Pair:
    a, b = _side(left, answers_a), _side(right, answers_b)
    row = left or right
    kind = KINDS.get(row["operation"], "") if row else ""
    return Pair(depth, kind, a, b, list(_marks(a, b, left, right)) if a and b and left and right else [])


def _side(row: Row | None, answers: Answers) -> Side | None:
    if row is None:
        return None
    counted = [row[name] for name in ("input_tokens", "output_tokens") if row[name] is not None]
    return Side(
        row["span_id"], _key(row)[1][:200], row["duration_ns"], row["cost_usd"], sum(counted) if counted else None,
        row["status"] == "error", answers.get(row["span_id"], ""),
    )  # fmt: skip


def _marks(a: Side, b: Side, left: Row, right: Row) -> Iterator[str]:
    for name, floor in FLOORS.items():
        one, other = getattr(a, name), getattr(b, name)
        if one is not None and other is not None and abs(other - one) >= max(floor, TELLING * one):
            yield name
    for name in ("failed", "answer", "name"):
        if getattr(a, name) != getattr(b, name):
            yield name
    for name in ("arguments", "result"):
        column = f"tool_{name}_hash"
        if left.get(column) != right.get(column):
            yield name
