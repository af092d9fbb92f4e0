"""What began in a range: findings, new versions of prompts, new models. Thin lines on every chart over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from dashboards.charts import QUIET, WRONG, Chart, rows
from spanledger import sql
from spanledger.engine import Engine
from spanledger.filters import quoted
from spanledger.later import Later
from spanledger.moments import as_parameter

if TYPE_CHECKING:
    import altair as alt
else:
    alt = Later("altair")

QUERY = Path(__file__).parent / "queries" / "marks.sql"
LINKS = {"finding": "/findings/{}", "prompt": "/prompts/versions?name={}"}
FOLLOWED = timedelta(days=1)
"""Traces of a new model are those of the time after it began."""


@dataclass(frozen=True)
class Mark:
    """One thing that began; the newest 50 of a range are told."""

    kind: str
    """`finding`, `prompt` or `model`."""
    severity: str
    """Of a finding, else ''."""
    title: str
    at: int
    """Milliseconds of Unix time; of versions the hour."""
    link: str


def read(engine: Engine, since: datetime, until: datetime) -> list[Mark]:
    """The marks of a range, the oldest first."""
    values = {"from": as_parameter(since), "to": as_parameter(until)}
    found = engine.query_guarded(sql.read(QUERY), values).records()
    return [_mark(row) for row in reversed(found)]


def _mark(row: dict[str, Any]) -> Mark:
    return Mark(row["kind"], row["severity"], row["title"], row["at"], _link(row))


def _link(row: dict[str, Any]) -> str:
    if row["kind"] != "model":
        return LINKS[row["kind"]].format(quote(row["subject"], safe=""))
    since = datetime.fromtimestamp(row["at"] / 1000, UTC)
    asked = {"filter": f"model = {quoted(row['subject'])}", "from": since.isoformat()}
    return "/traces?" + urlencode(asked | {"to": (since + FOLLOWED).isoformat()}, quote_via=quote)


def marked(chart: Chart, marks: Sequence[Mark]) -> Chart:
    """A chart whose x axis is time, with its marks: dashed for findings."""
    if not marks:
        return chart
    lines = alt.Chart(rows([asdict(mark) for mark in marks])).mark_rule(strokeWidth=1).encode(
        x="at:T",
        color=alt.condition(alt.datum.kind == "finding", alt.value(WRONG), alt.value(QUIET)),
        strokeDash=alt.condition(alt.datum.kind == "finding", alt.value([2, 3]), alt.value([1, 0])),
        href="link:N",
        description="title:N",
    )  # fmt: skip
    layered: Chart = alt.layer(chart, lines)
    return layered
