"""The report of a window, and the calls that it knows nothing about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analytics.carbon.evidence import report_query, unknown_query
from analytics.carbon.figures import Figure, Value, rounded
from analytics.jobs.contract import Candidate, NotComputable, Severity, Window
from spanledger.energy.procurement import lines
from spanledger.energy.sci import BOUNDARY

REPORT, UNKNOWN = "report", "energy_unknown"
MOST_NAMES = 5
"""Names in a sentence."""
CACHE_NOTE = (
    "Sets that count tokens out only (EcoLogits) give a call the same energy whatever it had from the cache; "
    "that of a cached token is an assumption in all sets."
)


def report(
    values: Mapping[str, Sequence[Value]], feature_rows: Sequence[Mapping[str, Any]], window: Window
) -> Candidate:
    """The digest with all figures. NotComputable where there is no call, or none with a figure."""
    total = _total(values, window)
    known = [figure for figure in total.figures if figure.method.known]
    if not known:
        raise NotComputable(
            f"None of {total.calls:,} calls has an energy figure: the factor set knows none of their models "
            f"({names(values['model'])}), or they have no token counts. See docs/energy.md for adding your own."
        )
    return Candidate(
        kind=REPORT,
        subject={},
        severity=Severity.DIGEST,
        effect=sum(figure.method.co2e_g.mid for figure in known if figure.method.co2e_g) / 1000,
        effect_unit="kg CO2e",
        n=total.calls,
        title=_title(total, known),
        summary=_summary(total, known),
        since=window.since,
        until=window.until,
        energy_kwh=total.kwh,
        tenants_hit=_count(values.get("tenant", ())),
        query=report_query(window),
        details=details(values, feature_rows, window),
    )


def _total(values: Mapping[str, Sequence[Value]], window: Window) -> Value:
    if not values.get("all"):
        raise NotComputable(f"There are no billable calls from {window}.")
    return values["all"][0]


def _count(values: Sequence[Value]) -> int:
    return sum(value.values for value in values)


def _title(total: Value, known: Sequence[Figure]) -> str:
    """A sum over methods is none to publish: with more than one, each is named."""
    sums = " and ".join(_sum(figure) for figure in known)
    return f"{total.calls:,} calls emitted {sums}."


def _sum(figure: Figure) -> str:
    method = figure.method
    grams = method.co2e_g
    if grams is None:
        return f"an unknown amount ({method.factor_set or method.source})"
    if grams.low is None or grams.high is None or grams.low == grams.high:
        bounds = ""
    else:
        bounds = f"{grams.low / 1000:.3g} to {grams.high / 1000:.3g}, "
    return f"{grams.mid / 1000:.3g} kg CO2e ({bounds}{method.factor_set or method.source})"


def _summary(total: Value, known: Sequence[Figure]) -> str:
    """Of the method with most energy."""
    main = known[0].record()
    per_call = main["g_per_request"]
    said = [] if per_call is None else [f"A call emitted {per_call['mid']:.3g} g"]
    if main["g_per_resolved_task"]:
        said.append(f"a resolved task {main['g_per_resolved_task']['mid']:.3g} g")
    unknown = total.calls_without_figure
    rest = f"; {unknown / total.calls:.1%} of the calls have no figure." if unknown else "."
    return ", ".join(said) + f" by {known[0].method.factor_set or 'measurement'}" + rest


def details(
    values: Mapping[str, Sequence[Value]], feature_rows: Sequence[Mapping[str, Any]], window: Window
) -> dict[str, Any]:
    """All figures as JSON."""
    total = values["all"][0]
    return {
        "window": str(window),
        "boundary": BOUNDARY,
        "r": "request, task and resolved task: a task's calls all count, also those of tasks that were not resolved",
        "total": total.record(),
        "by": {
            name: [value.record() for value in found] for name, found in values.items() if name not in {"all", "task"}
        },
        "reconcile": reconcile(values),
        "market_based": _market(total),
        "procurement": [vars(line) for line in lines(feature_rows, window.since, window.until)],
        "notes": [CACHE_NOTE],
    }


def reconcile(values: Mapping[str, Sequence[Value]]) -> dict[str, dict[str, float]]:
    """Sums that must agree: requests are those of tasks and the unassigned ones; tenants, and all others, add up."""
    total = values["all"][0]
    tasks = {value.value: value for value in values.get("task", ())}
    found: dict[str, dict[str, float]] = {"requests": _sums([total])}
    found |= {name: _sums([tasks[name]] if name in tasks else []) for name in ("assigned", "unassigned")}
    return found | {
        dimension: _sums(of_it) for dimension, of_it in sorted(values.items()) if dimension not in {"all", "task"}
    }


def _sums(values: Sequence[Value]) -> dict[str, float]:
    return {
        "calls": sum(value.calls for value in values),
        "kwh": sum(value.kwh for value in values),
        "co2e_g": sum(value.co2e_g for value in values),
    }


def _market(total: Value) -> dict[str, Any] | None:
    """Energy times the market-based intensity of its place, where one was imported; hardware is not in it."""
    if total.market_g is None or not total.market_kwh:
        return None
    return {
        "co2e_g_of_energy": total.market_g,
        "kwh": total.market_kwh,
        "share_of_kwh": rounded(total.market_kwh / total.kwh),
        "note": "Market-based (contracts, certificates), without hardware. Never add it to the location-based figures.",
    }


def energy_unknown(values: Mapping[str, Sequence[Value]], window: Window) -> list[Candidate]:
    """The digest of calls without a figure, by model; none where all have one."""
    total = values["all"][0]
    unknown = total.calls_without_figure
    if not unknown:
        return []
    models = sorted(
        (value for value in values["model"] if value.calls_without_figure),
        key=lambda value: (-value.calls_without_figure, value.value),
    )
    share = unknown / total.calls
    candidate = Candidate(
        kind=UNKNOWN,
        subject={},
        severity=Severity.DIGEST,
        effect=share,
        effect_unit="share of calls",
        n=total.calls,
        title=f"{unknown:,} calls ({share:.1%}) have no energy figure, most of them of {names(models)}.",
        summary="Their energy and carbon are missing from all sums: the factor set does not know the model, or the "
        "call has no token counts, as when it failed.",
        since=window.since,
        until=window.until,
        tenants_hit=None,
        query=unknown_query(window),
        details={
            "calls": unknown,
            "of": total.calls,
            "models": [
                {"model": value.value, "rest": value.rest, "calls": value.calls_without_figure, "of": value.calls}
                for value in models
            ],
        },
    )
    return [candidate]


def names(values: Sequence[Value]) -> str:
    """Some names for a sentence."""
    shown = [value.value or ("others" if value.rest else "no name") for value in values[:MOST_NAMES]]
    more = len(values) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
