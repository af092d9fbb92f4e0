"""Versions over time: who is called, and what a call costs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dashboards.charts import Chart, rows
from spanledger.later import Later

if TYPE_CHECKING:
    import altair as alt
else:
    alt = Later("altair")

WIDTH, HEIGHT = 620, 200
MOST_HUES = 8
OLDER = "older"


def calls(points: Sequence[Mapping[str, Any]], order: Sequence[str]) -> Chart:
    """Calls by version, stacked."""
    chart: Chart = alt.Chart(rows(_named(points, order))).mark_bar().encode(
        x=alt.X("at:T", title=None), y=alt.Y("sum(calls):Q", title="calls"), color=_colour(order)
    ).properties(width=WIDTH, height=HEIGHT)  # fmt: skip
    return chart


def cost(points: Sequence[Mapping[str, Any]], order: Sequence[str]) -> Chart:
    """Mean cost of a call by version."""
    priced = [point for point in _named(points, order) if point["cost_per_call"] is not None]
    chart: Chart = alt.Chart(rows(priced)).mark_line(point=True).encode(
        x=alt.X("at:T", title=None),
        y=alt.Y("cost_per_call:Q", title="USD a call", scale=alt.Scale(zero=True)),
        color=_colour(order),
    ).properties(width=WIDTH, height=HEIGHT)  # fmt: skip
    return chart


CHARTS: Mapping[str, tuple[Callable[[Sequence[Mapping[str, Any]], Sequence[str]], Chart], str]] = {
    "calls": (calls, "Calls by {version}"),
    "cost": (cost, "Mean cost of a call by {version}, USD"),
}
"""By name: what draws it, and what it shows in words."""


def _shown(version: str) -> str:
    return version[:40] or "without a version"


def _named(points: Sequence[Mapping[str, Any]], order: Sequence[str]) -> list[dict[str, Any]]:
    """Points with their version as people read it; those beyond the hues are one."""
    newest = set(order[-MOST_HUES + 1 :] if len(order) > MOST_HUES else order)
    return [
        {**point, "at": f"{point['at'].replace(' ', 'T')[:19]}Z", "version": _shown(point["version"])}
        if point["version"] in newest
        else {**point, "at": f"{point['at'].replace(' ', 'T')[:19]}Z", "version": OLDER}
        for point in points
    ]


def _colour(order: Sequence[str]) -> alt.Color:
    kept = [_shown(version) for version in (order[-MOST_HUES + 1 :] if len(order) > MOST_HUES else order)]
    names = [OLDER, *kept] if len(order) > MOST_HUES else kept
    return alt.Color("version:N", title=None, scale=alt.Scale(domain=list(dict.fromkeys(names))))
