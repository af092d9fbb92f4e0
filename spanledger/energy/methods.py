"""How figures of energy came about, and sums that keep them apart: factor sets are put side by side, never added up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from spanledger.energy.sci import Amount, bounded, total


@dataclass(frozen=True)
class Method:
    """Calls whose energy was worked out in one way. Grids may differ: energy of one method adds up over places."""

    factor_set: str
    """Set and version; empty for what was measured and for what is not known."""
    source: str
    """measured, modelled, or none: not known."""
    calls: int
    kwh: Amount | None
    co2e_g: Amount | None
    grids: tuple[str, ...]
    """Intensities with their source, most energy first."""
    input_tokens: int | None = None
    output_tokens: int | None = None

    @property
    def known(self) -> bool:
        """Whether there is a figure."""
        return self.kwh is not None


def methods(rows: Iterable[Mapping[str, Any]]) -> list[Method]:
    """One value's rows (by factor set, source and grid) by method, most energy first, what is not known last."""
    apart: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in rows:
        apart.setdefault((row["factors"], row["source"]), []).append(row)
    made = [_method(factors, source, found) for (factors, source), found in apart.items()]
    return sorted(made, key=lambda one: (-one.kwh.mid if one.kwh else 1.0, one.factor_set, one.source))


def _method(factors: str, source: str, rows: list[Mapping[str, Any]]) -> Method:
    energies = [(row, Amount(row["kwh_low"], row["kwh"], row["kwh_high"])) for row in rows if row["kwh"] is not None]
    emitted = [bounded(row["co2e_g"], kwh, row["grid"]) for row, kwh in energies if row["co2e_g"] is not None]
    by_grid: dict[str, float] = {}
    for row, kwh in energies:
        by_grid[row["grid"]] = by_grid.get(row["grid"], 0.0) + kwh.mid
    return Method(
        factors,
        source,
        sum(row["calls"] for row in rows),
        total(kwh for _, kwh in energies),
        total(emitted),
        tuple(sorted(by_grid, key=lambda grid: (-by_grid[grid], grid))),
        _tokens(rows, "input_tokens"),
        _tokens(rows, "output_tokens"),
    )


def _tokens(rows: list[Mapping[str, Any]], name: str) -> int | None:
    known = [int(row[name]) for row in rows if row.get(name) is not None]
    return sum(known) if known else None
