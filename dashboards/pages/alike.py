"""Who else looks like this: settled traces of the same kind whose figures are near those of one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboards.asked import Asked
from dashboards.page import NotThere, Page
from dashboards.pages.trace import TRACE_ID
from spanledger import sql
from spanledger.engine import Engine
from spanledger.figures import money, percent, plural

QUERIES = Path(__file__).parent.parent / "queries"
MOST = 50
NEAR = 3.0
"""Doublings, over all figures together, within which a trace is told to look the same."""
FAILED = ("error", "failure")
SHEET = (
    "trace_id", "distance", "tenant", "task_outcome", "started", "duration_ns", "spans", "llm_calls", "tool_calls",
    "errors", "repeats", "cost_usd", "energy_kwh",
)  # fmt: skip


@dataclass(frozen=True)
class AlikeView:
    """What alike.html is given."""

    title: str
    question: str
    trace_id: str
    kind: int
    """Traces of the same kind within a week, this one not counted."""
    near: int
    """Of those that are listed, how many look the same."""
    traces: list[dict[str, Any]]
    sql: str


def page(engine: Engine) -> Page:
    """The page over an engine."""

    def load(_asked: Asked, path: dict[str, str]) -> AlikeView:
        return read(engine, path["trace_id"].lower())

    return Page("/traces/{trace_id}/alike", "alike.html", load, rows=sheet, nav="Traces")


def read(engine: Engine, trace_id: str) -> AlikeView:
    """The traces that are most like this one; NotThere when it is not settled."""
    values = {"trace_id": trace_id}
    settled = (
        engine.query_guarded(sql.read(QUERIES / "trace_settled.sql"), values).rows if TRACE_ID.match(trace_id) else []
    )
    if not settled:
        raise NotThere("There is no settled trace of this id. A trace settles when it has been quiet for a minute.")
    statement = sql.read(QUERIES / "trace_alike.sql")
    found = engine.query_guarded(statement, values | {"limit": MOST}).records()
    near = [trace for trace in found if trace["distance"] <= NEAR]
    return AlikeView(
        title=_title(near, len(near) == MOST),
        question="Who else looks like this?",
        trace_id=trace_id,
        kind=int(found[0]["kind"]) if found else 0,
        near=len(near),
        traces=found,
        sql=statement,
    )


def sheet(view: AlikeView) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    """As a table for CSV."""
    return SHEET, [[trace[name] for name in SHEET] for trace in view.traces]


def _title(near: list[dict[str, Any]], more: bool) -> str:
    if not near:
        return "No other trace looks like this one"
    costs = [trace["cost_usd"] for trace in near if trace["cost_usd"] is not None]
    failed = sum(trace["task_outcome"] in FAILED or trace["errors"] > 0 for trace in near)
    tenants = len({trace["tenant"] for trace in near})
    each = f", {money(sum(costs) / len(costs))} each" if costs else ""
    share = f", {percent(failed / len(near))} with errors" if failed else ""
    many = f"{MOST}+ traces" if more else plural(len(near), "trace")
    look = "looks" if len(near) == 1 else "look"
    return f"{many} of {plural(tenants, 'tenant')} {look} like this one{each}{share}"
