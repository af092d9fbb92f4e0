"""What users' input is measured by: categories, sizes, and sketches of what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from analytics.statistics.psi import quantile_edges
from analytics.user_drift.shift import Bools, Sides

Codes = NDArray[np.intp]

COVERED = 0.5
"""A layer that fewer calls of either side report is left out."""
CATEGORIES = 20
"""Values of a category by themselves, the most frequent; the others are one."""
BINS = 10
HOURS = 6
"""Parts of a day."""


@dataclass(frozen=True)
class Layer:
    """One measure of a family's calls."""

    name: str
    meaning: str
    """In words, for titles."""
    values: pl.Series
    """Texts or numbers; null: not reported."""
    soft: bool = False
    """A sign of other things than what users ask, too: reported, never a ticket by itself."""

    @property
    def numeric(self) -> bool:
        """True for sizes."""
        return self.values.dtype.is_numeric()


@dataclass(frozen=True)
class Bins:
    """A layer's rows in bins."""

    code: Codes
    """The bin of each row; -1: not reported."""
    labels: Sequence[str]


def layers(rows: pl.DataFrame, *, hours: bool) -> list[Layer]:
    """The layers that these calls may have; `hours`: the window has whole days."""
    text, number = pl.String, pl.Float64
    found = [
        Layer("locale", "locale", _said(rows["locale"])),
        Layer("feature", "feature", _said(rows["feature"])),
        Layer("first_tool", "first tool called", rows["tool"].cast(text), soft=True),
        Layer("user_characters", "length of what users write", _positive(rows["user_characters"])),
        Layer("input_tokens", "input tokens of the first call", rows["input_tokens"].cast(number)),
        Layer("messages", "messages in the conversation", _positive(rows["messages"])),
    ]
    if hours:
        part = (rows["at"].dt.hour() // (24 // HOURS)) * (24 // HOURS)
        found.append(Layer("hour", "hour of the day (UTC)", part.cast(text), soft=True))
    return [layer for layer in found if layer.values.n_unique() - (layer.values.null_count() > 0) > 1]


def covered(values: pl.Series, sides: Sides) -> bool:
    """True when enough calls of both sides report a layer."""
    known = values.is_not_null().to_numpy()[sides.places]
    return bool(min(known[sides.current].mean(), known[~sides.current].mean()) >= COVERED)


def bins(layer: Layer, sides: Sides) -> Bins:
    """All rows in bins: for sizes ten quantiles of the reference, for categories the most frequent."""
    return _size_bins(layer, sides) if layer.numeric else _category_bins(layer, sides)


def sketches(rows: pl.DataFrame) -> NDArray[np.float64]:
    """The sketches as 248 columns of 0 and 1."""
    packed = bytes.fromhex("".join(text.zfill(64) for text in rows["sketch"]))
    return np.unpackbits(np.frombuffer(packed, np.uint8).reshape(-1, 32)[:, 1:], axis=1).astype(np.float64)


def sketched(rows: pl.DataFrame) -> Bools:
    """Rows with a sketch that can be compared with the newest one's: by the same key, which the first byte tells."""
    scheme = rows["sketch"].str.zfill(64).str.head(2)
    newest = scheme.filter(scheme != "00").tail(1)
    return np.asarray((scheme == (newest[0] if len(newest) else "none")).to_numpy())


def _said(values: pl.Series) -> pl.Series:
    return values.set(values == "", None)


def _positive(values: pl.Series) -> pl.Series:
    return values.cast(pl.Float64).set(values == 0, None)


def _size_bins(layer: Layer, sides: Sides) -> Bins:
    values = layer.values.to_numpy().astype(np.float64)
    known = ~np.isnan(values)
    reference = values[sides.places[~sides.current]]
    edges = quantile_edges(reference[~np.isnan(reference)], BINS)
    code = np.where(known, np.searchsorted(edges, np.where(known, values, 0)), -1)
    limits = [f"{edge:.0f}" for edge in edges]
    inner = [f"{low} to {high}" for low, high in pairwise(limits)]
    return Bins(code.astype(np.intp), [f"up to {limits[0]}", *inner, f"above {limits[-1]}"] if limits else ["any"])


def _category_bins(layer: Layer, sides: Sides) -> Bins:
    counts = (
        layer.values[sides.places]
        .drop_nulls()
        .value_counts()
        .sort(["count", layer.values.name], descending=[True, False])
    )
    labels = counts[layer.values.name].head(CATEGORIES).to_list()
    place = {label: at for at, label in enumerate(labels)}
    other = len(labels)
    code = np.array([-1 if value is None else place.get(value, other) for value in layer.values], np.intp)
    return Bins(code, [*(label or "none" for label in labels), *(["other"] if other in code else [])])
