"""One finding: what, who, how much, since when, and all that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from dashboards.asked import Asked
from dashboards.boards.charts import CHARTS
from dashboards.boards.sections import Facts, Table, sections
from dashboards.page import NotThere, Page
from spanledger import sql
from spanledger.engine import Engine

QUERIES = Path(__file__).parent.parent / "queries"
DRAWN = {
    "concentration": ("lorenz", "whale"), "hit_rate": ("hit_rate",), "drop": ("hit_rate",),
    "retry_waste": ("waste", "chains"), "reprompt_chain": ("chains",), "report": ("carbon",), "drift": ("words",),
}  # fmt: skip
"""Charts of a kind; those whose numbers are missing are not shown."""


@dataclass(frozen=True)
class FindingView:
    """What finding.html is given."""

    title: str
    question: str
    finding: dict[str, Any]
    sections: list[Table | Facts]
    charts: list[tuple[str, str]]
    before: str
    """Address of the finding before this one in the list of open ones, or ''."""
    behind: str


def page(engine: Engine) -> Page:
    """The page over an engine."""

    def load(asked: Asked, path: dict[str, str]) -> FindingView:
        return read(engine, path["finding_id"], asked)

    return Page("/findings/{finding_id}", "finding.html", load, default_range="7d", nav="Now")


def read(engine: Engine, finding_id: str, asked: Asked) -> FindingView:
    """The finding, and its neighbours among those that are open."""
    found = engine.query_guarded(sql.read(QUERIES / "finding.sql"), {"finding_id": finding_id}).records()
    if not found:
        raise NotThere(f"There is no finding {finding_id[:80]}.")
    finding = found[0]
    details = orjson.loads(finding["details"] or "{}")
    values = {"job": "", **asked.parameters()}
    ids = [
        each["finding_id"] for each in engine.query_guarded(sql.read(QUERIES / "findings_of_job.sql"), values).records()
    ]
    place = ids.index(finding_id) if finding_id in ids else -1
    skip = ("lorenz", "whale_curve", "series", "chain_lengths", "words_more", "words_less", "reconcile")
    return FindingView(
        title=finding["title"],
        question=f"{finding['severity']} of {finding['job']}, {finding['state']}",
        finding=finding,
        sections=list(sections(details, skip=skip)),
        charts=[
            (f"/charts/{finding_id}/{name}.svg", CHARTS[name][1])
            for name in DRAWN.get(finding["kind"], ())
            if CHARTS[name][0](details) is not None
        ],
        before=f"/findings/{ids[place - 1]}" if place > 0 else "",
        behind=f"/findings/{ids[place + 1]}" if 0 <= place < len(ids) - 1 else "",
    )
