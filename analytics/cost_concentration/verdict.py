"""What a fit of the tail allows to be said, in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.statistics.tail import RULED_OUT, Comparison, GoodnessOfFit, PowerLaw, compare, fit, goodness_of_fit

Floats = NDArray[np.float64]

SMALLEST_TAIL = 50
"""Below it exponents are off and nothing can be ruled out (CSN, section 3.2)."""
NO_MEAN = 2.0
WORDS = {
    "lognormal": "a lognormal",
    "exponential": "an exponential",
    "stretched_exponential": "a stretched exponential",
    "cut_off": "a power law with a cut-off",
}


@dataclass(frozen=True)
class Tail:
    """A fit with its tests. `law` is None where there is too little to fit."""

    law: PowerLaw | None
    goodness: GoodnessOfFit | None
    comparisons: dict[str, Comparison]
    words: str

    def as_details(self) -> dict[str, Any]:
        """For a finding."""
        law, goodness = self.law, self.goodness
        if law is None:
            return {"verdict": self.words}
        return {
            "verdict": self.words,
            "xmin_usd": round(law.xmin, 9),
            "alpha": round(law.alpha, 4),
            "alpha_error": round(law.alpha_error, 4),
            "distance": round(law.distance, 5),
            "n_tail": law.n_tail,
            "p_value": goodness and round(goodness.p_value, 4),
            "replicates": goodness and goodness.replicates,
            "bootstrap_sample": goodness and goodness.sample,
            "likelihood_ratios": {
                name: {"ratio": round(each.ratio, 3), "p_value": round(each.p_value, 4)}
                for name, each in self.comparisons.items()
            },
        }


def judge(costs: Floats, rng: np.random.Generator) -> Tail:
    """Fit, bootstrap and comparisons of customers' costs above 0."""
    law = fit(costs) if np.count_nonzero(costs > 0) >= SMALLEST_TAIL else None
    if law is None or law.n_tail < SMALLEST_TAIL:
        count = law.n_tail if law else int(np.count_nonzero(costs > 0))
        words = f"The tail is too small to fit ({count} customers, {SMALLEST_TAIL} are needed); read the shares."
        return Tail(None, None, {}, words)
    goodness = goodness_of_fit(costs, rng)
    comparisons = compare(costs, law)
    return Tail(law, goodness, comparisons, in_words(law, goodness, comparisons))


def in_words(law: PowerLaw, goodness: GoodnessOfFit | None, comparisons: dict[str, Comparison]) -> str:
    """What may be claimed. An exponent alone proves no law."""
    words = _law_in_words(goodness, comparisons)
    if law.alpha < NO_MEAN:
        words += " The exponent is below 2: the mean of such costs does not settle; forecasts by it are meaningless."
    return words


def _law_in_words(goodness: GoodnessOfFit | None, comparisons: dict[str, Comparison]) -> str:
    better = [name for name, each in comparisons.items() if each.ratio < 0 and each.p_value <= RULED_OUT]
    heavy = comparisons["exponential"].ratio > 0 and comparisons["exponential"].p_value <= RULED_OUT
    weight = "Heavy-tailed" if heavy else "Not clearly heavier-tailed than an exponential"
    if goodness is not None and goodness.p_value <= RULED_OUT:
        fits = f"; {_least(better, comparisons)} fits better" if better else ""
        return f"{weight}; a power law is ruled out (p = {goodness.p_value:.2f}){fits}."
    if better:
        return f"{weight}; {_least(better, comparisons)} fits better than a power law."
    lognormal = comparisons["lognormal"]
    if lognormal.ratio > 0 and lognormal.p_value <= RULED_OUT:
        return f"{weight}; a power law fits, and better than a lognormal."
    return f"{weight}; power law and lognormal can't be told apart."


def _least(better: list[str], comparisons: dict[str, Comparison]) -> str:
    return WORDS[min(better, key=lambda name: comparisons[name].p_value)]
