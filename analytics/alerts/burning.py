"""Burn rates of a service level: how many times faster than allowed its errors come (Google's SRE workbook, ch. 5)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

HOUR, FIVE_MINUTES = timedelta(hours=1), timedelta(minutes=5)
SIX_HOURS, HALF_HOUR = timedelta(hours=6), timedelta(minutes=30)
PAIRS = ((HOUR, FIVE_MINUTES, 14.4), (SIX_HOURS, HALF_HOUR, 6.0))
"""Long window, short window, rate: 2 % of a month's budget in an hour, 5 % in six. The short one ends it soon."""
BURN_WINDOWS = (HOUR, FIVE_MINUTES, SIX_HOURS, HALF_HOUR)

Counts = Mapping[timedelta, tuple[float, float]]
"""(bad, total) by window."""


def burn_rates(counts: Counts, objective: float, min_total: float) -> dict[timedelta, float]:
    """The rate by window; 0 where nothing came, and where the long window has too few events to say anything."""
    rates = {}
    for long, short, _ in PAIRS:
        enough = counts.get(long, (0.0, 0.0))[1] >= min_total
        for window in (long, short):
            bad, total = counts.get(window, (0.0, 0.0))
            rates[window] = bad / total / (1 - objective) if total and enough else 0.0
    return rates


def worst(rates: Mapping[timedelta, float]) -> float:
    """The rate at which the worse pair burns over both its windows."""
    return max(min(rates[long], rates[short]) for long, short, _ in PAIRS)


def burning(rates: Mapping[timedelta, float]) -> bool:
    """Whether one pair of windows burns, each of the two."""
    return any(rates[long] >= rate and rates[short] >= rate for long, short, rate in PAIRS)
