"""The HTTP API and the pages, as one ASGI app over an engine."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Annotated, Any

import orjson
from fastapi import FastAPI, Header, Response
from fastapi import Path as InPath
from fastapi.responses import PlainTextResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

import dashboards
import spanledger
from api import (
    admin,
    alerts,
    carbon,
    energy,
    explore,
    export,
    findings,
    jobs,
    keys,
    login,
    money,
    problems,
    resources,
    scores,
    spans,
    triage,
)
from api.admin import QuarantineRoom
from api.alerts import AlertsRoom
from api.doorkeeper import Doorkeeper
from api.jobs import JobsRoom
from api.scores import ScoresRoom
from api.slots import Slots
from api.status import Status
from api.triage import TriageOf
from dashboards import Explain, Rooms
from spanledger import guard
from spanledger import sql as sql_files
from spanledger.access import lifted, of_request
from spanledger.access.office import Office
from spanledger.engine import Engine
from spanledger.errors import LimitExceeded
from spanledger.settings import Settings

TRACE = Path(__file__).with_name("trace.sql")

MAX_QUERIES = 8
"""Queries of the API that run at once; more are asked to come again, so that memory stays bounded."""

MAX_SPANS_OF_A_TRACE = 10_000
"""Spans in one answer of the trace route."""

TOO_MANY_ROWS = 396
"""ClickHouse's code for an answer with too many rows."""

LINES = "application/x-ndjson"
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Scalar = str | bool | int | FiniteFloat | None
ParameterName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=100)]


class Query(BaseModel):
    """One read-only statement; `{name:Type}` in it takes the value `name` of `parameters`."""

    model_config = ConfigDict(extra="forbid")

    sql: str = Field(min_length=1, examples=["SELECT tenant, count() FROM spans WHERE service = {s:String} GROUP BY 1"])
    parameters: dict[ParameterName, Scalar | list[Scalar]] = Field(default_factory=dict, examples=[{"s": "checkout"}])


class Column(BaseModel):
    """A column of an answer, with ClickHouse's name of its type."""

    name: str
    type: str


class QueryAnswer(BaseModel):
    """Rows in the order of `columns`. Integers of 64 bits are numbers; NaN and infinities are null."""

    columns: list[Column]
    rows: list[list[Any]]
    elapsed_ms: float
    rows_read: int | None = Field(description="Null with a key of some tenants: it would tell of the others.")


class Trace(BaseModel):
    """The spans of one trace by start, each with all columns of `spans`."""

    trace_id: str
    spans: list[dict[str, Any]]
    truncated: bool = Field(description=f"True when the trace has more than {MAX_SPANS_OF_A_TRACE:,} spans.")


class Problem(BaseModel):
    """An error, as RFC 9457 has it; `code` is ClickHouse's where the engine raised it."""

    type: str
    title: str
    status: int
    detail: str
    code: int | None = None


def create_app(  # noqa: PLR0913  (one parameter a room)
    engine: Engine,
    settings: Settings,
    status: Status,
    quarantine: QuarantineRoom,
    analyses: JobsRoom,
    *,
    alarms: AlertsRoom | None = None,
    triages: TriageOf | None = None,
    explain: Explain | None = None,
    office: Office | None = None,
    judgements: ScoresRoom | None = None,
) -> FastAPI:
    """The app that `spanledger serve` runs; nothing in it outlives `engine`. Who starts it starts its `office`."""
    office = office or Office(engine, settings)
    app = FastAPI(
        title="spanledger",
        version=spanledger.__version__,
        docs_url=None,
        redoc_url=None,
        responses={"default": {"model": Problem, "description": "A problem", "content": {problems.MEDIA_TYPE: {}}}},
    )
    problems.install(app)
    app.add_middleware(Doorkeeper, engine=engine, settings=settings, office=office)
    _add_probes(app, status)
    slots = Slots(MAX_QUERIES, "queries")
    _add_reads(app, engine, slots, settings.query_max_rows)
    app.include_router(resources.router(engine, slots))
    app.include_router(export.router(engine))
    app.include_router(spans.router(engine, slots))
    app.include_router(explore.router(engine, slots))
    app.include_router(admin.router(engine, quarantine))
    app.include_router(money.router(engine))
    app.include_router(energy.router(engine, settings))
    app.include_router(jobs.router(analyses))
    app.include_router(findings.router(engine))
    if alarms is not None:
        app.include_router(alerts.router(alarms))
    if triages is not None:
        app.include_router(triage.router(triages))
    if judgements is not None:
        app.include_router(scores.router(judgements))
    app.include_router(carbon.router(engine))
    app.include_router(keys.router(office.store, office.audit))
    app.include_router(login.router(office.ring, office.sessions, office.audit))
    app.include_router(dashboards.router(engine, settings, Rooms(alarms, explain, triages)))
    return app


