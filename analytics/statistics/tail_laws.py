"""Laws of a tail, each fitted by maximum likelihood to values divided by xmin: logarithms of the density at each value.

All are conditioned on x >= 1, as CSN (see `tail`) compare them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import scipy
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Law = Callable[[Floats, float], Floats]
"""Values from 1 on, and the power law's alpha as a place to start from, to the logarithms of the density."""

NODES, WEIGHTS = np.polynomial.legendre.leggauss(200)
LONGEST_LOG = 750.0
"""exp(-750) is 0 in double precision."""


def power_law_densities(tail: Floats, alpha: float) -> Floats:
    """Of (alpha - 1) x^-alpha."""
    return np.asarray(np.log(alpha - 1) - alpha * np.log(tail))


def lognormal(tail: Floats, alpha: float) -> Floats:
    """Mean and deviation of ln x from all starts that matter: a peak within the tail, and one far below it, where the
    lognormal looks like a power law."""
    logs = np.log(tail)
    n, total, squares = len(logs), float(logs.sum()), float((logs**2).sum())

    def minus_likelihood(at: Floats) -> float:
        mean, deviation = at[0], np.exp(at[1])
        rest = squares - 2 * mean * total + n * mean**2
        return float(rest / (2 * deviation**2) + n * at[1] + n * scipy.special.log_ndtr(mean / deviation))

    middle, spread = float(logs.mean()), max(float(logs.std()), 1e-6)
    starts = [(middle, spread), (-2 * (alpha - 1), 2.0), (-20 * (alpha - 1), np.sqrt(20.0))]
    mean, log_deviation = _best(minus_likelihood, [(mean, float(np.log(width))) for mean, width in starts])
    deviation = np.exp(log_deviation)
    density = -((logs - mean) ** 2) / (2 * deviation**2) - log_deviation - np.log(2 * np.pi) / 2
    return np.asarray(density - logs - scipy.special.log_ndtr(mean / deviation))


def exponential(tail: Floats, _: float) -> Floats:
    """Its rate is one over the mean beyond 1."""
    rate = 1 / float((tail - 1).mean())
    return np.asarray(np.log(rate) - rate * (tail - 1))


def stretched_exponential(tail: Floats, _: float) -> Floats:
    """exp(-rate x^beta), conditioned; for each beta the best rate is known, so one dimension is searched."""
    logs = np.log(tail)

    def densities(log_beta: float) -> Floats:
        beta = np.exp(log_beta)
        powers = np.expm1(beta * logs)
        rate = 1 / max(float(powers.mean()), 1e-300)
        return np.asarray(np.log(rate) + log_beta + (beta - 1) * logs - rate * powers)

    found = scipy.optimize.minimize_scalar(
        lambda at: -float(densities(at).sum()), bounds=(np.log(1e-6), np.log(10)), method="bounded"
    )
    return densities(float(found.x))


def cut_off(tail: Floats, alpha: float) -> Floats:
    """x^-alpha exp(-rate x)."""
    logs, n = np.log(tail), len(tail)
    total, log_total = float(tail.sum()), float(logs.sum())

    def minus_likelihood(at: Floats) -> float:
        return float(at[0] * log_total + np.exp(at[1]) * total + n * _log_mass(at[0], np.exp(at[1])))

    mean = total / n
    starts = [(alpha, np.log(share / mean)) for share in (1e-4, 1e-2, 0.3)]
    exponent, log_rate = _best(minus_likelihood, starts)
    return np.asarray(-exponent * logs - np.exp(log_rate) * tail - _log_mass(exponent, np.exp(log_rate)))


LAWS: Mapping[str, Law] = {
    "lognormal": lognormal,
    "exponential": exponential,
    "stretched_exponential": stretched_exponential,
    "cut_off": cut_off,
}


def _log_mass(exponent: float, rate: float) -> float:
    """ln of the integral of x^-exponent exp(-rate x) from 1 on, by Gauss-Legendre in ln x."""
    end = np.log1p(LONGEST_LOG / max(rate, 1e-300))
    if exponent > 1:
        end = min(end, LONGEST_LOG / (exponent - 1))
    places = end * (NODES + 1) / 2
    terms = (1 - exponent) * places - rate * np.expm1(places)
    top = float(terms.max())
    return float(top - rate + np.log((WEIGHTS * np.exp(terms - top)).sum() * end / 2))


def _best(minus_likelihood: Callable[[Floats], float], starts: list[tuple[float, float]]) -> tuple[float, float]:
    """Where it is least, from several starts: likelihoods of tails have long flat valleys."""
    options = {"xatol": 1e-6, "fatol": 1e-8, "maxiter": 2000, "maxfev": 4000}
    found = [
        scipy.optimize.minimize(minus_likelihood, start, method="Nelder-Mead", options=options) for start in starts
    ]
    best = min(found, key=lambda each: float(each.fun))
    return float(best.x[0]), float(best.x[1])
