"""Which surfaces moved, since when, how surely, and what of the break each explains: a pure function of the cells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import log10

import numpy as np
import scipy

from analytics.statistics.histogram_change import HistogramChange, histogram_change
from analytics.triage.asked import LOOKBACK, Asked
from analytics.triage.broken import Broken, broken
from analytics.triage.cells import Cells, Histogram, behind
from analytics.triage.power import TOLERANCE, power, volume_power
from analytics.triage.signals import SIGNALS, Signal, Surface

MOVED_Q = 0.01
"""q after Benjamini-Hochberg over all signals and strata, from which on something has moved."""
SUREST = 4.0
"""-log10 q counts up to here: what is as sure as that, power alone tells apart."""
LEAST_POWER = 0.1
"""A surface that explains less of what broke is no suspect."""
SYMPTOM = 0.5
"""Of what a behaviour scores: a change of configuration with half of its score is named before it."""
DISCOUNT = 0.5
"""Of signals that follow others."""
THIN = 50.0
"""Counts of a past with fewer of which others' past says more."""
MOST_EVIDENCE = 5


@dataclass(frozen=True)
class Share:
    """A value of a signal, in shares of traces before and since."""

    value: str
    before: float
    since: float


@dataclass(frozen=True)
class Evidence:
    """A signal that moved."""

    signal: Signal
    stratum: str
    at: datetime
    effect: float
    """Jensen-Shannon divergence, bits."""
    p_value: float
    q_value: float
    power: float | None
    """Of what broke, 0 to 1, all strata of the signal together; None: nothing that is measured broke."""
    score: float
    n_before: float
    n_since: float
    against_peers: bool
    """Of these there was hardly anything before: held against what all others did."""
    shares: tuple[Share, ...]
    """Those that changed most, the most first."""
    traces: tuple[str, ...]


@dataclass(frozen=True)
class Verdict:
    """One surface."""

    surface: Surface
    state: str
    """`moved`, `still` (nothing moved) or `not_seen` (the spans don't say)."""
    score: float
    evidence: tuple[Evidence, ...] = ()
    """The most telling first."""
    unseen: tuple[str, ...] = ()
    """Signals of the surface that no span has, in words."""

    @property
    def power(self) -> float | None:
        """The most that a signal of it explains."""
        known = [each.power for each in self.evidence if each.power is not None]
        return max(known) if known else None


@dataclass(frozen=True)
class Triage:
    """The five surfaces, the likeliest first."""

    asked: Asked
    broken: Broken | None
    broke_at: datetime | None
    verdicts: tuple[Verdict, ...]
    traces: float
    """Traces of the reference and of the bad time that were looked at."""
    sampled: float
    cells: Cells = field(repr=False)

    @property
    def suspect(self) -> Verdict | None:
        """The surface to look at first; None when nothing moved that explains it."""
        first = self.verdicts[0]
        if first.state != "moved" or not first.score:
            return None
        power = first.evidence[0].power
        return first if power is None or power >= LEAST_POWER else None


@dataclass
class _Tested:
    signal: Signal
    histogram: Histogram
    change: HistogramChange
    q_value: float = 1.0

    @property
    def moved(self) -> bool:
        return self.q_value <= MOVED_Q and self.change.effect >= self.signal.least


def judge(cells: Cells, asked: Asked) -> Triage:
    """The triage of what was read."""
    what = broken(cells, asked)
    change = what.change if what else None
    first = cells.place(asked.since - LOOKBACK)
    last = min(change.at + TOLERANCE if change else cells.slots, cells.slots - 1)
    histograms = [*cells.histograms, *_volume(cells)]
    cut = change.at if change else cells.place(asked.since)
    tested = _tested(cells, histograms, range(first, last + 1), cut)
    evidence = _evidence(cells, what, [each for each in tested if each.moved])
    seen = {each.signal for each in histograms}
    verdicts = [_verdict(surface, evidence, seen) for surface in Surface]
    return Triage(
        asked,
        what,
        cells.at(change.at) if change else None,
        tuple(sorted(verdicts, key=lambda each: (-each.score, each.state == "not_seen"))),
        float(cells.traffic[:, 0].sum()),
        cells.sampled,
        cells,
    )


def _volume(cells: Cells) -> list[Histogram]:
    """Sessions of the filter among all, as a histogram; without others there is nothing to compare with."""
    if not cells.sessions[:, 1].any():
        return []
    nothing = np.zeros((0, *cells.sessions.shape))
    return [Histogram("volume", "", ("these", "all others"), cells.sessions, nothing, nothing, {})]


