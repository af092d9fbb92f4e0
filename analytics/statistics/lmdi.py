"""How much of a change is due to which factor: log mean Divisia index, LMDI-I (Ang, Energy Policy 33:867, 2005).

The usual split of energy and carbon accounts: exact, the same in both directions, and without a rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence


def log_mean(one: float, other: float) -> float:
    """Logarithmic mean of two numbers above zero."""
    if math.isclose(one, other, rel_tol=1e-9):
        return (one + other) / 2
    return (one - other) / math.log(one / other)


def effects(before: Mapping[str, Sequence[float]], after: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Of a sum over keys of products of factors: the part of its change by key and factor.

    Factors are in the same order everywhere, a share first. A key that is there on one side only came or went: all of
    it counts as the first factor's. So does a key with a factor of zero, of which no logarithm tells anything.
    """
    return {key: _of_key(before.get(key), after.get(key)) for key in sorted({*before, *after})}


def _of_key(before: Sequence[float] | None, after: Sequence[float] | None) -> list[float]:
    factors = len(before or after or ())
    was, now = math.prod(before) if before else 0.0, math.prod(after) if after else 0.0
    if not before or not after or was <= 0 or now <= 0:
        return [now - was, *[0.0] * (factors - 1)]
    weight = log_mean(now, was)
    return [weight * math.log(new / old) for old, new in zip(before, after, strict=True)]
