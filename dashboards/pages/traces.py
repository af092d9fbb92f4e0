"""Traces of a range: the newest, the dearest, the slowest, by a filter over their spans."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboards.asked import Asked
from dashboards.page import Page
from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import BadRequest
from spanledger.figures import money, plural
from spanledger.filters import BadFilter, compile_filter

QUERY = Path(__file__).parent.parent / "queries" / "traces_list.sql"
MOST = 200
QUESTION = "Which traces?"
ORDERS = {"newest": "newest", "cost": "cost", "duration": "longest", "errors": "most errors"}
SHEET = (
    "trace_id",
    "root_name",
    "tenant",
    "task_outcome",
    "started",
    "duration_ns",
    "spans",
    "errors",
    "cost_usd",
    "energy_kwh",
)


@dataclass(frozen=True)
class TracesView:
    """What traces.html is given."""

    title: str
    question: str
    traces: list[dict[str, Any]]
    filter: str
    problem: str
    """Why the filter can't be understood, or ''."""
    position: int
    order: str
    orders: dict[str, str]
    more: bool
    sql: str


def page(engine: Engine) -> Page:
    """The page over an engine."""

    def load(asked: Asked, _path: dict[str, str]) -> TracesView:
        return read(engine, asked)

    return Page("/traces", "traces.html", load, rows=sheet, nav="Traces")


def read(engine: Engine, asked: Asked) -> TracesView:
    """The traces that were asked for; a wrong filter shows none and says why."""
    order, text = asked.value("order", "newest"), asked.value("filter")
    if order not in ORDERS:
        raise BadRequest(f"order is one of {', '.join(ORDERS)}, not {order[:40]!r}.")
    try:
        condition = compile_filter(text)
    except BadFilter as error:
        title = "The filter can't be understood"
        return TracesView(title, QUESTION, [], text, str(error), error.position, order, ORDERS, False, "")
    values = {**condition.parameters, **asked.parameters()}
    statement = sql.read(QUERY).replace("FILTER", condition.sql)
    limits = {"filtered": int(bool(text.strip())), "order": order, "limit": MOST + 1}
    found = engine.query_guarded(statement, values | limits).records()
    shown = sql.read(QUERY).replace("FILTER", condition.inlined())
    more = len(found) > MOST
    return TracesView(_title(found[:MOST], more), QUESTION, found[:MOST], text, "", 0, order, ORDERS, more, shown)


def _title(traces: list[dict[str, Any]], more: bool) -> str:
    if more:
        return f"{MOST}+ traces"
    cost = sum(trace["cost_usd"] or 0 for trace in traces)
    return plural(len(traces), "trace") + (f", {money(cost)}" if traces else "")


def sheet(view: TracesView) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    """As a table for CSV."""
    return SHEET, [[trace[name] for name in SHEET] for trace in view.traces]