def _tested(cells: Cells, histograms: Sequence[Histogram], places: range, cut: int) -> list[_Tested]:
    """Every signal and stratum that can be tested, with q over all of them."""
    found = [one for each in histograms if (one := _test(cells, each, places, cut))]
    if found:
        for one, q in zip(
            found, scipy.stats.false_discovery_control([each.change.p_value for each in found]).tolist(), strict=True
        ):
            one.q_value = float(q)
    return found


def _test(cells: Cells, histogram: Histogram, places: range, cut: int) -> _Tested | None:
    """Against its own past; a behaviour that has hardly any, against the past of all others."""
    signal = SIGNALS[histogram.signal]
    peers = cells.peers.get((histogram.signal, histogram.stratum))
    if peers and signal.behaviour and histogram.counts[:cut].sum() < THIN <= peers.counts[:cut].sum():
        histogram, places = behind(peers, histogram, cut), range(cut, cut + 1)
    if len(histogram.values) < 2:
        return None
    change = histogram_change(histogram.counts, places.start, places.stop - 1)
    return _Tested(signal, histogram, change) if change else None


def _evidence(cells: Cells, what: Broken | None, moved: Sequence[_Tested]) -> list[Evidence]:
    strata: defaultdict[str, list[_Tested]] = defaultdict(list)
    for each in moved:
        strata[each.signal.name].append(each)
    return [_told(cells, what, each, strata[each.signal.name]) for each in moved]


def _told(cells: Cells, what: Broken | None, one: _Tested, together: Sequence[_Tested]) -> Evidence:
    at, signal = one.change.at, one.signal
    explained, weight = _weight(cells, what, one, together)
    sure = min(SUREST, -log10(max(one.q_value, 1e-300)))
    shares = _shares(one)
    return Evidence(
        signal, one.histogram.stratum, cells.at(at), one.change.effect, one.change.p_value, one.q_value, explained,
        weight * sure * (DISCOUNT if signal.follows else 1.0), one.change.n_before, one.change.n_after,
        one.histogram.of_peers, shares,
        _traces(one.histogram, shares),
    )  # fmt: skip


def _traces(histogram: Histogram, shares: Sequence[Share]) -> tuple[str, ...]:
    """Of values that there are more of now."""
    return tuple(trace for each in shares if each.since > each.before for trace in histogram.traces.get(each.value, ()))


def _weight(cells: Cells, what: Broken | None, one: _Tested, together: Sequence[_Tested]) -> tuple[float | None, float]:
    """(power, what the order goes by). Where power can't be measured it is how much moved, and whether it was then."""
    at, signal = one.change.at, one.signal
    if what is None:
        return None, one.change.effect
    if signal.name == "volume":
        explained = volume_power(cells, what, at)
        return explained, explained
    if signal.diffuse and what.change:
        return None, one.change.effect * what.change.timing(at)
    near = [each.histogram for each in together if abs(each.change.at - at) <= TOLERANCE]
    explained = power(cells, what, near, at)
    return explained, explained


def _shares(one: _Tested) -> tuple[Share, ...]:
    order = np.argsort(-np.abs(one.change.after - one.change.before))[:4]
    return tuple(
        Share(one.histogram.values[place], float(one.change.before[place]), float(one.change.after[place]))
        for place in order
    )


def _telling(evidence: Evidence) -> tuple[float, float]:
    """A symptom (calls fail) explains failures by itself; what was changed (an alias) tells more."""
    return evidence.score * (SYMPTOM if evidence.signal.behaviour else 1.0), evidence.effect


def _verdict(surface: Surface, evidence: Sequence[Evidence], seen: set[str]) -> Verdict:
    ours = [signal for signal in SIGNALS.values() if signal.surface is surface]
    unseen = tuple(signal.meaning for signal in ours if signal.name not in seen)
    found = sorted((each for each in evidence if each.signal.surface is surface), key=_telling, reverse=True)
    if found:
        score = max(each.score for each in found)
        return Verdict(surface, "moved", score, tuple(found[:MOST_EVIDENCE]), unseen)
    soft = {"volume"}
    blind = all(signal.name not in seen for signal in ours if signal.name not in soft)
    return Verdict(surface, "not_seen" if blind else "still", 0.0, (), unseen)
