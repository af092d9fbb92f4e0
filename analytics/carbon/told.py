"""A rise as it is told: its causes in words, its evidence and its numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from analytics.carbon.causes import Causes, Totals
from analytics.carbon.evidence import resolved_query, rise_query
from analytics.carbon.figures import rounded
from analytics.carbon.parts import Grid, Rhythm
from analytics.carbon.rises import NO_RHYTHM, Rise
from analytics.jobs.contract import Candidate, Severity

KIND = "intensity_change"
WORDS = {
    "call": "a call emits more",
    "models": "calls moved to models that emit more",
    "tokens": "answers are longer",
    "energy_per_token": "a token out takes more energy",
    "intensity": "the electricity is dirtier",
    "calls_per_task": "a task takes more calls",
    "tasks_per_resolved": "fewer tasks are resolved",
}


@dataclass(frozen=True)
class Rule:
    """From where on a rise counts."""

    least: float
    """Share: 0.3 is 30 %."""
    min_units: float
    """Requests that tell a usual level."""
    ticket_g_per_day: float
    """Extra emissions that are worth a ticket; fewer are a digest."""
    rhythm: Rhythm = NO_RHYTHM


@dataclass(frozen=True)
class Found:
    """A rise with its causes."""

    rise: Rise
    causes: Causes
    factors: Mapping[str, float]
    """Extra grams per unit by factor; of a resolved task: of a call, of calls per task, of tasks per resolved one."""
    before: Mapping[str, Totals]
    after: Mapping[str, Totals]

    @property
    def is_method(self) -> bool:
        """Nothing rose: figures are worked out in another way."""
        rest = sum(self.factors.values()) - self.factors.get("call", 0.0)
        by_calls = "call" not in self.factors or self.factors["call"] >= rest
        return by_calls and self.causes.is_method

    @property
    def main(self) -> str:
        """The factor that adds most; where calls do, what adds most to them."""
        most = max(self.factors, key=lambda name: self.factors[name])
        return self.causes.main if most == "call" else most


def candidate(one: Found, grid: Grid, rule: Rule) -> Candidate:
    """The finding; its trace ids are for who can read them."""
    rise = one.rise
    since, until = grid.start(rise.first), grid.end(rise.last)
    days = max((until - since).total_seconds() / 86_400, 1 / 24)
    loud = rise.extra_grams / days >= rule.ticket_g_per_day
    query = rise_query if rise.series.unit == "request" else resolved_query
    return Candidate(
        kind=KIND,
        subject=rise.series.subject,
        severity=Severity.TICKET if loud else Severity.DIGEST,
        effect=rise.share,
        effect_unit=f"share of the usual g CO2e per {rise.series.unit}",
        n=round(rise.units),
        title=f"{_who(one)} emits {rise.share:.0%} more: {rise.level:.3g} g CO2e per {rise.series.unit}, "
        f"usually {rise.usual:.3g} g.",
        summary=f"Since {since:%Y-%m-%d %H:%M} UTC, mostly because {_why(one)}; "
        f"{rise.extra_grams / 1000:.3g} kg CO2e above the usual so far.",
        since=since,
        until=until,
        p_value=rise.p,
        energy_kwh=_extra_kwh(one),
        query=query(rise.series.subject, since, until),
        details=_details(one, grid),
    )


def _who(one: Found) -> str:
    [(dimension, value)] = one.rise.series.subject.items()
    return f"{dimension.capitalize()} {value}" if value else f"What has no {dimension}"


def _why(one: Found) -> str:
    before, after = _together(one.before), _together(one.after)
    words = WORDS[one.main]
    match one.main:
        case "tokens":
            return (
                f"{words} ({_ratio(before.output_tokens, before.calls):,.0f} to "
                f"{_ratio(after.output_tokens, after.calls):,.0f} tokens out a call)"
            )
        case "intensity":
            was, now = _ratio(before.co2e_g, before.kwh), _ratio(after.co2e_g, after.kwh)
            return f"{words} ({was:,.0f} to {now:,.0f} g per kWh)"
        case "models":
            return f"{words} ({_moved(one)})"
        case _:
            return words


def _moved(one: Found) -> str:
    """The model whose share of calls grew most."""
    was, now = _shares(one.before), _shares(one.after)
    model = max(sorted(now), key=lambda name: now[name] - was.get(name, 0.0))
    return f"{model} has {now[model]:.0%} of the calls, before {was.get(model, 0.0):.0%}"


def _shares(side: Mapping[str, Totals]) -> dict[str, float]:
    calls = sum(one.calls for one in side.values()) or 1.0
    return {model: one.calls / calls for model, one in side.items()}


def _together(side: Mapping[str, Totals]) -> Totals:
    names = Totals.__dataclass_fields__
    return Totals(*(sum(getattr(one, name) for one in side.values()) for name in names))


def _ratio(above: float, below: float) -> float:
    return above / below if below else 0.0


def _extra_kwh(one: Found) -> float | None:
    """The energy of the extra emissions, at the run's own grams per kWh."""
    after = _together(one.after)
    return one.rise.extra_grams * after.kwh / after.co2e_g if after.co2e_g else None


def _details(one: Found, grid: Grid) -> dict[str, Any]:
    rise = one.rise
    before, after = _together(one.before), _together(one.after)
    return {
        "unit": rise.series.unit,
        "g_per_unit": rise.level,
        "usual_g_per_unit": rise.usual,
        "usual_from": "the window itself: there is too little before it"
        if rise.own
        else "the four windows before, and the same hours of the week before",
        "extra_co2e_g": rise.extra_grams,
        "units": rise.units,
        "parts_of_hours": grid.hours,
        "extra_g_per_unit_by_factor": {name: rounded(grams) for name, grams in one.factors.items()},
        "extra_g_per_call_by_factor": {name: rounded(grams) for name, grams in one.causes.by_factor.items()},
        "of_it_method": rounded(one.causes.of_method),
        "calls": {"before": _call(before), "after": _call(after)},
        "share_of_calls": {"before": _rounded(_shares(one.before)), "after": _rounded(_shares(one.after))},
        "models_with_another_method": list(one.causes.changed),
    }


def _call(side: Totals) -> dict[str, float | None]:
    return {
        "calls": side.calls,
        "tokens_in": rounded(_ratio(side.input_tokens, side.calls)),
        "tokens_out": rounded(_ratio(side.output_tokens, side.calls)),
        "wh": rounded(_ratio(side.kwh * 1000, side.calls)),
        "g_per_kwh": rounded(_ratio(side.co2e_g, side.kwh)),
    }


def _rounded(shares: Mapping[str, float]) -> dict[str, float | None]:
    return {name: rounded(share) for name, share in shares.items()}


def no_change(one: Found) -> dict[str, Any]:
    """For the run's notes: a rise that is none, and why."""
    return {
        "subject": dict(one.rise.series.subject),
        "rise": rounded(one.rise.share),
        "models": list(one.causes.changed),
        "why": "the figures are worked out in another way (factor set, factors, or the guess of a place)"
        if one.is_method
        else "the model serves other features than before; for each of them it emits what it did",
    }
