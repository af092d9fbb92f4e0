"""Which candidates become findings, and how loudly: the rules that all jobs share. Pure.

    G1  volume          enough requests, or enough dollars a day
    G2  effect          the size that the kind asks for, however sure
    G3  significance    Benjamini-Hochberg over every cell that the run tested
    G5  evidence        a candidate that can't be shown is a bug of its job, and fails the run

A rule makes a candidate quieter or drops it; none makes it louder. G4 (persistence and cool-down) looks at other
windows too and is in `life`. G6 (inputs that are not there) is `NotComputable`. Reports, of severity digest, say that
nothing is wrong: they need volume only where their kind names it, and significance only where they bring a p-value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import numpy as np
import scipy

from analytics.findings.evidence import check_evidence
from analytics.jobs.contract import Candidate, Kind, Report, Severity, Window
from spanledger.settings import Settings

SHORTEST_SPAN = timedelta(hours=1)
"""Dollars a day are those of the affected time, but of an hour at least: a minute of $1 is no $1,440 a day."""
LOUDNESS = (Severity.DIGEST, Severity.TICKET, Severity.PAGE)


@dataclass(frozen=True)
class Thresholds:
    """The settings of the rules."""

    min_requests: int = 200
    min_usd_per_day: float = 50
    ticket_q: float = 0.05
    page_q: float = 0.01

    @classmethod
    def of(cls, settings: Settings) -> Thresholds:
        """Those of a service."""
        return cls(
            settings.findings_min_requests,
            settings.findings_min_usd_per_day,
            settings.findings_ticket_q,
            settings.findings_page_q,
        )


@dataclass(frozen=True)
class Judged:
    """A candidate that passed: as loud as it may be, before G4."""

    candidate: Candidate
    severity: Severity
    q_value: float | None


@dataclass(frozen=True)
class Verdict:
    """What passed, loudest and dearest first, and how many did not, by reason."""

    passed: Sequence[Judged]
    dropped: Mapping[str, int]


def judge(report: Report, kinds: Sequence[Kind], window: Window, thresholds: Thresholds) -> Verdict:
    """Apply the rules to a run's candidates. BadCandidate when one lacks its evidence."""
    by_name = {kind.name: kind for kind in kinds}
    for candidate in report.candidates:
        check_evidence(candidate, by_name)
    q_values = q_values_of(report)
    dropped: Counter[str] = Counter()
    passed: dict[tuple[str, frozenset[tuple[str, str]]], Judged] = {}
    for candidate in sorted(report.candidates, key=_rank):
        reason, judged = _judge_one(candidate, by_name[candidate.kind], window, thresholds, q_values)
        key = candidate.kind, frozenset(candidate.subject.items())
        if judged is None or key in passed:
            dropped[reason or "same_subject"] += 1
        else:
            passed[key] = judged
    return Verdict(sorted(passed.values(), key=lambda judged: _rank(_as_judged(judged))), dict(dropped))


def q_values_of(report: Report) -> dict[float, float]:
    """Benjamini-Hochberg's adjusted value of each p-value of the run. A candidate's own is a member of the family."""
    brought = Counter(each.p_value for each in report.candidates if each.p_value is not None)
    family = [*report.tested, *(brought - Counter(report.tested)).elements()]
    if not family:
        return {}
    values = np.asarray(family, dtype=float)
    return dict(zip(family, scipy.stats.false_discovery_control(values, method="bh").tolist(), strict=True))


def usd_per_day(candidate: Candidate, window: Window) -> float | None:
    """What it costs a day of the time that is affected within the window."""
    if candidate.cost_usd is None:
        return None
    affected = min(candidate.until, window.until) - max(candidate.since, window.since)
    return candidate.cost_usd / (max(affected, SHORTEST_SPAN) / timedelta(days=1))


def _judge_one(
    candidate: Candidate, kind: Kind, window: Window, thresholds: Thresholds, q_values: Mapping[float, float]
) -> tuple[str, Judged | None]:
    """Why it is dropped and None, or '' and what it is."""
    if not _has_volume(candidate, kind, window, thresholds):
        return "volume", None
    if abs(candidate.effect) < kind.min_effect:
        return "effect", None
    if candidate.p_value is None:
        return "", Judged(candidate, candidate.severity, None)
    q_value = q_values[candidate.p_value]
    if q_value > thresholds.ticket_q:
        return "significance", None
    allowed = Severity.PAGE if q_value <= thresholds.page_q else Severity.TICKET
    return "", Judged(candidate, quieter(candidate.severity, allowed), q_value)


def _has_volume(candidate: Candidate, kind: Kind, window: Window, thresholds: Thresholds) -> bool:
    if candidate.severity is Severity.DIGEST and kind.min_n is None:
        return True
    least = thresholds.min_requests if kind.min_n is None else kind.min_n
    daily = usd_per_day(candidate, window)
    return candidate.n >= least or (daily is not None and daily >= thresholds.min_usd_per_day)


def quieter(one: Severity, other: Severity) -> Severity:
    """The quieter of two."""
    return min(one, other, key=LOUDNESS.index)


def _rank(candidate: Candidate) -> tuple[int, float, str, str, str]:
    """Loudest first, then dearest; the rest only makes the order a matter of the candidates alone."""
    subject = repr(sorted(candidate.subject.items()))
    loudness = -LOUDNESS.index(candidate.severity)
    return loudness, -(candidate.cost_usd or 0.0), candidate.kind, subject, repr(candidate)


def _as_judged(judged: Judged) -> Candidate:
    return replace(judged.candidate, severity=judged.severity)
