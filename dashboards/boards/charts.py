"""Charts of the jobs' reports, from their details."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dashboards.boards.sections import words as words_of
from dashboards.charts import INK, LINE, PALETTE, QUIET, WRONG, Chart, rows
from spanledger.later import Later

if TYPE_CHECKING:
    import altair as alt
else:
    alt = Later("altair")

WIDTH, HEIGHT = 620, 220
WHEN = ("before", "since")
MOST_LAYERS, MOST_SHARES = 9, 6
"""Of the small multiples of drift: pictures, and bars of one."""
Details = Mapping[str, Any]


def lorenz(details: Details) -> Chart | None:
    """Share of all cost by share of customers, cheapest first, beside equality."""
    points = details.get("lorenz") or []
    if not points:
        return None
    curve = [{"customers": x, "cost": y, "of": "customers"} for x, y in points]
    line = alt.Chart(rows(curve)).mark_area(line=True, opacity=0.25).encode(
        x=alt.X("customers:Q", title="share of customers, cheapest first", axis=alt.Axis(format="%")),
        y=alt.Y("cost:Q", title="share of cost", axis=alt.Axis(format="%")),
    )  # fmt: skip
    equal = alt.Chart(rows([{"customers": 0, "cost": 0}, {"customers": 1, "cost": 1}])).mark_line(
        strokeDash=[4, 3], color=LINE
    ).encode(x="customers:Q", y="cost:Q")  # fmt: skip
    return (equal + line).properties(width=WIDTH, height=HEIGHT)


def whale(details: Details) -> Chart | None:
    """Margin added up over customers, best first: it falls where customers cost more than they pay."""
    points = (details.get("whale_curve") or {}).get("points") or []
    if not points:
        return None
    curve = [{"customers": x, "margin": y} for x, y in points]
    return alt.Chart(rows(curve)).mark_line(point=True).encode(
        x=alt.X("customers:Q", title="share of customers, best margin first", axis=alt.Axis(format="%")),
        y=alt.Y("margin:Q", title="margin so far, USD"),
    ).properties(width=WIDTH, height=HEIGHT)  # fmt: skip


def hit_rate(details: Details) -> Chart | None:
    """Hit rate by hour."""
    series = [point for point in details.get("series") or [] if point.get("hit_rate") is not None]
    if not series:
        return None
    return alt.Chart(rows(series)).mark_line(point=True).encode(
        x=alt.X("at:T", title=None),
        y=alt.Y("hit_rate:Q", title="hit rate", axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
    ).properties(width=WIDTH, height=HEIGHT)  # fmt: skip


def waste(details: Details) -> Chart | None:
    """Dollars by cause."""
    causes = [{"cause": name, "usd": each["cost_usd"]} for name, each in (details.get("by_cause") or {}).items()]
    if not causes:
        return None
    return alt.Chart(rows(causes)).mark_bar(height=18).encode(
        x=alt.X("usd:Q", title="USD wasted"), y=alt.Y("cause:N", title=None, sort="-x")
    ).properties(width=WIDTH, height=40 * len(causes) + 20)  # fmt: skip


def chains(details: Details) -> Chart | None:
    """How many calls an operation took, by cause."""
    points = [
        {"cause": cause, "calls": int(length), "operations": count}
        for cause, lengths in (details.get("chain_lengths") or {}).items()
        for length, count in lengths.items()
    ]
    if not points:
        return None
    return alt.Chart(rows(points)).mark_bar().encode(
        x=alt.X("calls:Q", title="calls of one operation", bin=alt.Bin(maxbins=30)),
        y=alt.Y("sum(operations):Q", title="operations"),
        color=alt.Color("cause:N", title=None),
    ).properties(width=WIDTH, height=HEIGHT)  # fmt: skip


def carbon(details: Details) -> Chart | None:
    """Grams per call by feature: low, mid and high."""
    points = [
        {
            "feature": str(each.get("value") or "–")[:30],
            "low": grams["low"],
            "g": grams["mid"],
            "high": grams["high"],
        }
        for each in (details.get("by") or {}).get("feature", [])
        for figure in each.get("figures", [])[:1]
        if (grams := figure.get("g_per_request"))
    ][:12]
    if not points:
        return None
    data = rows(points)
    bars = alt.Chart(data).mark_bar(height=14, color=PALETTE[2]).encode(
        x=alt.X("g:Q", title="g CO₂e a call, low to high"), y=alt.Y("feature:N", title=None, sort="-x")
    )  # fmt: skip
    ranges = alt.Chart(data).mark_rule(strokeWidth=1.5).encode(x="low:Q", x2="high:Q", y=alt.Y("feature:N", sort="-x"))
    return (bars + ranges).properties(width=WIDTH, height=28 * len(points) + 20)


def shifts(details: Details) -> Chart | None:
    """What of the users moved: for each layer its shares before and since, side by side; those that changed most."""
    layers = [each for each in details.get("moved") or [] if each.get("shares")][:MOST_LAYERS]
    points = [
        {"layer": words_of(str(each["layer"])), "label": label[:30], "when": when, "share": share}
        for each in layers
        for label, shares in _most_changed(each["shares"])
        for when, share in zip(WHEN, shares, strict=True)
    ]
    if not points:
        return None
    bars = alt.Chart(rows(points)).mark_bar(height=7).encode(
        x=alt.X("share:Q", title=None, axis=alt.Axis(format="%", tickCount=3)),
        y=alt.Y("label:N", title=None, sort=None),
        yOffset=alt.YOffset("when:N", sort=list(WHEN)),
        color=alt.Color("when:N", title=None, sort=list(WHEN), scale=alt.Scale(range=[QUIET, PALETTE[0]])),
    ).properties(width=WIDTH // 4, height=alt.Step(20))  # fmt: skip
    order = list(dict.fromkeys(str(point["layer"]) for point in points))
    header = alt.Header(labelColor=INK, labelFontSize=12, labelAnchor="start")
    small: Chart = bars.facet(facet=alt.Facet("layer:N", title=None, sort=order, header=header), columns=3)
    return small.resolve_scale(y="independent")


def _most_changed(shares: Mapping[str, Sequence[float]]) -> list[tuple[str, Sequence[float]]]:
    """The shares that differ most, in the order in which they came: bins of a size stay in theirs."""
    apart = sorted((abs(before - since) for before, since in shares.values()), reverse=True)
    least = apart[:MOST_SHARES][-1]
    kept = [(label, pair) for label, pair in shares.items() if abs(pair[0] - pair[1]) >= least]
    return kept[:MOST_SHARES]


def words(details: Details) -> Chart | None:
    """Words that users write more and less, in shares of calls before and since."""
    points = [
        {"word": each["word"], "change": each["since"] - each["before"]}
        for name in ("words_more", "words_less")
        for each in (details.get(name) or [])[:8]
    ]
    if not points:
        return None
    return alt.Chart(rows(points)).mark_bar(height=12).encode(
        x=alt.X("change:Q", title="change of the share of calls", axis=alt.Axis(format="%")),
        y=alt.Y("word:N", title=None, sort="-x"),
        color=alt.condition(alt.datum.change > 0, alt.value(PALETTE[0]), alt.value(WRONG)),
    ).properties(width=WIDTH, height=18 * len(points) + 20)  # fmt: skip


CHARTS: Mapping[str, tuple[Callable[[Details], Chart | None], str]] = {
    "lorenz": (lorenz, "Lorenz curve: how much of the cost the smaller customers make; dashed: if all were alike"),
    "whale": (whale, "Whale curve: margin added up, best customers first"),
    "hit_rate": (hit_rate, "Cache hit rate by hour, weighted by tokens"),
    "waste": (waste, "Dollars spent on asking again, by cause"),
    "chains": (chains, "Calls that operations took which did not end with the first"),
    "carbon": (carbon, "Grams of CO₂e a call by feature; the line is low to high"),
    "shifts": (shifts, "What moved, before and since, in shares of calls"),
    "words": (words, "What users write more and less"),
}
"""By name: what draws it, and what it shows in words."""
OVER_TIME = frozenset({"hit_rate"})
"""Those of a report's `series`: what began then is marked on them."""
