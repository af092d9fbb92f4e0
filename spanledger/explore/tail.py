"""The newest spans, and those that come in while one looks."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from spanledger import sql
from spanledger.engine import Engine
from spanledger.explore.question import Question
from spanledger.filters import compile_filter
from spanledger.moments import as_parameter

NEWEST = Path(__file__).with_name("newest.sql")
TAIL = Path(__file__).with_name("tail.sql")
MOST = 100
BACK = timedelta(seconds=10)
"""Spans are stamped when their insert begins and show up when it ends, which may be after the end of a later one."""
AGE = timedelta(days=2)
"""Spans that began before are late, not new; without a bound every partition would be asked."""


@dataclass(frozen=True)
class Tail:
    """Spans that came in, oldest first. Some were in the answer before: `trace_id` and `span_id` tell."""

    spans: list[dict[str, Any]]
    next: int
    """`after` of the next question: milliseconds since 1970 UTC."""
    more: bool
    """More came in than the answer holds; the oldest of them are left out."""


def newest(engine: Engine, question: Question, most: int = MOST) -> list[dict[str, Any]]:
    """The newest spans of what is asked, of the selection when there is one. Raises BadFilter."""
    condition = compile_filter(question.selected_filter)
    values = {**condition.parameters, **question.parameters(), "limit": most}
    return engine.query_guarded(sql.read(NEWEST).replace("FILTER", condition.sql), values).records()


def tail(engine: Engine, text: str, after: datetime, now: datetime, most: int = MOST) -> Tail:
    """Spans that fit a filter and came in since `after`, and a little before it. Raises BadFilter."""
    condition = compile_filter(text)
    bounds = {"after": as_parameter(max(after - BACK, now - AGE)), "from": as_parameter(now - AGE), "limit": most + 1}
    if "{to:" in condition.sql:  # of related spans
        bounds["to"] = as_parameter(now + AGE)
    found = engine.query_guarded(
        sql.read(TAIL).replace("FILTER", condition.sql), {**condition.parameters, **bounds}
    ).records()  # fmt: skip
    shown = found[-most:]
    came = [int(span["came"]) for span in shown]
    return Tail(shown, max([round(after.astimezone(UTC).timestamp() * 1000), *came]), len(found) > most)
