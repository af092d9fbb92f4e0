"""Posting scores and feedback: what evaluators and users say of a trace, a span, a session or an answer."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Protocol

from fastapi import APIRouter, Header
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, FiniteFloat, model_validator

from spanledger.access.viewer import viewer

MOST_SCORES = 1000
"""Scores of one request: one insert, so that many small ones do not make many parts."""
Text = Annotated[str, Field(max_length=1000)]


class Score(BaseModel):
    """One judgement of one thing."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(
        min_length=1,
        max_length=200,
        description="What is judged. Names of SPANLEDGER_OUTCOME_EVALUATIONS say how a task ended.",
        examples=["task_success", "user_feedback"],
    )
    value: FiniteFloat | None = Field(None, description="A number, e.g. 0 to 1, or 1 and -1 of thumbs.")
    label: Text = Field("", description="A word, e.g. `success`, `failure`, `correct`.")
    explanation: str = Field("", max_length=20_000, description="Why; a user's comment.")
    trace_id: str = Field("", pattern="^([0-9a-fA-F]{32})?$")
    span_id: str = Field("", pattern="^([0-9a-fA-F]{16})?$")
    session_id: Text = ""
    response_id: Text = Field("", description="The id that the provider gave the answer.")
    tenant: Text = ""
    user_id: Text = ""
    time: AwareDatetime | None = Field(None, description="When it was judged; null: now.")
    attributes: dict[Text, Text] = Field(default_factory=dict, max_length=50)

    @property
    def at(self) -> float | None:
        """Unix seconds."""
        return None if self.time is None else self.time.timestamp()

    @model_validator(mode="after")
    def _says_something_of_something(self) -> Score:
        if self.value is None and not self.label:
            raise ValueError("a score has a `value` or a `label`")
        if not (self.trace_id or self.session_id or self.response_id):
            raise ValueError("a score is of a `trace_id`, a `session_id` or a `response_id`")
        if self.span_id and not self.trace_id:
            raise ValueError("a `span_id` needs its `trace_id`")
        if self.time and not datetime(1970, 1, 1, tzinfo=self.time.tzinfo) < self.time:
            raise ValueError("`time` is before 1970")
        return self


class Scores(BaseModel):
    """Scores that are stored together or not at all."""

    model_config = ConfigDict(extra="forbid")

    scores: list[Score] = Field(min_length=1, max_length=MOST_SCORES)


class Taken(BaseModel):
    """How many were stored."""

    stored: int


class ScoresRoom(Protocol):
    """Where scores go; the collector implements it."""

    def take(self, scores: Sequence[Score], once: str) -> None:
        """Store them durably, of requests with the same `once` only the first."""


def router(room: ScoresRoom) -> APIRouter:
    """The routes over the scores."""
    routes = APIRouter(prefix="/api/v1", tags=["data"])

    @routes.post("/scores", status_code=201)
    def scores(
        asked: Scores,
        once: Annotated[
            str, Header(alias="Idempotency-Key", max_length=200, description="The same again is stored once.")
        ] = "",
    ) -> Taken:
        """Store scores. They are on disk when this answers, and in `events` as OTLP's evaluation events are."""
        key = viewer().key
        mine = f"{key.key_id if key else ''} {once}"
        room.take(asked.scores, hashlib.sha256(mine.encode()).hexdigest() if once else "")
        return Taken(stored=len(asked.scores))

    return routes
