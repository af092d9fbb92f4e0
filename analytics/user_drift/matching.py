"""Equal terms: rows of both sides with the same mix of versions, tenants and days of the week, as many as can be had.

What differs after that is neither a deploy, nor a tenant that came, nor a weekend.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

Bools = NDArray[np.bool_]
Places = NDArray[np.intp]

LARGE = 0.05
"""A tenant with this share of either side is matched by itself; each other is one unit of the tests."""
RATIOS = (1 / 3, 3.0)
"""Bounds of reference rows for each current row."""
WEEKEND = 6
"""Monday is 1."""


def matched(rows: pl.DataFrame, current: Bools, large: Sequence[str], most: int, rng: np.random.Generator) -> Places:
    """Rows to compare: in each cell (key × tenant × day of the week) as many reference rows for a current one."""
    cell = _cells(rows, current, large)
    after, before = (
        np.bincount(cell[current], minlength=cell.max() + 1),
        np.bincount(cell[~current], minlength=cell.max() + 1),
    )
    both = (after > 0) & (before > 0)
    if not both.any():
        return np.empty(0, np.intp)
    ratio = float(np.clip(_quantile(before[both] / after[both], after[both], 0.2), *RATIOS))
    take_after = np.where(both, np.minimum(after, before / ratio), 0)
    fit = min(1.0, most / max(take_after.sum(), 1), most / max(take_after.sum() * ratio, 1))
    take_after = take_after * fit
    return np.sort(
        np.concatenate([_draw(cell, current, take_after, rng), _draw(cell, ~current, take_after * ratio, rng)])
    )


def _draw(cell: NDArray[np.int64], side: Bools, wanted: NDArray[np.float64], rng: np.random.Generator) -> Places:
    """Rows of a side, so many of each cell; fractions are rounded by chance, so that small cells are not lost."""
    shuffled = rng.permutation(np.flatnonzero(side))
    order = shuffled[np.argsort(cell[shuffled], kind="stable")]
    counts = np.floor(wanted + rng.random(len(wanted)))
    sorted_cells = cell[order]
    starts = np.searchsorted(sorted_cells, sorted_cells)
    return np.asarray(order[np.arange(len(order)) - starts < counts[sorted_cells]])


def _cells(rows: pl.DataFrame, current: Bools, large: Sequence[str]) -> NDArray[np.int64]:
    """A number for each row's cell."""
    day = rows["at"].dt.weekday()
    if not _each_weekday_twice(rows, day, current):
        day = (day >= WEEKEND).cast(pl.Int8)
    tenant = pl.Series("tier", np.where(rows["tenant"].is_in(large), rows["tenant"], ""))
    table = pl.DataFrame({"key": rows["key"], "tier": tenant, "day": day.rename("day")})
    return table.select(pl.struct("key", "tier", "day").rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()


def large_tenants(rows: pl.DataFrame, current: Bools) -> list[str]:
    """Tenants with a good share of either side."""
    shares: dict[str, float] = {}
    for side in (current, ~current):
        counts = rows["tenant"].filter(pl.Series(side)).value_counts()
        for name, count in counts.iter_rows():
            shares[name] = max(shares.get(name, 0.0), count / max(side.sum(), 1))
    return sorted(name for name, share in shares.items() if share >= LARGE and name)


def _each_weekday_twice(rows: pl.DataFrame, day: pl.Series, current: Bools) -> bool:
    """True when each day of the week of the current side is on two dates of the reference."""
    table = pl.DataFrame({"day": day, "date": rows["at"].dt.date(), "current": current})
    wanted = table.filter("current")["day"].unique()
    dates = table.filter(~pl.col("current")).group_by("day").agg(pl.col("date").n_unique())
    return set(wanted) <= set(dates.filter(pl.col("date") >= 2)["day"])


def _quantile(values: NDArray[np.float64], weights: NDArray[np.int64], at: float) -> float:
    order = np.argsort(values)
    upto = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][np.searchsorted(upto, at)])