def _add_probes(app: FastAPI, status: Status) -> None:
    @app.get("/healthz", tags=["service"])
    def alive() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @app.get("/readyz", tags=["service"], response_model=None)
    def ready() -> dict[str, str] | Response:
        """The tables are there and the spool drains; 503 with the reasons when not."""
        with lifted():
            reasons = status.ready()
        if reasons:
            kind = problems.Kind(503, "not-ready", "Not ready", retry_after=2)
            return problems.problem(kind, " ".join(reasons), reasons=reasons)
        return {"status": "ready"}

    @app.get("/metrics", tags=["service"], response_class=PlainTextResponse)
    def metrics() -> Response:
        """Metrics in Prometheus' text format."""
        return Response(status.metrics(), media_type=METRICS_TYPE)


def _add_reads(app: FastAPI, engine: Engine, slots: Slots, max_rows: int) -> None:
    def lines(statement: str, parameters: dict[str, Any]) -> Iterator[bytes]:
        with slots.taken():
            yield from engine.stream(statement, parameters, "JSONEachRow")

    @app.post("/api/v1/query", tags=["data"], responses={200: {"model": QueryAnswer, "content": {LINES: {}}}})
    def query(asked: Query, accept: Annotated[str, Header()] = "") -> Response:
        """Run one SELECT: read-only, and bounded in time, memory, rows read and rows of the answer.

        With `Accept: application/x-ndjson` each row is a line of JSON, they come as they are found, and are any number.
        """
        if accept.partition(";")[0].strip() == LINES:
            found = lines(guard.check(engine, asked.sql, asked.parameters), asked.parameters)
            first = next(found, b"")  # what fails at once is told as a problem
            return StreamingResponse(chain([first], found), media_type=LINES)
        with slots.taken():
            statement = guard.check(engine, asked.sql, asked.parameters)
            only_reads = guard.only_reads(engine, asked.sql)
            answer = engine.query_guarded(statement, asked.parameters, only_reads=only_reads)
            if len(answer.rows) > max_rows:  # the engine does not count the rows of one arrayJoin over constants
                raise LimitExceeded(f"The answer has more than {max_rows:,} rows.", TOO_MANY_ROWS)
            return _json(
                {
                    "columns": [{"name": name, "type": kind} for name, kind in answer.columns],
                    "rows": answer.rows,
                    "elapsed_ms": answer.elapsed_ms,
                    "rows_read": None if of_request() else answer.rows_read,
                }
            )

    @app.get("/api/v1/traces/{trace_id}", tags=["data"], responses={200: {"model": Trace}})
    def trace(trace_id: Annotated[str, InPath(pattern="^[0-9a-fA-F]{32}$")]) -> Response:
        """One trace with its spans."""
        wanted = {"trace_id": trace_id.lower(), "limit": MAX_SPANS_OF_A_TRACE + 1}
        with slots.taken():
            answer = engine.query_guarded(sql_files.read(TRACE), wanted, only_reads=True)
        if not answer.rows:
            return problems.of_status(404, f"There is no span of the trace {trace_id.lower()}.")
        spans = answer.records()[:MAX_SPANS_OF_A_TRACE]
        truncated = len(answer.rows) > MAX_SPANS_OF_A_TRACE
        return _json({"trace_id": trace_id.lower(), "spans": spans, "truncated": truncated})


def _json(body: object) -> Response:
    return Response(orjson.dumps(body), media_type="application/json")
