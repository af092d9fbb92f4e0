"""The boards: for each job its newest report, what is open, and the numbers behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from dashboards import asked as urls
from dashboards import marks
from dashboards.asked import Asked
from dashboards.boards.board import BOARDS, Board
from dashboards.boards.charts import CHARTS, OVER_TIME
from dashboards.boards.sections import Facts, Table, sections
from dashboards.charts import response
from dashboards.marks import Mark, marked
from dashboards.page import Page
from spanledger import sql
from spanledger.engine import Engine
from spanledger.figures import moment, money, plural

QUERIES = Path(__file__).parent.parent / "queries"
SHEET = (
    "severity",
    "state",
    "kind",
    "title",
    "summary",
    "first_seen",
    "last_seen",
    "cost_usd",
    "energy_kwh",
    "finding_id",
)


@dataclass(frozen=True)
class BoardView:
    """What board.html is given."""

    title: str
    question: str
    board: Board
    findings: list[dict[str, Any]]
    """Open and seen in the range, reports left out."""
    report: dict[str, Any] | None
    sections: list[Table | Facts]
    charts: list[tuple[str, str]]
    """(address, what it shows)."""
    run: dict[str, Any] | None
    """The newest run, or None when the job has not run."""


def pages(engine: Engine) -> list[Page]:
    """A page for each board."""
    return [_page(engine, board) for board in BOARDS]


def add_charts(routes: APIRouter, engine: Engine) -> None:
    """The charts of the boards and of findings, as SVG; 204 where there is nothing to draw."""

    @routes.get("/charts/{finding_id}/{name}.svg")
    def chart(finding_id: str, name: str, request: Request) -> Response:  # noqa: ARG001  (one signature)
        found = engine.query_guarded(sql.read(QUERIES / "finding.sql"), {"finding_id": finding_id}).records()
        details = orjson.loads(found[0]["details"]) if found else {}
        drawn = CHARTS[name][0](details) if name in CHARTS else None
        if drawn is None:
            return Response(status_code=204)
        return response(marked(drawn, _began(engine, details)) if name in OVER_TIME else drawn)


def _began(engine: Engine, details: Mapping[str, Any]) -> list[Mark]:
    """What began within the hours of a report's series."""
    hours = sorted(urls.moment(point["at"], "at") for point in details["series"])
    return marks.read(engine, hours[0], hours[-1] + timedelta(hours=1))


def _page(engine: Engine, board: Board) -> Page:
    def load(asked: Asked, _path: dict[str, str]) -> BoardView:
        return read(engine, board, asked)

    return Page(board.path, "board.html", load, rows=sheet, default_range="7d", nav=board.name)


def read(engine: Engine, board: Board, asked: Asked) -> BoardView:
    """The board as of the end of the range."""
    times = asked.parameters()
    found = engine.query_guarded(sql.read(QUERIES / "findings_of_job.sql"), {"job": board.job, **times}).records()
    kept = [each for each in found if each["kind"] != board.report or each["severity"] != "digest"]
    values = {"job": board.job, "kind": board.report, "to": times["to"]}
    report = next(iter(engine.query_guarded(sql.read(QUERIES / "report_of_job.sql"), values).records()), None)
    details = orjson.loads(report["details"]) if report else {}
    run = next(iter(engine.query_guarded(sql.read(QUERIES / "runs_of_job.sql"), {"job": board.job}).records()), None)
    return BoardView(
        title=_title(kept, report, run),
        question=board.question,
        board=board,
        findings=kept,
        report=report,
        sections=list(sections(details, skip=board.skip)),
        charts=[(f"/charts/{report['finding_id']}/{name}.svg", CHARTS[name][1]) for name in board.charts]
        if report
        else [],
        run=run,
    )


def _title(findings: list[dict[str, Any]], report: dict[str, Any] | None, run: dict[str, Any] | None) -> str:
    """What hurts most, else what the report says, else why there is none."""
    loud = [each for each in findings if each["severity"] != "digest" and each["state"] == "open"]
    if len(loud) > 1:
        known = [each["cost_usd"] for each in loud if each["cost_usd"] is not None]
        return f"{plural(len(loud), 'open finding')}" + (f", {money(sum(known))}" if known else "")
    if loud:
        return str(loud[0]["title"])
    if report:
        return str(report["title"])
    if run is None:
        return "This job has not run yet"
    return f"Nothing to say up to {moment(urls.moment(run['window_to'], 'window'))}"


def sheet(view: BoardView) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    """Its findings as a table for CSV."""
    return SHEET, [[each[name] for name in SHEET] for each in view.findings]
