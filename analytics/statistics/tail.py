"""How heavy the tail of positive amounts is: the fit of a continuous power law, and whether to believe it.

Clauset, Shalizi, Newman, "Power-law distributions in empirical data", SIAM Review 51 (2009), arXiv:0706.1062 (CSN).

The distance between data and law is that of the authors' program `plfit`: the largest |P(x) - S(x)| over the tail's
points, with S the share of points *before* each point. (Others also look at the share up to each point, which picks
another xmin where values are tied; `plfit`'s gives the published tables.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from analytics.statistics.tail_laws import LAWS, power_law_densities

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

COARSE, FINE = 64, 512
"""Points of a tail at which its distance is bounded from below before it is computed at all of them."""
CHUNK = 4096
"""Candidates for xmin that are bounded at once; holds memory at some 10 MB."""
RULED_OUT = 0.1
"""A power law is ruled out when its goodness of fit is at most this (CSN, section 4.1)."""
WORK = 1_000_000
"""Values that all replicates of a bootstrap hold together: its time is then about a second for any size of sample."""


@dataclass(frozen=True)
class PowerLaw:
    """A density proportional to x^-alpha for x >= xmin."""

    xmin: float
    alpha: float
    distance: float
    """Kolmogorov-Smirnov distance as `plfit` takes it."""
    n_tail: int
    """Values from xmin on."""

    @property
    def alpha_error(self) -> float:
        """Standard error of alpha (CSN, eq. 3.2)."""
        return (self.alpha - 1) / float(np.sqrt(self.n_tail))


@dataclass(frozen=True)
class GoodnessOfFit:
    """How often a sample from the fitted law lies at least as far from its own fit as the data do."""

    p_value: float
    replicates: int
    sample: int
    """Values that were looked at."""


@dataclass(frozen=True)
class Comparison:
    """The power law against another law by the ratio of their likelihoods, on the same tail."""

    ratio: float
    """Above 0 the power law fits better. Normalised by its standard error (Vuong 1989), but for the cut-off, which
    holds the power law within it: there it is the plain logarithm of the ratio, at most 0."""
    p_value: float
    """Two-sided; above 0.1 the two can't be told apart."""


def fit(values: Floats) -> PowerLaw | None:
    """The law whose xmin, of all values, gives the least distance; None for less than two different values above 0."""
    values = np.sort(values[values > 0])
    logs = np.log(values)
    firsts = np.flatnonzero(np.diff(logs, prepend=-np.inf) > 0)[:-1].astype(np.int64)
    if not firsts.size:
        return None
    best, distance, slope = _least_distance(logs, firsts)
    return PowerLaw(float(values[best]), 1 + slope, distance, len(values) - best)


def goodness_of_fit(
    values: Floats, rng: np.random.Generator, largest: int = 10_000, replicates: int | None = None
) -> GoodnessOfFit | None:
    """The semi-parametric bootstrap of CSN, section 4.1: what lies below xmin is drawn from the data, the tail from the
    law, and xmin is sought anew in every replicate. None where there is no fit.

    Of more than `largest` values so many are drawn at random. It stops as soon as the law can't be ruled out any more
    (Besag, Clifford 1991), so large p-values come from fewer replicates.
    """
    values = values[values > 0]
    if len(values) > largest:
        values = rng.choice(values, largest, replace=False)
    law = fit(values)
    if law is None:
        return None
    wanted = replicates or min(1000, max(100, WORK // len(values)))
    farther = done = 0
    while done < wanted and farther <= RULED_OUT * wanted:
        replicate = fit(_replicate(values, law, rng))
        farther += replicate is not None and replicate.distance >= law.distance
        done += 1
    return GoodnessOfFit(farther / done, done, len(values))


def compare(values: Floats, law: PowerLaw) -> dict[str, Comparison]:
    """The power law against lognormal, exponential, stretched exponential and itself with an exponential cut-off."""
    tail = values[values >= law.xmin] / law.xmin
    own = power_law_densities(tail, law.alpha)
    return {name: _compared(own, other(tail, law.alpha), nested=name == "cut_off") for name, other in LAWS.items()}


def _compared(own: Floats, other: Floats, *, nested: bool) -> Comparison:
    differences = own - other
    total = float(differences.sum())
    if nested:
        total = min(total, 0.0)
        return Comparison(total, float(scipy.stats.chi2.sf(-2 * total, 1)))
    spread = float(differences.std()) * float(np.sqrt(len(differences)))
    if spread < 1e-9 * max(1.0, abs(float(own.sum()))):
        return Comparison(0.0, 1.0)
    return Comparison(total / spread, float(scipy.special.erfc(abs(total) / spread / np.sqrt(2))))


def _replicate(values: Floats, law: PowerLaw, rng: np.random.Generator) -> Floats:
    """A sample of the same size from the fitted law above xmin, from the data below."""
    body = values[values < law.xmin]
    in_tail = int(rng.binomial(len(values), law.n_tail / len(values))) if len(body) else len(values)
    tail = law.xmin * (1 - rng.random(in_tail)) ** (-1 / (law.alpha - 1))
    return np.concatenate([rng.choice(body, len(values) - in_tail), tail]) if len(body) else tail


def _least_distance(logs: Floats, firsts: Ints) -> tuple[int, float, float]:
    """Of the candidates `firsts` (indices into sorted logarithms) the one with the least distance, that distance, and
    its alpha - 1. It is exact: a candidate is left out only when its distance at some points is already too large.
    """
    sizes = len(logs) - firsts
    sums = np.cumsum(logs[::-1])[::-1][firsts] - sizes * logs[firsts]
    slopes = sizes / sums
    exact: Callable[[int], float] = lambda at: _distance(logs[firsts[at] :], slopes[at])  # noqa: E731
    bounds = _bounds(logs, firsts, slopes, COARSE)
    best = int(bounds.argmin())
    least = exact(best)
    left = np.flatnonzero(bounds < least)
    bounds = _bounds(logs, firsts[left], slopes[left], FINE)
    for position in np.argsort(bounds, kind="stable"):
        if bounds[position] >= least:
            break
        distance = exact(int(left[position]))
        if distance < least or (distance == least and left[position] < best):
            best, least = int(left[position]), distance
    return int(firsts[best]), least, float(slopes[best])


def _distance(tail: Floats, slope: float) -> float:
    """|P - S| at its largest, of a sorted tail's logarithms."""
    before = np.arange(len(tail)) / len(tail)
    return float(np.abs(1 - np.exp(-slope * (tail - tail[0])) - before).max())


def _bounds(logs: Floats, firsts: Ints, slopes: Floats, points: int) -> Floats:
    """The same at evenly spaced points of each candidate's tail: at most the distance."""
    places = np.linspace(0, 1, points)
    bounds = np.empty(len(firsts))
    for begin in range(0, len(firsts), CHUNK):
        part = slice(begin, begin + CHUNK)
        first, sizes = firsts[part, None], (len(logs) - firsts[part])[:, None]
        offsets = (places * (sizes - 1)).astype(np.int64)
        law = 1 - np.exp(-slopes[part, None] * (logs[first + offsets] - logs[first]))
        bounds[part] = np.abs(law - offsets / sizes).max(axis=1)
    return bounds
