"""Events in words and numbers, as the findings know them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import polars as pl

from analytics.cache_hit_rate.coverage import LostCoverage
from analytics.cache_hit_rate.explain import Event
from analytics.cache_hit_rate.money import FORMULA
from analytics.jobs.contract import Candidate, Severity
from spanledger.figures import usd
from spanledger.sql import Plain, shown

HERE = Path(__file__).parent
COLUMNS = {
    "provider": "provider",
    "tenant": "tenant",
    "prompt": "prompt_name",
    "model": "if(model_revision != '', model_revision, request_model)",
}
"""A subject's dimension and what it is in `spans`."""
SMALL = 0.1
"""A drop that costs less than this share of what makes a page ..."""
LARGE_FALL = 10.0
"""... is worth a word only from this many percentage points on."""
PAID_BACK_DAYS = 365
"""A ticket pays for an hour's look within a year: what makes a page in a day is what an hour of work costs."""
STILL = 2
"""A page needs the fall in so many of its last three parts."""
TESTED = "one-sided CUSUM against comparable hours; chance of its height within the window"


def candidate(event: Event, min_usd_per_day: float) -> Candidate | None:
    """An event as drop or mix_shift, or None; `min_usd_per_day`: from where on a drop is a page."""
    per_day = _per_day(event)
    if _effect(event) < (LARGE_FALL if (per_day or 0.0) < SMALL * min_usd_per_day else 0.0):
        return None
    return Candidate(
        kind="drop" if event.broken else "mix_shift",
        subject=event.subject,
        severity=_severity(event, per_day, min_usd_per_day),
        effect=_effect(event),
        effect_unit="pp",
        n=round(event.cells.array("calls_after").sum()),
        title=_title(event),
        summary=_summary(event, per_day),
        since=event.since,
        until=event.until,
        p_value=event.fall.p_value,
        persistence=event.fall.persistence,
        cost_usd=max(event.loss.usd, 0.0) if event.broken and event.loss.usd is not None else None,
        tenants_hit=_tenants_hit(event) if event.broken else None,
        query=query(event.subject, event.since, event.until),
        details=_details(event, per_day),
    )


def _severity(event: Event, per_day: float | None, min_usd_per_day: float) -> Severity:
    pays = per_day is None or per_day * PAID_BACK_DAYS >= min_usd_per_day
    if not event.broken or not pays:
        return Severity.DIGEST
    pages = per_day is not None and per_day >= min_usd_per_day and event.fall.persistence[0] >= STILL
    return Severity.PAGE if pages and not event.fall.thin else Severity.TICKET


def _effect(event: Event) -> float:
    """Percentage points: of a drop the fall within cells, of a shift the change of the rate."""
    return 100 * (event.cells.fall() if event.broken else event.fall.drop)


def _per_day(event: Event) -> float | None:
    return None if event.loss.usd is None else event.loss.usd / event.days


def _tenants_hit(event: Event) -> int | None:
    """Tenants with a name whose rate fell by at least half of what it fell in all."""
    both = event.cells.both.filter(pl.col("tenant") != "")
    if both.is_empty():
        return None
    sums = both.group_by("tenant").agg(pl.selectors.float().sum())
    fell = sums["cached_before"] / sums["tokens_before"] - sums["cached_after"] / sums["tokens_after"]
    return int((fell >= event.cells.fall() / 2).sum())


def _rates(event: Event) -> tuple[float, float]:
    """Before and after of the subject's cells: expected at today's traffic, and measured."""
    both = event.cells.both
    tokens = float(both["tokens_after"].sum())
    if not event.broken or not tokens:
        return event.fall.expected, event.fall.rate
    after = float(both["cached_after"].sum()) / tokens
    return after + event.cells.fall(), after


def _title(event: Event) -> str:
    before, after = _rates(event)
    if event.cause.neighbour and event.broken:
        who = f"the other tenants on {_place(event.subject)}"
        return (
            f"Cache hit rate of {who} fell from {before:.0%} to {after:.0%}; "
            f"suspected: the growth of tenant {event.cause.neighbour.tenant}"
        )
    verb = "fell" if event.broken else "is lower with today's traffic:"
    return f"Cache hit rate of {_who(event)} {verb} {'from ' if event.broken else ''}{before:.0%} to {after:.0%}"


