"""What a row of a factor set says about one model, and how the shipped files are read."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path

from spanledger import sql

DATA = sql.SCHEMA_DIR / "energy"
ALWAYS = date(1970, 1, 1)


@dataclass(frozen=True)
class Bounds:
    """A figure with what it may be at least and at most: low ≤ mid ≤ high, none below 0."""

    low: float = 0.0
    mid: float = 0.0
    high: float = 0.0

    @classmethod
    def exact(cls, value: float) -> Bounds:
        """A figure without a spread."""
        return cls(value, value, value)

    @classmethod
    def between(cls, low: float, high: float) -> Bounds:
        """The two ends in order, and their mean."""
        low, high = min(low, high), max(low, high)
        return cls(low, (low + high) / 2, high)

    def __mul__(self, factor: float) -> Bounds:
        """All three times a number."""
        return Bounds(self.low * factor, self.mid * factor, self.high * factor)


@dataclass(frozen=True)
class Factors:
    """One model's figures. kWh are of the machines, without the overhead of the data centre, which is `pue`.

    kWh = pue * batch * (out * tokens out + fresh * uncached tokens in + cached * cached tokens in + request
          + second * min(measured seconds, seconds_request + seconds_out * tokens out))
    """

    factor_set: str
    model: str
    source: str
    provider: str = ""
    """Empty: whoever serves the model."""
    valid_from: date = ALWAYS
    out: Bounds = Bounds()
    """kWh per token out."""
    fresh: Bounds = Bounds()
    """kWh per token in that was not in the cache."""
    cached: Bounds = Bounds()
    """kWh per token in that was."""
    request: Bounds = Bounds()
    """kWh per request."""
    second: Bounds = Bounds()
    """kWh per second of generation."""
    seconds_out: float = 0.0
    """Seconds of generation per token out."""
    seconds_request: float = 0.0
    """... and before the first."""
    embodied_out: float = 0.0
    """g CO2e per token out, of making the hardware."""
    embodied_second: float = 0.0
    """... per second of generation."""
    pue: Bounds = Bounds(1.0, 1.0, 1.0)
    batch: float = 1.0
    """What the batch tier multiplies the energy by, where the source states it."""

    def row(self) -> dict[str, object]:
        """The columns of `energy_factors`; bounds become three."""
        row: dict[str, object] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            name = "in" if field.name == "fresh" else field.name
            if isinstance(value, Bounds):
                row |= {f"{name}_low": value.low, f"{name}_mid": value.mid, f"{name}_high": value.high}
            else:
                row[name] = value
        return row


CACHED_SHARE = Bounds(0.0, 0.1, 1.0)
"""Energy of a cached token as a share of a fresh one. Nobody publishes it: 0.1 mirrors prices, 0 and 1 bound it."""


def cached_of(fresh: Bounds) -> Bounds:
    """The assumed energy of a cached token, from that of a fresh one."""
    return Bounds(fresh.low * CACHED_SHARE.low, fresh.mid * CACHED_SHARE.mid, fresh.high * CACHED_SHARE.high)


def read_rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file by its head; lines that start with # are notes."""
    yield from parse_rows(path.read_text(encoding="utf-8").splitlines())


def parse_rows(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """The same of lines. Cells are trimmed; one that is missing is empty."""
    for row in csv.DictReader(line for line in lines if line.strip() and not line.startswith("#")):
        yield {str(name).strip(): str(value or "").strip() for name, value in row.items() if name is not None}
