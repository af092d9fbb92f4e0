"""Emissions as the Software Carbon Intensity specification (ISO/IEC 21031:2024) has them: SCI = (E × I + M) per R."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

BOUNDARY = (
    "SCI (ISO/IEC 21031): E is inference with the data centre's overhead, I is location-based, M is hardware where the "
    "factor set knows it; without training, networks, the caller's machines, idle reserve and water"
)
"""What is inside and outside of every figure."""

INTENSITY = re.compile(r" (?P<g_per_kwh>[0-9.]+) (?:location|market) \(")
"""In `grid` of a span: `us-east-1 244.758 location (US-VA 2023, EPA eGRID2023)`."""


@dataclass(frozen=True)
class Amount:
    """A figure with its bounds, low ≤ mid ≤ high. A bound that is not known is None."""

    low: float | None
    mid: float
    high: float | None

    def per(self, units: float) -> Amount | None:
        """Per unit; None where there are no units."""
        if not units:
            return None
        return Amount(_over(self.low, units), self.mid / units, _over(self.high, units))

    def times(self, factor: float) -> Amount:
        """In a smaller or larger unit."""
        return Amount(_over(self.low, 1 / factor), self.mid * factor, _over(self.high, 1 / factor))

    def record(self) -> dict[str, float | None]:
        """As JSON."""
        return {"low": self.low, "mid": self.mid, "high": self.high}


def _over(value: float | None, units: float) -> float | None:
    return None if value is None else value / units


def total(amounts: Iterable[Amount]) -> Amount | None:
    """Their sum; None of nothing. Bounds add up, as if all were low or all high at once."""
    parts = list(amounts)
    if not parts:
        return None
    lows, highs = [part.low for part in parts], [part.high for part in parts]
    return Amount(_sum(lows), sum(part.mid for part in parts), _sum(highs))


def _sum(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def emissions(energy_kwh: float, g_per_kwh: float, hardware_g: float) -> float:
    """E × I + M in g CO2e."""
    return energy_kwh * g_per_kwh + hardware_g


def intensity_of(grid: str) -> float | None:
    """The g CO2e per kWh that a span's `grid` names; None where it names none."""
    found = INTENSITY.search(grid)
    return float(found["g_per_kwh"]) if found else None


def bounded(co2e_g: float, kwh: Amount, grid: str) -> Amount:
    """Emissions of calls of one grid with bounds: those of their energy. Hardware has none, so it stays as it is."""
    g_per_kwh = intensity_of(grid)
    if kwh.low == kwh.mid == kwh.high:
        return Amount(co2e_g, co2e_g, co2e_g)
    if g_per_kwh is None or kwh.low is None or kwh.high is None:
        return Amount(None, co2e_g, None)
    hardware = co2e_g - kwh.mid * g_per_kwh
    return Amount(emissions(kwh.low, g_per_kwh, hardware), co2e_g, emissions(kwh.high, g_per_kwh, hardware))
