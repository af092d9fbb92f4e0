"""How far each stage has come, in milliseconds of `ingested_at` since 1970; 0 when it has not begun."""

from __future__ import annotations

from datetime import UTC, datetime

from analytics.settling.statements import statement
from spanledger.engine import Engine

TOUCHED = "touched"
"""Spans before it are in `trace_times` and `usage`, and their second layers are found."""
SETTLED = "settled"
"""Traces whose last span is before it are in `traces`."""
HOURS = "hours"
"""`usage_hours` counts before it, `usage_slices` from it on."""


LATE = "jobs_late"
"""Spans before it have been looked at for windows of jobs that they came too late for."""


def read_marks(engine: Engine) -> dict[str, int]:
    """All marks."""
    found = dict.fromkeys((TOUCHED, SETTLED, HOURS, LATE), 0)
    return found | {str(name): int(until) for name, until in engine.rows(statement("marks"))}


def set_mark(engine: Engine, name: str, until: int) -> None:
    """Move a mark; one that is there already stays."""
    engine.insert("settle_marks", ["name", "until"], [[name, moment(until)]])


def moment(milliseconds: int) -> datetime:
    """As the engine takes it."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def text(milliseconds: int) -> str:
    """As a parameter of type DateTime64(3, 'UTC')."""
    return f"{moment(milliseconds):%Y-%m-%d %H:%M:%S}.{milliseconds % 1000:03d}"
