"""Did a family's input move? Each layer is tested for a few lengths of the current part, by permuting users."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import scipy

from analytics.statistics.psi import jensen_shannon_bound, psi, psi_bound, shares
from analytics.statistics.relabel import Blocks, Labels, Statistic, blocks, p_values
from analytics.user_drift.content import Content
from analytics.user_drift.families import Family, units
from analytics.user_drift.layers import Bins, Layer, bins, covered, layers
from analytics.user_drift.matching import large_tenants, matched
from analytics.user_drift.shift import CONFIRMING, PSEUDO, SCREENING, Floats, Places, Shift, Sides
from spanledger.divergence import jensen_shannon

LENGTHS = (2, 4, 7, 14, 21, 28)
"""Days of the current part that are tried, within the window: what began two days ago is little of a week."""
MOST_ROWS = 2000
"""Of each side."""
FEWEST_UNITS = 10
"""Users of each side: with fewer a permutation cannot be rare."""
MIN_JSD, MIN_PSI = 0.03, 0.1
"""Smaller effects are nothing: bits (a language from 10 % to 26 %), and the PSI that is called a moderate shift."""
SUSPICIOUS = 0.02
"""A p-value of the screening that is worth more labellings."""


@dataclass(frozen=True)
class Verdict:
    """What was found of one family."""

    family: Family
    shifts: Sequence[Shift]
    """All that was tested, the strongest first."""
    unit: str
    """Who was permuted."""
    compared: float
    """Share of current calls that had something to be compared with."""

    @property
    def p_value(self) -> float:
        """Of the family: the smallest, times the number of tests (Bonferroni)."""
        return min(1.0, min(shift.p_value for shift in self.shifts) * len(self.shifts))


def lengths(days: int, history: bool, spread: float) -> list[int]:
    """Days of the current part to try in a window of `days`; `spread`: days for which there are rows."""
    tried = {days} | {length for length in LENGTHS if length < days} | ({1} if days <= 2 else set())
    return sorted(length for length in tried if (length < days or history) and spread - length >= max(1.0, length / 2))


def compare(family: Family, tried: Sequence[int], *, fewest: int, hours: bool) -> Verdict | None:
    """The verdict on a family; None where no length leaves enough calls and users on both sides."""
    rng = np.random.default_rng(zlib.crc32(f"{family.kind}\0{family.name}".encode()))
    content, measured = Content(family.rows), layers(family.rows, hours=hours)
    shifts: list[Shift] = []
    unit, compared = "trace", 0.0
    for days in tried:
        current = (family.rows["back"] < days).to_numpy()
        large = large_tenants(family.rows, current)
        places = matched(family.rows, current, large, MOST_ROWS, rng)
        side = current[places]
        if min(side.sum(), (~side).sum()) < fewest:
            continue
        unit, who = units(family.rows[places], side, large, FEWEST_UNITS)
        compared = max(compared, min(1.0, float(side.sum() / min(current.sum(), MOST_ROWS))))
        shifts += _tested(measured, content, Sides(places, side, who, days), rng)
    if not shifts:
        return None
    shifts = _confirmed(shifts, content, rng)
    strongest = sorted(shifts, key=lambda shift: (not shift.moved, shift.soft, shift.p_value, -shift.strength))
    return Verdict(family, strongest, unit, compared)


def _tested(measured: Sequence[Layer], content: Content, sides: Sides, rng: np.random.Generator) -> list[Shift]:
    """Every layer of matched rows."""
    of = blocks(sides.who, sides.current)
    if min(of.units) < FEWEST_UNITS:
        return []
    given = [layer for layer in measured if covered(layer.values, sides)]
    binned = [(layer, bins(layer, sides)) for layer in given]
    statistics = [_statistic(layer.numeric, bin_.code[sides.places], of) for layer, bin_ in binned]
    tested = p_values(of, statistics, rng, SCREENING)
    shifts = [_shift(layer, bin_, sides, p_value) for (layer, bin_), (_, p_value) in zip(binned, tested, strict=True)]
    said = content.shift(sides, rng)
    return [*shifts, said] if said else shifts


def _statistic(numeric: bool, code: Places, of: Blocks) -> Statistic:
    """The distance of the two sides' histograms as a function of labels."""
    known = code >= 0
    one_hot = np.zeros((len(code), int(code.max()) + 1))
    one_hot[np.flatnonzero(known), code[known]] = 1
    sums = of.sums(one_hot)
    total = sums.sum(axis=0, dtype=np.float64)
    distance = psi if numeric else jensen_shannon

    def apart(labels: Labels) -> Floats:
        since = (labels @ sums).astype(np.float64)
        return distance(shares(since, pseudo=PSEUDO), shares(total - since, pseudo=PSEUDO)) * of.pivot(labels)

    return apart


def _shift(layer: Layer, bin_: Bins, sides: Sides, p_value: float) -> Shift:
    known = sides.only(bin_.code >= 0)
    code = bin_.code[known.places]
    before, since = (np.bincount(code[side], minlength=len(bin_.labels)) for side in (~known.current, known.current))
    old, new = shares(before, pseudo=PSEUDO), shares(since, pseudo=PSEUDO)
    bound = psi_bound if layer.numeric else jensen_shannon_bound
    by_chance = bound(max(len(bin_.labels), 2), float(since.sum()), float(before.sum()))
    return Shift(
        layer=layer.name,
        meaning=layer.meaning,
        soft=layer.soft,
        sides=known,
        effect=float((psi if layer.numeric else jensen_shannon)(new, old)),
        unit="PSI" if layer.numeric else "bits",
        minimum=max(MIN_PSI if layer.numeric else MIN_JSD, by_chance),
        p_value=p_value,
        score=np.where(bin_.code >= 0, np.log(new / old)[bin_.code], np.nan),
        labels=bin_.labels,
        before=shares(before),
        since=shares(since),
        size_change=_size_change(layer, known) if layer.numeric else None,
    )


def _size_change(layer: Layer, sides: Sides) -> float:
    values = layer.values.to_numpy().astype(np.float64)[sides.places]
    before = values[~sides.current]
    return float(scipy.stats.wasserstein_distance(before, values[sides.current]) / max(float(np.median(before)), 1.0))


def _confirmed(shifts: list[Shift], content: Content, rng: np.random.Generator) -> list[Shift]:
    """The same, the strongest one with a p-value of as many labellings as many tests ask for."""
    worth = [shift for shift in shifts if shift.moved and shift.p_value <= SUSPICIOUS]
    if not worth:
        return shifts
    best = min(worth, key=lambda shift: (shift.soft, -shift.strength))
    if best.layer == "content":
        again = content.confirmed(best, rng, CONFIRMING)
    else:
        of = blocks(best.sides.who, best.sides.current)
        code = np.unique(best.compared, return_inverse=True)[1].astype(np.intp)  # bins of one score are one
        [(_, p_value)] = p_values(of, [_statistic(best.unit == "PSI", code, of)], rng, CONFIRMING)
        again = replace(best, p_value=p_value)
    return [again if shift is best else shift for shift in shifts]
