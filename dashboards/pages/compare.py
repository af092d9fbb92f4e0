"""Two traces side by side: what the second does otherwise than the first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dashboards.asked import Asked
from dashboards.page import Page
from dashboards.pages.trace import messages, read_tree
from dashboards.trace.align import Pair, align
from dashboards.trace.totals import Totals, totals
from dashboards.trace.tree import Tree
from spanledger import sql
from spanledger.engine import Engine
from spanledger.figures import UNKNOWN, duration, energy, money, plural, short
from spanledger.moments import as_parameter

QUERIES = Path(__file__).parent.parent / "queries"
QUESTION = "What does the second trace do otherwise?"
MOST_PAIRS = 1000
MOST_MESSAGES, MOST_CHARACTERS = 500, 1500
AROUND = timedelta(days=14)
"""How far from a trace others like it are looked for."""
SHEET = ("depth", "name", "a_span_id", "b_span_id", "a_ns", "b_ns", "a_usd", "b_usd", "a_tokens", "b_tokens", "differs")
FIGURES: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("Cost", "cost_usd", money), ("Took", "duration_ns", duration), ("Energy", "energy_kwh", energy),
    ("Input tokens", "input_tokens", short), ("Output tokens", "output_tokens", short),
    ("Model calls", "llm_calls", short), ("Tools", "tool_calls", short), ("Failed spans", "errors", short),
    ("Spans", "spans", short),
)  # fmt: skip
"""(words, field of `Totals`, how it is written)."""


@dataclass(frozen=True)
class Figure:
    """A figure of both traces."""

    words: str
    a: str
    b: str
    change: str
    more: bool


@dataclass(frozen=True)
class CompareView:
    """What compare.html is given."""

    title: str
    question: str
    a: str
    b: str
    """Ids; '' where none is named yet."""
    figures: list[Figure]
    pairs: list[Pair]
    left_out: int
    """Steps beyond the first `MOST_PAIRS`."""
    candidates: list[dict[str, Any]]
    """Traces that began as the first did, when no second is named."""


def page(engine: Engine) -> Page:
    """The page over an engine; `a` and `b` of its address are ids of traces."""

    def load(asked: Asked, _path: dict[str, str]) -> CompareView:
        return read(engine, asked.value("a").strip().lower(), asked.value("b").strip().lower())

    return Page("/compare", "compare.html", load, rows=sheet, nav="Traces")


def read(engine: Engine, a: str, b: str) -> CompareView:
    """Both traces, or what the first could be compared with. NotThere for an id that is none."""
    if not a:
        return CompareView("Name two traces", QUESTION, a, b, [], [], 0, [])
    tree_a = read_tree(engine, a)
    if not b:
        found = _candidates(engine, a, tree_a.row(0))
        title = f"{plural(len(found), 'trace')} to compare with" if found else "No other trace began like this one"
        return CompareView(title, QUESTION, a, b, [], [], 0, found)
    tree_b = read_tree(engine, b)
    pairs = align(tree_a, tree_b, _answers(engine, a, tree_a), _answers(engine, b, tree_b))
    one, other = totals(tree_a.spans), totals(tree_b.spans)
    figures = [_figure(words, getattr(one, name), getattr(other, name), shown) for words, name, shown in FIGURES]
    return CompareView(
        _title(one, other, pairs), QUESTION, a, b, figures, pairs[:MOST_PAIRS], max(0, len(pairs) - MOST_PAIRS), []
    )


def _answers(engine: Engine, trace_id: str, tree: Tree) -> dict[str, str]:
    rows = messages(engine, trace_id, tree, MOST_MESSAGES, MOST_CHARACTERS)
    return {row["span_id"]: row["text"] for row in rows if row["answer"]}


def _candidates(engine: Engine, trace_id: str, root: Any) -> list[dict[str, Any]]:
    at = datetime.fromtimestamp(root["start_ns"] / 1e9, UTC)
    values = {
        "root": root["name"], "trace_id": trace_id, "from": as_parameter(at - AROUND), "to": as_parameter(at + AROUND),
        "at_ms": root["start_ns"] // 10**6,
    }  # fmt: skip
    return engine.query_guarded(sql.read(QUERIES / "compare_candidates.sql"), values).records()


def _figure(words: str, a: Any, b: Any, shown: Callable[[Any], str]) -> Figure:
    if a is None or b is None:
        return Figure(words, shown(a), shown(b), UNKNOWN, False)
    change = "the same" if a == b else f"{'+' if b > a else '−'}{shown(abs(b - a))}"
    return Figure(words, shown(a), shown(b), change, b > a)


def _title(a: Totals, b: Totals, pairs: Sequence[Pair]) -> str:
    parts = []
    if a.cost_usd is not None and b.cost_usd is not None and a.cost_usd != b.cost_usd:
        parts.append(f"costs {money(abs(b.cost_usd - a.cost_usd))} {'more' if b.cost_usd > a.cost_usd else 'less'}")
    if a.duration_ns != b.duration_ns:
        slower = b.duration_ns > a.duration_ns
        parts.append(f"takes {duration(abs(b.duration_ns - a.duration_ns))} {'longer' if slower else 'less'}")
    alone = sum(not pair.a or not pair.b for pair in pairs)
    parts.append(f"has {plural(alone, 'step')} of its own or missing" if alone else "has the same steps")
    return f"The second {', '.join(parts)}"


def sheet(view: CompareView) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    """Steps side by side for CSV."""
    return SHEET, [
        [
            pair.depth, pair.name,
            *(getattr(side, name) if side else None for name in ("span_id", "took", "cost_usd", "tokens")
              for side in (pair.a, pair.b)),
            ", ".join(pair.marks),
        ]
        for pair in view.pairs
    ]  # fmt: skip
