"""Hourly sums of many slices of the traffic as arrays on one row of hours."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from analytics.statistics.mix_rate import Floats

HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Slice:
    """A part of the traffic that is watched: calls of a provider to one model, of one tenant, or with one prompt."""

    provider: str
    level: str
    """model, tenant or prompt."""
    key: str


@dataclass(frozen=True)
class Grid:
    """A row a slice, a column an hour; an hour without calls, or that was not read, is 0."""

    first: datetime
    slices: tuple[Slice, ...]
    calls: Floats
    """Rated calls: those that said how much they had from the cache."""
    tokens: Floats
    """Their input tokens, cached and written ones included."""
    cached: Floats

    @property
    def width(self) -> int:
        """Hours."""
        return int(self.calls.shape[1])

    def column(self, hour: datetime) -> int:
        """The column of an hour; it may lie outside."""
        return round((hour - self.first) / HOUR)

    def hour(self, column: int) -> datetime:
        """The hour of a column."""
        return self.first + column * HOUR


def grid(hourly: pl.DataFrame, until: datetime) -> Grid:
    """The frame of hourly.sql as arrays, up to `until` (not included, a whole hour)."""
    first: datetime = hourly["hour"].min()  # type: ignore[assignment]  # a frame of a run has rows
    named = hourly.with_columns(
        pl.struct("provider", "level", "key").rank("dense").cast(pl.Int64).sub(1).alias("row"),
        ((pl.col("hour") - first).dt.total_hours()).alias("column"),
    )
    slices = named.select("row", "provider", "level", "key").unique().sort("row")
    shape = (slices.height, round((until - first) / HOUR))
    inside = named.filter(pl.col("column") < shape[1])
    place = (inside["row"].to_numpy(), inside["column"].to_numpy())
    return Grid(
        first,
        tuple(Slice(*row) for row in slices.select("provider", "level", "key").iter_rows()),
        *(_array(shape, place, inside[name]) for name in ("calls", "tokens", "cached")),
    )


def _array(shape: tuple[int, int], place: tuple[np.ndarray, np.ndarray], values: pl.Series) -> Floats:
    array = np.zeros(shape)
    np.add.at(array, place, values.to_numpy().astype(float))
    return array
