"""The picture of a triage: cost, hit rate and latency around the break, with the break as a line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from dashboards.charts import PALETTE, WRONG, Chart, png, rows
from spanledger.later import Later

if TYPE_CHECKING:
    import altair as alt
else:
    alt = Later("altair")

WIDTH, HEIGHT = 520, 64
AROUND = timedelta(hours=48)
"""So much before the bad time is drawn."""
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


def picture(triage: Mapping[str, Any]) -> Chart | None:
    """The chart of an answer of triage; None when nothing is known of any panel."""
    points = _points(triage)
    metric = (triage.get("metric") or {}).get("name", "")
    panels = [*([MORE[metric]] if metric in MORE else []), *PANELS]
    drawn = [_panel(points, *panel, _break(triage)) for panel in panels if any(panel[0] in point for point in points)]
    return alt.vconcat(*drawn, spacing=6).resolve_scale(x="shared") if drawn else None


def png_of(triage: Mapping[str, Any]) -> bytes | None:
    """The picture as PNG on light paper."""
    chart = picture(triage)
    return png(chart) if chart is not None else None


def _points(triage: Mapping[str, Any]) -> list[dict[str, Any]]:
    """By slot what is known; a hit rate is what was not missed."""
    begin = datetime.fromisoformat(triage["from"]) - AROUND
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
    rule = alt.Chart(rows([{"at": at}])).mark_rule(color=WRONG, strokeDash=[4, 3]).encode(x="at:T")
    return alt.layer(line, rule).properties(width=WIDTH, height=HEIGHT)
