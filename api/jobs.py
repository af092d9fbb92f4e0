"""Jobs: what there is, their runs, running one now or over many windows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Protocol

import orjson
from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from api.slots import Slots
from spanledger.errors import SpanledgerError

MAX_RUNS = 4
"""Runs that are asked for and not answered yet; each holds a thread, and they are made one after another."""
LINES = "application/x-ndjson"

Time = Annotated[str | None, Field(max_length=100, examples=["2026-11-21", "2026-11-21T10:00:00Z"])]


class JobsRoom(Protocol):
    """The jobs; analytics implements it. All answers are JSON."""

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs."""

    def runs(self, job: str, limit: int) -> list[dict[str, Any]]:
        """The last runs of a job, newest first."""

    def run(self, job: str, since: str | None, until: str | None) -> dict[str, Any]:
        """Run it now."""

    def backfill(self, jobs: Sequence[str], since: str, until: str | None) -> Iterator[dict[str, Any]]:
        """Run the scheduled windows of a time."""


class Asked(BaseModel):
    """A window of any length. `to`: now by default; `from`: the job's own length before. Without a zone: UTC."""

    model_config = ConfigDict(extra="forbid")

    since: Time = Field(None, alias="from")
    until: Time = Field(None, alias="to")


class AskedTime(BaseModel):
    """The scheduled windows that end after `from` and not after `to` (now by default)."""

    model_config = ConfigDict(extra="forbid")

    since: str = Field(alias="from", max_length=100, examples=["2026-11-01"])
    until: Time = Field(None, alias="to")


class JobList(BaseModel):
    """All jobs: what they look for, their last run, how far behind they are, their open findings by severity."""

    jobs: list[dict[str, Any]]


class RunList(BaseModel):
    """Runs, newest first."""

    runs: list[dict[str, Any]]


def router(room: JobsRoom) -> APIRouter:
    """The routes over the jobs."""
    routes = APIRouter(prefix="/api/v1/jobs", tags=["jobs"])
    slots = Slots(MAX_RUNS, "runs of jobs")

    @routes.get("")
    def jobs() -> JobList:
        """All jobs."""
        return JobList(jobs=room.jobs())

    @routes.get("/runs")
    def all_runs(limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> RunList:
        """The last runs of all jobs."""
        return RunList(runs=room.runs("", limit))

    @routes.get("/{job}/runs")
    def runs(job: str, limit: Annotated[int, Query(ge=1, le=1000)] = 50) -> RunList:
        """The last runs of a job."""
        return RunList(runs=room.runs(job, limit))

    @routes.post("/{job}/run")
    def run(job: str, window: Asked | None = None) -> dict[str, Any]:
        """Run a job over a window now; the run, as `job_runs` has it, with its `findings`, loudest first.

        It waits for a while until what was accepted before the request is settled; `settled` says whether all was.
        """
        asked = window or Asked.model_validate({})
        with slots.taken():
            return room.run(job, asked.since, asked.until)

    _add_backfill(routes, room, slots)
    return routes


def _add_backfill(routes: APIRouter, room: JobsRoom, slots: Slots) -> None:
    def answer(jobs: Sequence[str], time: AskedTime) -> StreamingResponse:
        with slots.taken():
            answers = room.backfill(jobs, time.since, time.until)
        return StreamingResponse(_lines(slots, answers), media_type=LINES)

    @routes.post("/backfill", responses={200: {"content": {LINES: {}}}})
    def backfill_all(time: AskedTime) -> StreamingResponse:
        """Run all scheduled windows of a time that have spans, of all jobs, oldest first; see below."""
        return answer([], time)

    @routes.post("/{job}/backfill", responses={200: {"content": {LINES: {}}}})
    def backfill(job: str, time: AskedTime) -> StreamingResponse:
        """Run all scheduled windows of a time that have spans, oldest first.

        The answer is a line of JSON at a time: first `{"windows": …}`, how many; then each run when it is done, with
        its findings; `{"problem": …}` when the engine went away meanwhile. Several jobs are separated by commas.
        """
        return answer(job.split(","), time)


def _lines(slots: Slots, answers: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    try:
        with slots.taken():
            for answer in answers:
                yield orjson.dumps(answer) + b"\n"
    except SpanledgerError as error:
        yield orjson.dumps({"problem": str(error)}) + b"\n"
