"""Which dimension explains a change of an additive amount (Bhagwan et al., Adtributor, NSDI 2014).

For each element of a dimension, forecast F and actual A against their totals:

    explanatory power  EP = (A - F) / (A_total - F_total)
    surprise           S  = (p log(2p / (p + q)) + q log(2q / (p + q))) / 2,   p = F / F_total, q = A / A_total

Elements are taken by falling surprise until together they explain `ENOUGH` of the change; of the dimensions that get
there with few elements, the one with the largest surprise is the answer. Logarithms are decimal, as in the paper.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analytics.statistics.mix_rate import Floats

ENOUGH = 0.67
"""T_EP of the paper: elements that explain this share of the change explain it."""
NEGLIGIBLE = 0.1
"""T_EEP of the paper: an element that explains less than this is passed over."""
SUCCINCT = 3
"""A dimension that needs more elements than this does not explain, it lists."""


@dataclass(frozen=True)
class Element:
    """One value of a dimension and its part in the change."""

    name: str
    power: float
    """Explanatory power: its share of the change."""
    surprise: float


@dataclass(frozen=True)
class Explanation:
    """The elements of one dimension that together explain the change, the most surprising first."""

    dimension: str
    elements: tuple[Element, ...]

    @property
    def surprise(self) -> float:
        """Of all its elements."""
        return sum(element.surprise for element in self.elements)

    @property
    def power(self) -> float:
        """Of all its elements."""
        return sum(element.power for element in self.elements)


def elements(forecast: Mapping[str, float], actual: Mapping[str, float]) -> list[Element]:
    """Each value of a dimension with power and surprise, in the order of `forecast`, then what is only in `actual`."""
    names = list(dict.fromkeys([*forecast, *actual]))
    f = np.array([forecast.get(name, 0.0) for name in names])
    a = np.array([actual.get(name, 0.0) for name in names])
    change = a.sum() - f.sum()
    if change == 0 or f.sum() <= 0 or a.sum() <= 0:
        return [Element(name, 0.0, 0.0) for name in names]
    surprises = surprise(f / f.sum(), a / a.sum())
    return [Element(*row) for row in zip(names, ((a - f) / change).tolist(), surprises.tolist(), strict=True)]


def surprise(p: Floats, q: Floats) -> Floats:
    """Jensen-Shannon divergence by element, decimal logarithm: how far its share moved from what was forecast."""
    with np.errstate(divide="ignore", invalid="ignore"):
        left = np.where(p > 0, p * np.log10(2 * p / (p + q)), 0.0)
        right = np.where(q > 0, q * np.log10(2 * q / (p + q)), 0.0)
    return np.asarray((left + right) / 2)


def explain(dimension: str, forecast: Mapping[str, float], actual: Mapping[str, float]) -> Explanation | None:
    """The few surprising elements that explain the change; None when it takes too many or all are as forecast."""
    chosen: list[Element] = []
    for element in sorted(elements(forecast, actual), key=lambda each: (-each.surprise, each.name)):
        if element.power < NEGLIGIBLE:
            continue
        chosen.append(element)
        if sum(each.power for each in chosen) > ENOUGH:
            return Explanation(dimension, tuple(chosen)) if len(chosen) <= SUCCINCT else None
    return None


def root_cause(by_dimension: Mapping[str, tuple[Mapping[str, float], Mapping[str, float]]]) -> list[Explanation]:
    """Dimensions that explain the change of (forecast, actual), the most surprising first."""
    found = [explain(dimension, forecast, actual) for dimension, (forecast, actual) in by_dimension.items()]
    return sorted((each for each in found if each), key=lambda each: -each.surprise)
