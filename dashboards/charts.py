"""Charts: Altair to SVG on the server, in colours that follow the page's theme, and to PNG for alerts.

Vega compiles expressions with `new Function`, which a strict Content-Security-Policy forbids; so charts are drawn here
and a page gets plain SVG, whose marks carry their values as labels.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from fastapi import Response

from spanledger.later import Later

if TYPE_CHECKING:
    import altair as alt
    import vl_convert

    Chart = alt.Chart | alt.LayerChart | alt.FacetChart | alt.HConcatChart | alt.VConcatChart
else:
    alt, vl_convert, Chart = Later("altair"), Later("vl_convert"), object

VEGA_LITE = "6.4"
INK, QUIET, LINE, PAPER = "#1d1f21", "#66696e", "#e2e2dd", "#fcfcfa"
ACCENT, WRONG = "#1f5fbf", "#b3261e"
PALETTE = ("#2f6db5", "#c2701c", "#2e8b73", "#8a5bb0", "#b0475e", "#7b7a2a", "#4a9fb8", "#7d6450")
"""Eight hues that stay apart for colour-blind readers (a darkened Okabe–Ito); in order of use."""
VARIABLES = {INK: "--ink", QUIET: "--quiet", LINE: "--line", PAPER: "--paper", ACCENT: "--accent", WRONG: "--wrong"} | {
    colour: f"--hue-{place}" for place, colour in enumerate(PALETTE, 1)
}
"""In SVG for pages each of these colours becomes a variable of the style sheet: dark mode needs no second chart."""
COLOUR = re.compile(r"#[0-9a-f]{6}\b", re.IGNORECASE)
BASE = 'xlink:href="https://vega.github.io/vega-datasets/'
"""What vl-convert puts before links, which are paths of our pages."""
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif"
PNG_SCALE = 2
SVG_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "private, max-age=30",
}
"""A chart opened by itself runs nothing."""

CONFIG: Mapping[str, Any] = {
    "background": None,
    "font": FONT,
    "padding": {"left": 20, "right": 8, "top": 4, "bottom": 4},  # letters of a browser may be wider than those here
    "view": {"stroke": None},
    "axis": {
        "labelColor": QUIET, "titleColor": QUIET, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
        "domainColor": LINE, "tickColor": LINE, "gridColor": LINE, "tickSize": 4, "labelPadding": 4,
    },
    "axisX": {"grid": False},
    "legend": {
        "labelColor": INK, "titleColor": QUIET, "labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal",
        "orient": "top", "symbolType": "square",
    },
    "range": {"category": list(PALETTE), "heatmap": {"scheme": "blues"}, "ramp": {"scheme": "blues"}},
    "line": {"strokeWidth": 1.75, "color": PALETTE[0]},
    "bar": {"color": PALETTE[0]},
    "area": {"color": PALETTE[0], "opacity": 0.6},
    "point": {"color": PALETTE[0], "filled": True},
    "rule": {"color": QUIET},
    "text": {"color": INK, "fontSize": 12},
}  # fmt: skip
"""The one theme, of pages and of pictures in alerts."""


def rows(values: Sequence[Mapping[str, Any]]) -> alt.InlineData:
    """Rows as a chart's data."""
    return alt.InlineData(values=[dict(row) for row in values])


def svg(chart: Chart) -> str:
    """The chart as SVG whose colours are variables of the page's style sheet."""
    drawn = vl_convert.vegalite_to_svg(_spec(chart), vl_version=VEGA_LITE, allowed_base_urls=[])
    return COLOUR.sub(lambda found: _variable(found.group()), drawn.replace(BASE, 'xlink:href="'))


def png(chart: Chart) -> bytes:
    """The chart as PNG on light paper."""
    spec = _spec(chart)
    spec["config"] = {**spec["config"], "background": PAPER}
    return bytes(vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, scale=PNG_SCALE, allowed_base_urls=[]))


def response(chart: Chart) -> Response:
    """The answer of a chart's route."""
    return Response(svg(chart), media_type="image/svg+xml", headers=SVG_HEADERS)


def _spec(chart: Chart) -> dict[str, Any]:
    spec: dict[str, Any] = chart.to_dict()
    return {**spec, "config": {**spec.get("config", {}), **CONFIG}}


def _variable(colour: str) -> str:
    name = VARIABLES.get(colour.lower())
    return f"var({name}, {colour})" if name else colour
