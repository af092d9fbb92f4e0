"""How the values of an attribute read, and which filter finds them: texts as they are, numbers by size."""

from __future__ import annotations

from dataclasses import dataclass

from spanledger import figures
from spanledger.filters import equals

EXACT = 10_000
"""Up to this, an edge of a bin that is a whole number is written as it is."""
SHORTEST = 1000
"""Nanoseconds from which on an edge is written in larger units."""
ZERO, TEXT, BELOW = "zero", "text", "n"
"""Values of no bin: zero, and texts among numbers; and what stands before the bin of numbers below zero."""
LARGEST = "1e150"
"""As filters have it: what is larger is a text of digits."""


@dataclass(frozen=True)
class Name:
    """An attribute that is compared."""

    text: str
    """As filters have it."""

    def words(self, value: str) -> str:
        """A value for people."""
        return value

    def filter(self, value: str) -> str:
        """The condition whose spans have it."""
        return equals(self.text, value)


@dataclass(frozen=True)
class Sized(Name):
    """An attribute whose numbers are compared by size. A value is the number of a bin: the n-th begins at
    2 ** (n * octaves); of numbers below zero with an `n` before it, for how far below they are."""

    octaves: float = 1.0
    """Powers of two that a bin is wide."""

    def words(self, value: str) -> str:
        """The bin's edges for people, the lower first."""
        if value in (ZERO, TEXT):
            return {ZERO: "0", TEXT: "no number"}[value]
        low, high = (_short(edge, self.text) for edge in self._edges(value))
        return f"-{high} to -{low}" if value.startswith(BELOW) else f"{low} to {high}"

    def filter(self, value: str) -> str:
        """The condition whose spans lie in the bin. Only numbers are larger or smaller than a number."""
        name = self.text
        if value == ZERO:
            return f"{name} >= 0 and {name} <= 0"
        if value == TEXT:
            return f"{name} exists and not ({name} > -{LARGEST} and {name} < {LARGEST})"
        low, high = self._edges(value)
        if value.startswith(BELOW):
            return f"{name} > -{high:.12g} and {name} <= -{low:.12g}"
        return f"{name} >= {low:.12g} and {name} < {high:.12g}"

    def _edges(self, value: str) -> tuple[float, float]:
        place = int(value.removeprefix(BELOW))
        return 2.0 ** (place * self.octaves), 2.0 ** ((place + 1) * self.octaves)


def _short(amount: float, name: str) -> str:
    if name in ("duration", "time_to_first_token_ns"):
        return figures.duration(round(amount)) if amount >= SHORTEST else f"{amount:.3g} ns"
    if name == "energy_kwh":
        return figures.energy(amount)
    prefix = "$" if name == "cost_usd" else ""
    written = 100 <= amount < EXACT or (1 <= amount < EXACT and amount.is_integer())
    return f"{prefix}{amount:,.0f}" if written else f"{prefix}{amount:.3g}"
