"""When sessions begin: by hour of the day in the tenant's own zone, quieter at weekends, drawn from Poisson's law."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spanledger.demo.cast import Feature, Tenant
from spanledger.demo.clock import DAY, HOUR
from spanledger.demo.conditions import Conditions, Surge

HOURS = (1, 1, 1, 1, 1, 2, 3, 5, 8, 10, 10, 9, 7, 9, 10, 10, 9, 7, 5, 4, 3, 3, 2, 1)
"""Weights of the hours of a working day."""
WEEKEND = 0.35
EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday."""


@dataclass(frozen=True)
class Session:
    """Somebody begins to use a feature."""

    at: int
    tenant: Tenant
    feature: Feature


def sessions(  # noqa: PLR0913, PLR0917  (a workload has this many measures)
    rng: np.random.Generator,
    start: int,
    days: int,
    per_day: float,
    cast: Sequence[Tenant],
    offered: Sequence[Feature],
    conditions: Conditions,
) -> list[Session]:
    """All sessions in order of time; `per_day`: on a working day, of all tenants and features together."""
    surges = conditions.all(Surge)
    found: list[Session] = []
    hours = start + np.arange(days * 24, dtype=np.int64) * HOUR
    for tenant in cast:
        rhythm = _rhythm(hours, tenant.zone) * per_day * tenant.share
        for feature in offered:
            if feature.only and feature.only != tenant.name:
                continue
            rate = rhythm * feature.share * (1 / tenant.share if feature.only else 1.0)
            counts = rng.poisson(rate * _factors(hours, surges, tenant.name, feature.name))
            begins = np.repeat(hours, counts) + rng.integers(HOUR, size=int(counts.sum()))
            found += [Session(int(at), tenant, feature) for at in begins]
    return sorted(found, key=lambda session: session.at)


def _rhythm(hours: NDArray[np.int64], zone: int) -> NDArray[np.float64]:
    """The share of a working day's sessions that an hour has."""
    local = hours + zone * HOUR
    weights = np.array(HOURS) / sum(HOURS)
    weekday = (local // DAY + EPOCH_WEEKDAY) % 7
    shares: NDArray[np.float64] = weights[local // HOUR % 24] * np.where(weekday >= 5, WEEKEND, 1.0)
    return shares


def _factors(hours: NDArray[np.int64], surges: Sequence[Surge], tenant: str, feature: str) -> NDArray[np.float64]:
    factors = np.ones(len(hours))
    for surge in surges:
        if surge.tenant in ("", tenant) and surge.feature in ("", feature):
            factors *= [surge.at(int(hour)) for hour in hours]
    return factors
