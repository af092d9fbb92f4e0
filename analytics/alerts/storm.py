"""Storms: of very many alerts that fire together some are paged one by one, and one page tells of all others.

What is folded stands like any other alert: it is listed, can be acknowledged, and is written down. It is only not told
by itself, so that nothing about it is said later either. The page of the storm resolves when all of them have.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from analytics.alerts.evaluate import Sighting
from analytics.alerts.life import Alert, Change, Event, Seen, Text
from analytics.alerts.message import OWN_RULE
from spanledger.moments import as_parameter

LOUDNESS = {"page": 0, "ticket": 1, "digest": 2}
MOST_RULES = 5
MOST_TRACES = 3
CHECK = "storm"


def fold(changes: Sequence[Change], room: int, now: datetime) -> tuple[list[Change], list[Change]]:
    """(changes to tell or keep as they are, those that are folded). Alerts about spanledger itself are never folded."""
    loud = [each for each in changes if each.event is Event.TRIGGER and each.alert.rule != OWN_RULE]
    if len(loud) <= room:
        return list(changes), []
    last = sorted(loud, key=_urgency)[max(room, 0) :]
    names = {each.alert.alert_id for each in last}
    storm = as_parameter(now)
    return [each for each in changes if each.alert.alert_id not in names], [_folded(each, storm) for each in last]


def sighting(folded: Sequence[Change], most: int, now: datetime) -> Sighting:
    """The one alert that tells of those that were folded just now."""
    rules = Counter(each.alert.rule for each in folded)
    named = ", ".join(f"{count:,} of {rule}" for rule, count in rules.most_common(MOST_RULES))
    more = f" and of {len(rules) - MOST_RULES} other rules" if len(rules) > MOST_RULES else ""
    text = Text(
        f"spanledger: {len(folded):,} more alerts fire",
        f"More than {most} fired within a minute. Not paged one by one: {named}{more}. "
        "`spanledger alerts list` has all of them.",
        float(len(folded)),
        cost_usd=_sum([each.alert.text.cost_usd for each in folded]),
        trace_ids=tuple(trace for each in folded for trace in each.alert.text.trace_ids)[:MOST_TRACES],
    )
    return Sighting(OWN_RULE, _labels(as_parameter(now)), Seen(True, text))


def standing(known: Mapping[str, Mapping[str, Alert]]) -> list[Sighting]:
    """Storms of which an alert still stands."""
    storms = {alert.memory.folded for alerts in known.values() for alert in alerts.values() if alert.standing}
    return [Sighting(OWN_RULE, _labels(storm), Seen(True)) for storm in sorted(storms - {""})]


def _folded(change: Change, storm: str) -> Change:
    memory = replace(change.alert.memory, told=(), folded=storm)
    return Change(replace(change.alert, notified_at=None, memory=memory))


def _labels(storm: str) -> dict[str, str]:
    return {"check": CHECK, "at": storm}


def _urgency(change: Change) -> tuple[int, float]:
    return LOUDNESS.get(change.alert.severity, len(LOUDNESS)), -(change.alert.text.cost_usd or 0.0)


def _sum(costs: Sequence[float | None]) -> float | None:
    """Unknown when one of them is."""
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
