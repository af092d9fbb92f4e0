"""A triage in words: one sentence on what to look at first, and one a surface. Texts of strangers are on one line."""

from __future__ import annotations

from datetime import datetime

from analytics.alerts.evaluate import clean
from analytics.triage.judge import Evidence, Share, Triage, Verdict
from analytics.triage.signals import METRICS, Metric
from spanledger.figures import plural, usd

MOST_VALUE = 48
SHARES = 2
"""Values that are named of a signal."""
OTHERS = "…"
"""How cells.sql calls the values that are not the most frequent."""


def sentence(triage: Triage) -> str:
    """What to look at first, or why nothing is named."""
    suspect = triage.suspect
    if not triage.traces:
        return "No trace in this time passes the filter, so nothing can be said."
    if suspect is None:
        return f"{_about_metric(triage)}Nothing that moved explains it. {_unseen(triage)}".strip()
    first = suspect.evidence[0]
    share = (
        f"; it explains {first.power:.0%} of the change of the {_metric(triage).meaning}"
        if first.power is not None and triage.broken
        else ""
    )
    return f"Look at the {suspect.surface} first: {told(first)}{share}."


def surface_sentence(verdict: Verdict) -> str:
    """One surface in one sentence."""
    if verdict.state == "not_seen":
        return "not seen: no span tells of it"
    if verdict.state == "still":
        unseen = f" (not seen: {', '.join(verdict.unseen)})" if verdict.unseen else ""
        return f"nothing moved{unseen}"
    first = verdict.evidence[0]
    power = "" if first.power is None else f", explains {first.power:.0%}"
    more = f"; {plural(len(verdict.evidence) - 1, 'more sign')}" if len(verdict.evidence) > 1 else ""
    return f"{told(first)}{power}, p {first.p_value:.1g}{more}"


def told(evidence: Evidence) -> str:
    """What moved, from what to what, since when."""
    of = f" of {clean(evidence.stratum, MOST_VALUE)}" if evidence.stratum else ""
    shares = ", ".join(_share(evidence, share) for share in evidence.shares[:SHARES])
    whom = " beside all others" if evidence.against_peers else ""
    return f"{evidence.signal.meaning}{of}{whom} since {_minute(evidence.at)}: {shares}"


def value_in_words(evidence: Evidence, value: str) -> str:
    """A value of a signal as people read it."""
    if value == OTHERS:
        return "all else"
    if not evidence.signal.sized:
        return clean(value, MOST_VALUE)
    amount = 2.0 ** (float(value) / 2)
    return _duration(amount) if evidence.signal.unit == "ns" else f"about {amount:.3g}"


def level(metric: Metric, value: float) -> str:
    """A metric's level with its unit."""
    if metric.unit == "USD":
        return usd(value)
    return f"{value:.1%}" if not metric.unit else f"{value:,.3g} {metric.unit}"


def _share(evidence: Evidence, share: Share) -> str:
    return f"{value_in_words(evidence, share.value)} {share.before:.0%} → {share.since:.0%}"


def _metric(triage: Triage) -> Metric:
    return triage.broken.metric if triage.broken else METRICS[0]


def _about_metric(triage: Triage) -> str:
    if triage.broken is None:
        return ""
    metric, change = triage.broken.metric, triage.broken.change
    if change is None:
        return f"The {metric.meaning} did not change surely in this time. "
    before, after = level(metric, change.before), level(metric, change.after)
    return f"The {metric.meaning} went from {before} to {after} at {_minute(triage.broke_at or triage.asked.since)}. "


def _unseen(triage: Triage) -> str:
    blind = [str(verdict.surface) for verdict in triage.verdicts if verdict.state == "not_seen"]
    return f"Not seen, so not ruled out: {', '.join(blind)}." if blind else ""


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _duration(nanoseconds: float) -> str:
    for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
        if nanoseconds >= size:
            return f"about {nanoseconds / size:.3g} {unit}"
    return f"about {nanoseconds:.3g} ns"
