"""One finding: what, who, how much, since when, and all that shows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter, Response

from dashboards.asked import Asked
from dashboards.boards.charts import CHARTS
from dashboards.boards.sections import Facts, Table, sections
from dashboards.charts import response
from dashboards.marks import Mark
from dashboards.page import NotThere, Page
from dashboards.rooms import Triages
from dashboards.runbooks import runbook
from dashboards.triage_picture import began, picture
from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import SpanledgerError

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
    triage: dict[str, Any] | None
    """The five surfaces; None for reports, and where they can't be had."""
    marks: list[Mark]
    """What else began in the time that its picture shows."""
    no_triage: str
    """Why they can't be had, or ''."""
    runbook: str
    """Address, or '' when there is none."""


def page(engine: Engine, triages: Triages | None) -> Page:
    """The page over an engine."""

    def load(asked: Asked, path: dict[str, str]) -> FindingView:
        return read(engine, path["finding_id"], asked, triages)

    return Page("/findings/{finding_id}", "finding.html", load, default_range="7d", nav="Now")


def add_picture(routes: APIRouter, engine: Engine, triages: Triages) -> None:
    """The picture of a finding's triage, as SVG; 204 where there is nothing to draw."""

    @routes.get("/triage/{finding_id}.svg")
    def drawn(finding_id: str) -> Response:
        triage = triages.finding(finding_id)
        chart = picture(triage, began(engine, triage, finding_id))
        return response(chart) if chart is not None else Response(status_code=204)


def read(engine: Engine, finding_id: str, asked: Asked, triages: Triages | None) -> FindingView:
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
    triage, others, no_triage = _triage(engine, triages, finding)
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
        triage=triage,
        marks=others,
        no_triage=no_triage,
        runbook=f"/runbooks/{finding['kind']}" if runbook(finding["kind"]) else "",
    )


def _triage(
    engine: Engine, triages: Triages | None, finding: dict[str, Any]
) -> tuple[dict[str, Any] | None, list[Mark], str]:
    """With what else began. A page is not lost for a triage that takes too long."""
    if triages is None or finding["severity"] == "digest":
        return None, [], ""
    try:
        triage = triages.finding(finding["finding_id"])
        return triage, began(engine, triage, finding["finding_id"]), ""
    except SpanledgerError as error:
        return None, [], str(error)
