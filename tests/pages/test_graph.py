"""How traces end by what calls what in them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest

from dashboards.asked import Asked
from dashboards.asked import read as asked
from dashboards.pages.graph import Ended, read, sheet
from spanledger.access import Scope, within
from spanledger.engine import Engine
from spanledger.filters import compile_filter

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
PATHS = (
    # what the agent calls (the first search calls a page too), traces, of them good, source of the outcome
    ("planner", ("search", "search"), 10, 5, "evaluation"),
    ("planner", ("calculate",), 10, 9, "attribute"),
    ("helper", ("search",), 4, 4, "status"),
    ("helper", ("search",), 3, 0, "none"),
)


def _rows() -> Iterator[dict[str, object]]:
    """Settled traces; good ones of three spellings, bad ones of words that nobody knows."""
    number = 0
    for agent, tools, many, good, source in PATHS:
        for place in range(many):
            number += 1
            yield {
                "anchor": "2026-11-20 12:00:00", "started_at": "2026-11-20 12:00:00", "trace_id": f"{number:032x}",
                "tenant": "acme" if place % 2 else "blue", "task_outcome_source": source, "version": 1,
                "task_outcome": ("Success", "ok", "resolved")[place % 3] if place < good else "given up",
                "edges.type": ["nesting"] * len(tools), "edges.from_kind": ["agent"] * len(tools),
                "edges.from_name": [agent] * len(tools), "edges.to_kind": ["tool"] * len(tools),
                "edges.to_name": list(tools), "edges.count": [1] * len(tools), "edges.errors": [0] * len(tools),
                "edges.duration_ns": [1] * len(tools), "edges.cost_usd": [None] * len(tools),
            }  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _settled(engine: Engine) -> Iterator[None]:
    body = b"\n".join(map(orjson.dumps, _rows()))
    engine.insert_raw("settled_traces", body, "JSONEachRow", {"insert_deduplicate": 0})
    yield
    engine.command("TRUNCATE TABLE settled_traces SYNC")


def day(**values: str) -> Asked:
    return asked("/graph", {"from": "2026-11-20T00:00Z", "to": "2026-11-21T00:00Z", **values}, AT)


def test_a_seam_is_laid_beside_its_ends_without_it(engine: Engine) -> None:
    view = read(engine, day())
    seams = {(seam.source[1], seam.target[1]): seam for seam in view.seams}
    seam = seams["planner", "search"]
    assert (seam.ended, seam.source_alone, seam.target_alone) == (Ended(10, 5), Ended(10, 9), Ended(4, 4))
    assert (seam.ended.share, seam.source_alone.share) == (0.5, 0.9)
    only = seams["planner", "calculate"]
    assert (only.ended, only.target_alone, only.target_alone.share) == (Ended(10, 9), Ended(), None)
    names, rows = sheet(view)
    [row] = [row for row in rows if row[1:4:2] == ["planner", "search"]]
    assert dict(zip(names, row, strict=True))["to_alone_ended_well"] == 4


def test_a_seam_leads_to_its_traces(engine: Engine) -> None:
    view = read(engine, day())
    place = next(at for at, seam in enumerate(view.seams) if seam.source[1] == "helper")
    filters = [parse_qs(urlsplit(link).query)["filter"][0] for link in view.seam_links[place]]
    calls = 'tool_name = "search" and ancestor(agent_name = "helper")'
    assert filters == [calls, f"{calls} and status = error"]
    assert all(compile_filter(each) for each in filters)


def test_a_key_of_one_tenant_counts_its_traces(engine: Engine) -> None:
    with within(Scope(("acme",))):
        seams = {(seam.source[1], seam.target[1]): seam.ended for seam in read(engine, day()).seams}
    assert seams["helper", "search"] == Ended(2, 2)
