"""The picture of a triage: cost, hit rate and latency around the break; lines for the break and for what else began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from dashboards import marks
from dashboards.charts import INK, PALETTE, QUIET, WRONG, Chart, png, rows
from dashboards.marks import Mark, marked
from spanledger.engine import Engine
from spanledger.later import Later

if TYPE_CHECKING:
    import altair as alt
else:
    alt = Later("altair")

Side = Literal["left", "right"]
WIDTH, HEIGHT = 520, 64
AROUND = timedelta(hours=48)
"""So much before the bad time is drawn."""
MOST_NAMED = 4
"""Of what began, those that are named above the picture; all are lines."""
LINE_OF_TEXT = 15
PANELS = (
    ("cost", "USD a trace", "$.3~g", PALETTE[0]),
    ("hit_rate", "cache hit rate", ".0%", PALETTE[2]),
    ("latency", "seconds a trace", ".3~g", PALETTE[1]),
)
"""Name, title, format of the axis and colour."""
MORE = {
    "errors": ("errors", "calls that fail", ".0%", PALETTE[4]),
    "failures": ("failures", "tasks that fail", ".0%", PALETTE[4]),
    "energy": ("energy", "kWh a trace", ".3~g", PALETTE[5]),
}
"""Drawn first when they are what broke."""


def began(engine: Engine, triage: Mapping[str, Any], finding_id: str) -> list[Mark]:
    """What began in the time that is drawn, beside the finding itself."""
    since, until = _since(triage), datetime.fromisoformat(triage["to"])
    own = marks.LINKS["finding"].format(finding_id)
    return [mark for mark in marks.read(engine, since, until) if mark.link != own]


def picture(triage: Mapping[str, Any], others: Sequence[Mark]) -> Chart | None:
    """The chart of an answer of triage and what else began; None when nothing is known of any panel."""
    points = _points(triage)
    metric = (triage.get("metric") or {}).get("name", "")
    panels = [*([MORE[metric]] if metric in MORE else []), *PANELS]
    known = [panel for panel in panels if any(panel[0] in point for point in points)]
    if not known:
        return None
    drawn = [marked(_panel(points, *panel, _break(triage)), others) for panel in known]
    whole: Chart = alt.vconcat(*_names(triage, others), *drawn, spacing=6).resolve_scale(x="shared")
    return whole


def png_of(triage: Mapping[str, Any], others: Sequence[Mark]) -> bytes | None:
    """The picture as PNG on light paper."""
    chart = picture(triage, others)
    return png(chart) if chart is not None else None


def _since(triage: Mapping[str, Any]) -> datetime:
    """From when on it is drawn: some time before the bad one, as far as there was any traffic."""
    begin = datetime.fromisoformat(triage["from"]) - AROUND
    return max(begin, min((datetime.fromisoformat(each["at"]) for each in triage["series"]), default=begin))


def _names(triage: Mapping[str, Any], others: Sequence[Mark]) -> list[Chart]:
    """A panel with the names of the marks next to the break, a row each; versions and models before findings.

    Names stand on the side that has room, in an order in which the lines below them run through few others.
    """
    broke = datetime.fromisoformat(_break(triage)).timestamp() * 1000
    nearest = sorted(others, key=lambda mark: (mark.kind == "finding", abs(mark.at - broke)))[:MOST_NAMED]
    if not nearest:
        return []
    middle = (_since(triage).timestamp() + datetime.fromisoformat(triage["to"]).timestamp()) * 500
    early = sorted((mark for mark in nearest if mark.at < middle), key=lambda mark: mark.at)
    late = sorted((mark for mark in nearest if mark.at >= middle), key=lambda mark: -mark.at)
    named: list[tuple[Mark, Side]] = [(mark, "right") for mark in late] + [(mark, "left") for mark in early]
    height = LINE_OF_TEXT * len(named)
    texts = [_name(mark, row, side, height) for row, (mark, side) in enumerate(named)]
    return [alt.layer(*texts).properties(width=WIDTH, height=height)]


def _name(mark: Mark, row: int, side: Side, height: int) -> Chart:
    """Its end that is meant by `side` stands at the mark's time, above a line that goes down to the panels."""
    colour, stroke = (WRONG, WRONG) if mark.kind == "finding" else (INK, QUIET)
    base = alt.Chart(rows([asdict(mark) | {"row": row}])).encode(
        x=alt.X("at:T", axis=None), y=alt.Y("row:O", axis=None), href="link:N", description="title:N",
    )  # fmt: skip
    text = base.mark_text(
        align=side, dx=4 if side == "left" else -4, limit=WIDTH // 2, fontSize=11, color=colour
    ).encode(text="title:N")  # fmt: skip
    layered: Chart = text + base.mark_rule(strokeWidth=1, color=stroke).encode(y2=alt.value(height))
    return layered


def _points(triage: Mapping[str, Any]) -> list[dict[str, Any]]:
    """By slot what is known; a hit rate is what was not missed."""
    begin = _since(triage)
    found = []
    for each in triage["series"]:
        if datetime.fromisoformat(each["at"]) < begin:
            continue
        known = {name: value for name, value in each.items() if value is not None}
        if "missed" in known:
            known["hit_rate"] = 1 - known["missed"]
        found.append(known)
    return found


def _break(triage: Mapping[str, Any]) -> str:
    """When it broke; when that can't be seen, since when it is said to be bad."""
    return str((triage.get("metric") or {}).get("changed_at") or triage["from"])


def _panel(  # noqa: PLR0913, PLR0917  (a panel's parts)
    points: Sequence[Mapping[str, Any]], name: str, title: str, form: str, colour: str, at: str
) -> Chart:
    known = [{"at": point["at"], name: point[name]} for point in points if name in point]
    line = alt.Chart(rows(known)).mark_line(point={"size": 8}, color=colour, strokeWidth=1.25).encode(
        x=alt.X("at:T", title=None, axis=alt.Axis(format="%d %b %H:%M", tickCount=4)),
        y=alt.Y(f"{name}:Q", title=title, axis=alt.Axis(format=form, tickCount=3), scale=alt.Scale(zero=True)),
    )  # fmt: skip
    rule = alt.Chart(rows([{"at": at}])).mark_rule(color=WRONG, strokeDash=[4, 3], strokeWidth=2.5).encode(x="at:T")
    return alt.layer(line, rule).properties(width=WIDTH, height=HEIGHT)
