"""A triage as JSON: what the API, the pages and the card's picture are made of. Times are ISO 8601 in UTC."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np

from analytics.triage.cells import Cells
from analytics.triage.judge import Evidence, Triage, Verdict
from analytics.triage.signals import METRICS
from analytics.triage.words import OTHERS, sentence, surface_sentence, value_in_words
from spanledger.filters import quoted

MOST_TRACES = 3


def answer(triage: Triage) -> dict[str, Any]:
    """All of it."""
    suspect = triage.suspect
    return {
        "from": _iso(triage.asked.since),
        "to": _iso(triage.asked.until),
        "filter": triage.asked.filter,
        "metric": _metric(triage),
        "suspect": suspect.surface if suspect else None,
        "sentence": sentence(triage),
        "traces": int(triage.traces),
        "sampled": round(triage.sampled, 6),
        "surfaces": [_surface(triage, verdict) for verdict in triage.verdicts],
        "trace_ids": _traces(triage),
        "series": _series(triage.cells),
    }


def _metric(triage: Triage) -> dict[str, Any] | None:
    """What broke; null when nothing that is measured was asked for. Its numbers are null when it did not change."""
    if triage.broken is None:
        return None
    metric, change = triage.broken.metric, triage.broken.change
    return {
        "name": metric.name,
        "meaning": metric.meaning,
        "unit": metric.unit,
        "changed_at": _iso(triage.broke_at) if triage.broke_at else None,
        "before": change.before if change else None,
        "after": change.after if change else None,
        "p": change.p_value if change else None,
    }


def _surface(triage: Triage, verdict: Verdict) -> dict[str, Any]:
    return {
        "surface": verdict.surface,
        "state": verdict.state,
        "score": round(verdict.score, 4),
        "power": verdict.power,
        "sentence": surface_sentence(verdict),
        "evidence": [_evidence(triage, each) for each in verdict.evidence],
        "not_seen": list(verdict.unseen),
    }


def _evidence(triage: Triage, evidence: Evidence) -> dict[str, Any]:
    return {
        "signal": evidence.signal.name,
        "meaning": evidence.signal.meaning,
        "of": evidence.stratum,
        "at": _iso(evidence.at),
        "effect_bits": evidence.effect,
        "p": evidence.p_value,
        "q": evidence.q_value,
        "power": evidence.power,
        "n_before": evidence.n_before,
        "n_after": evidence.n_since,
        "against_others": evidence.against_peers,
        "values": [
            {"value": value_in_words(evidence, share.value), "before": share.before, "after": share.since}
            for share in evidence.shares
        ],
        "trace_ids": list(evidence.traces),
        "filter": _filter(triage, evidence),
    }


def _filter(triage: Triage, evidence: Evidence) -> str:
    """Down to the spans: what was asked, and the value that grew, where the filter language names it."""
    parts = [f"({triage.asked.filter})"] if triage.asked.filter else []
    if evidence.signal.stratum and evidence.stratum:
        parts.append(f"{evidence.signal.stratum} = {quoted(evidence.stratum)}")
    grown = [share.value for share in evidence.shares if share.since > share.before and share.value != OTHERS]
    if evidence.signal.field and grown:
        parts.append(_condition(evidence.signal.field, grown[0]))
    return " and ".join(parts)


def _condition(field: str, value: str) -> str:
    if field == "error_type" and value in ("fine", "error"):
        return "status != error" if value == "fine" else "status = error"
    return f"{field} = {quoted(value)}"


def _traces(triage: Triage) -> list[str]:
    """Those of the likeliest surface first."""
    found = [trace for verdict in triage.verdicts for evidence in verdict.evidence for trace in evidence.traces]
    return list(dict.fromkeys(found))[:MOST_TRACES]


def _series(cells: Cells) -> list[dict[str, Any]]:
    """Every metric by slot; null where nothing is known of it."""
    if cells.total is None:
        return []
    amounts, bases = cells.total.amounts.sum(axis=2), cells.total.bases.sum(axis=2)
    rates = np.divide(amounts, bases, out=np.full_like(amounts, np.nan), where=bases > 0)
    return [
        {"at": _iso(cells.at(slot)), "traces": int(cells.traffic[slot, 0])}
        | {metric.name: _known(rates[number, slot]) for number, metric in enumerate(METRICS)}
        for slot in range(cells.slots)
    ]


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