def _who(event: Event) -> str:
    named = [f"{name} {event.subject[name]}" for name in ("tenant", "prompt") if name in event.subject]
    if not event.broken and not named:
        named = [f"{event.fall.slice.level} {event.fall.slice.key}"]
    return f"{' with '.join(named)} on {_place(event.subject)}" if named else f"all calls to {_place(event.subject)}"


def _place(subject: Mapping[str, str]) -> str:
    return f"{subject['provider'] or 'an unnamed provider'}{'/' + subject['model'] if 'model' in subject else ''}"


def _summary(event: Event, per_day: float | None) -> str:
    since = f"{'At the latest since' if event.open_start else 'Since'} {event.since:%Y-%m-%d %H:%M} UTC"
    if event.broken:
        money = f"costs {usd(per_day)} a day more" if per_day is not None else "what it costs is not known"
        over = "" if event.fall.persistence[0] else ", and over by the end of the window"
        return f"{since}{over}: {money}; {event.mechanism.sentence}{_around(event)}."
    return f"{since}: {event.mechanism.sentence}."


def _around(event: Event) -> str:
    """What it did to the rate of all slices that fell."""
    whole = event.around.split()
    if whole is None or event.around.frame.height == event.cells.frame.height:
        return ""
    return f"; it drags the rate of all from {whole.before:.0%} to {whole.after:.0%}"


def _usd(amount: float) -> str:
    return f"${amount:,.0f}" if abs(amount) >= 10 else f"${amount:,.2f}"


def query(subject: Mapping[str, str], since: datetime, until: datetime) -> str:
    """Hit rate, tokens and calls of the subject by hour, two days around the break."""
    where = [(Plain(COLUMNS[name]), value) for name, value in subject.items() if name in COLUMNS]
    return shown(HERE / "shown.sql", where=where, since=since, until=until)


def _details(event: Event, per_day: float | None) -> dict[str, Any]:
    before, after = _rates(event)
    whole = event.around.split()
    neighbour = event.cause.neighbour
    return {
        "rate_before": before,
        "rate_after": after,
        "all": None if whole is None else {"rate_before": whole.before, "rate_after": whole.after},
        "mix_and_rate": event.cause.contributions,
        "explained_by": [
            {"dimension": each.dimension, "surprise": each.surprise, "elements": [vars(one) for one in each.elements]}
            for each in event.cause.explanations
        ],
        "culprit": dict(event.cause.named) or ("neighbour" if neighbour else "diffuse"),
        "neighbour": None if neighbour is None else vars(neighbour) | {"lead_hours": event.lead_hours},
        "mechanism": event.mechanism.kind,
        "first_difference": event.mechanism.place or None,
        "first_seen": str(event.mechanism.first_seen) if event.mechanism.first_seen else None,
        "missed_tokens": event.loss.tokens,
        "usd_per_day": per_day,
        "usd_per_million_tokens": event.loss.prices,
        "formula": FORMULA,
        "hours_before": event.cells.hours_before,
        "hours_after": event.cells.hours_after,
        "compared_with": "the hours just before" if event.fall.thin else "the same hours of earlier days or weeks",
        "test": TESTED,
        "slice": vars(event.fall.slice),
    }


def lost_coverage(lost: Sequence[LostCoverage], until: datetime) -> list[Candidate]:
    """Models that no longer report cached tokens: said, since their rate is not known any more."""
    return [
        Candidate(
            kind="coverage_lost",
            subject={"provider": each.provider, "model": each.model},
            severity=Severity.DIGEST,
            effect=100 * (each.before - each.after),
            effect_unit="pp",
            n=each.calls,
            title=f"{each.provider}/{each.model} no longer reports cached tokens: {each.after:.0%} of calls, "
            f"before {each.before:.0%}",
            summary=f"Since {each.since:%Y-%m-%d %H:%M} UTC its hit rate is not known: see whether the SDK was "
            "changed, or whether nothing is cached any more and zeros are left out.",
            since=each.since,
            until=until,
            query=query({"provider": each.provider, "model": each.model}, each.since, until),
            details={"coverage_before": each.before, "coverage_after": each.after},
        )
        for each in lost
    ]
