"""Did it matter? The success of tasks before and since, and how much of its change is a change of mix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.statistics.mix_rate import split
from analytics.statistics.newcombe import difference

GOOD = frozenset({"success", "succeeded", "successful", "resolved", "solved", "completed", "complete", "ok", "pass",
    "passed", "correct", "good", "yes", "true", "1"})  # fmt: skip
"""What senders call a task that ended well; any other outcome did not."""
FEWEST = 50
"""Traces with an outcome that either side needs."""


@dataclass(frozen=True)
class Quality:
    """Success rates, and what the difference comes from."""

    before: float
    since: float
    low: float
    high: float
    """Newcombe's interval of the difference, since minus before."""
    n: int
    mix: float
    """Part of the difference that comes from other shares of the groups (users moved)."""
    rate: float
    """Part that comes from other success within the groups (we got worse, or they ask harder things)."""
    by: str = "outcomes of tasks"
    """What says whether a trace went well."""

    def drop(self, least: float) -> bool:
        """True when success fell by at least so much, and surely."""
        return self.since - self.before <= -least and self.high < 0

    def as_json(self) -> Mapping[str, object]:
        """For the details of a finding."""
        names = ("before", "since", "low", "high", "n", "mix", "rate")
        return {name: round(float(getattr(self, name)), 4) for name in names} | {"by": self.by}


def is_good(outcome: str) -> bool:
    """True for an outcome that says success."""
    return outcome.strip().lower() in GOOD


def quality(
    good: NDArray[np.bool_], current: NDArray[np.bool_], group: NDArray[np.integer], by: str = "outcomes of tasks"
) -> Quality | None:
    """Of traces with an outcome, by the groups that moved; None where either side has too few."""
    n, m = int(current.sum()), int((~current).sum())
    if min(n, m) < FEWEST:
        return None
    change, low, high = difference(good[current].sum(), n, good[~current].sum(), m)
    number = np.unique(group, return_inverse=True)[1]
    count = int(number.max()) + 1
    sizes = [np.bincount(number[side], minlength=count).astype(np.float64) for side in (~current, current)]
    rates = [
        np.bincount(number[side], weights=good[side], minlength=count) / np.maximum(size, 1)
        for side, size in zip((~current, current), sizes, strict=True)
    ]
    parts = split(sizes[0], rates[0], sizes[1], rates[1])
    before = float(good[~current].mean())
    return Quality(before, before + change, low, high, n + m, float(parts.mix.sum()), float(parts.rate.sum()), by)
