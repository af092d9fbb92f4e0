"""Explanatory power: which part of a metric's change a signal's change carries, and whether it came when it had to.

The part is the mix term of Kitagawa's split (analytics.statistics.mix_rate) over the signal's values, before and since
its own change: what the metric would have moved had only their shares changed. A value that is new brings all that it
has with it. What changed at another time than the metric did is split where the metric broke, at the rates that its
values had until then: a release that went well for hours does not carry what came after. The timing is how much of the
metric's variation a step at the signal's date explains, beside the best step. Power is their product, from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analytics.statistics.mix_rate import Floats, split
from analytics.triage.broken import Broken
from analytics.triage.cells import Cells, Histogram

TOLERANCE = 2
"""Slots between a signal's change and the metric's that are one time."""


def power(cells: Cells, broken: Broken, histograms: Sequence[Histogram], at: int) -> float:
    """Of the strata of one signal together, that changed at a slot; 0 when the metric did not change."""
    if broken.change is None or cells.total is None:
        return 0.0
    together = abs(at - broken.change.at) <= TOLERANCE
    cut = at if together else broken.change.at
    before, after = _levels(broken, cut)
    if not np.isfinite(after - before) or after == before:
        return 0.0
    carried = sum(_mix(each, broken, cut, kept=not together) for each in histograms) / (after - before)
    part = float(np.clip(carried, 0.0, 1.0))
    if not broken.by_level:
        part *= 1 - _volume_part(cells, broken, at)
    return part * broken.change.timing(at)


def volume_power(cells: Cells, broken: Broken, at: int) -> float:
    """Of the share of all traffic: only amounts that add up have more with more of it."""
    if broken.volume is None:
        return 0.0
    return _volume_part(cells, broken, at) * broken.volume.timing(at)


def _levels(broken: Broken, at: int) -> tuple[float, float]:
    """The metric's level before and since a slot."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return (
            float(broken.amounts[:at].sum() / np.float64(broken.bases[:at].sum())),
            float(broken.amounts[at:].sum() / np.float64(broken.bases[at:].sum())),
        )


def _mix(histogram: Histogram, broken: Broken, at: int, *, kept: bool) -> float:
    """What a stratum's mix moved of the metric of all traces; `kept`: at the rates that values had before."""
    amounts, bases = histogram.amounts[broken.number], histogram.bases[broken.number]
    w0, w1 = bases[:at].sum(axis=0), bases[at:].sum(axis=0)
    if not w0.sum() > 0 or not w1.sum() > 0:
        return 0.0
    h0, h1 = _rates(amounts[:at].sum(axis=0), w0), _rates(amounts[at:].sum(axis=0), w1)
    shares = w1.sum() / broken.bases[at:].sum()
    if not histogram.of_peers:
        shares = (w0.sum() / broken.bases[:at].sum() + shares) / 2
    if kept:
        return float(((w1 / w1.sum() - w0 / w0.sum()) * np.where(w0 > 0, h0, h1)).sum() * shares)
    return float(split(w0, h0, w1, h1).mix.sum() * shares)


def _rates(amounts: Floats, bases: Floats) -> Floats:
    return np.asarray(np.divide(amounts, bases, out=np.zeros_like(amounts), where=bases > 0))


def _volume_part(cells: Cells, broken: Broken, at: int) -> float:
    """The part of the change of a total that is more traffic of those, beside that of all others."""
    before, after = cells.traffic[:at].sum(axis=0), cells.traffic[at:].sum(axis=0)
    if not broken.metric.total or not cells.traffic[:, 1].any() or not before[0] or not after[0]:
        return 0.0
    h0, h1 = _levels(broken, at)
    growth = (after[0] / after.sum()) / (before[0] / before.sum())
    by_volume, by_level = (growth - 1) * (h0 + h1) / 2, (growth + 1) / 2 * (h1 - h0)
    change = by_volume + by_level
    return float(np.clip(by_volume / change, 0.0, 1.0)) if change else 0.0
