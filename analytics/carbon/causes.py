"""Why a call emits more than it did: other models, more tokens, more energy a token, or dirtier electricity.

A modelled figure can also rise because it is worked out in another way: another factor set, other rows, another guess
of the place. That is no change of what is emitted, so it is told apart.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from analytics.statistics.lmdi import effects

FACTORS = ("models", "tokens", "energy_per_token", "intensity")
TOLERANCE = 0.15
"""By so much the energy of a token may differ from what its tokens explain: fits and caps by duration are not exact."""


@dataclass(frozen=True)
class Totals:
    """Calls of one model in some parts of time."""

    calls: float
    input_tokens: float
    cached_tokens: float
    output_tokens: float
    kwh: float
    kwh_low: float
    kwh_high: float
    co2e_g: float

    @property
    def exact(self) -> bool:
        """Low is high: measured, or a factor without uncertainty."""
        return self.kwh_low == self.kwh_high

    def factors(self, calls: float) -> tuple[float, float, float, float]:
        """Share of calls, tokens out of a call, kWh of a token out, g of a kWh; their product is g of a call of all."""
        if not (self.output_tokens and self.kwh):  # embeddings have no tokens out: energy is by call
            return self.calls / calls, 1.0, self.kwh / self.calls, self.co2e_g / self.kwh if self.kwh else 0.0
        return (
            self.calls / calls,
            self.output_tokens / self.calls,
            self.kwh / self.output_tokens,
            self.co2e_g / self.kwh,
        )


@dataclass(frozen=True)
class Known:
    """What the window's spans say of its models, and what the windows before do not."""

    measured: Collection[str] = field(default_factory=frozenset)
    """Models whose energy is measured."""
    assumed: Collection[str] = field(default_factory=frozenset)
    """Models whose place is assumed."""
    new: Collection[str] = field(default_factory=frozenset)
    """Models that were called before, then without any figure."""


@dataclass(frozen=True)
class Causes:
    """Grams a call that each factor adds, and how much of the change is only of the method."""

    by_factor: Mapping[str, float]
    of_method: float
    changed: tuple[str, ...]
    """Models whose figures are worked out in another way."""

    @property
    def main(self) -> str:
        """The factor that adds most."""
        return max(FACTORS, key=lambda name: self.by_factor[name])

    @property
    def is_method(self) -> bool:
        """At least half of the rise is none."""
        rise = sum(self.by_factor.values())
        return rise > 0 and self.of_method >= rise / 2


def causes(before: Mapping[str, Totals], after: Mapping[str, Totals], known: Known) -> Causes:
    """Split the change of g per call, exactly."""
    split = effects(_factors(before), _factors(after))
    by_factor = {name: sum(parts[place] for parts in split.values()) for place, name in enumerate(FACTORS)}
    changed = [
        model
        for model in sorted(before.keys() & after.keys())
        if _other_method(before[model], after[model], model in known.measured)
    ]
    of_method = sum(split[model][2] for model in changed)
    of_method += sum(split[model][3] for model in split if model in known.assumed)
    of_method += sum(split[model][0] for model in known.new if model in after and model not in before)
    became_known = [model for model in known.new if model in after and model not in before]
    return Causes(by_factor, of_method, tuple(sorted({*changed, *became_known})))


def _factors(side: Mapping[str, Totals]) -> dict[str, tuple[float, float, float, float]]:
    calls = sum(one.calls for one in side.values())
    return {model: one.factors(calls) for model, one in side.items()}


def _other_method(before: Totals, after: Totals, measured: bool) -> bool:
    """Whether the energy of a token moved further than its tokens explain.

    Every factor set has kWh = a × out + b × in + c × cached + d × calls, none below zero, so kWh of a token out lies
    between the ratios of these counts. What is measured may rise by itself.
    """
    if measured and after.exact:
        return not before.exact
    old, new = before.factors(1)[2], after.factors(1)[2]
    if old <= 0 or new <= 0:
        return old != new
    explained = [1.0, *_ratios(before, after)]
    return not (min(explained) * (1 - TOLERANCE) <= new / old <= max(explained) * (1 + TOLERANCE))


def _ratios(before: Totals, after: Totals) -> list[float]:
    """By how much calls, fresh and cached tokens in have grown for each token out."""
    if not (before.output_tokens and after.output_tokens):
        return []
    pairs = (
        (before.calls, after.calls),
        (before.input_tokens - before.cached_tokens, after.input_tokens - after.cached_tokens),
        (before.cached_tokens, after.cached_tokens),
    )
    return [(new / after.output_tokens) / (old / before.output_tokens) for old, new in pairs if old > 0 and new > 0]
