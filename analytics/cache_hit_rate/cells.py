"""One provider's calls before and after a break, in cells of model, tenant, prompt, feature and purpose."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from analytics.statistics.mix_rate import Floats, Split, split

DIMENSIONS = ("tenant", "prompt", "model")
CELL = ("model", "tenant", "prompt", "feature", "purpose")
SUMS = ("calls", "tokens", "cached", "written", "all_tokens", "unpriced", "input_usd", "cached_usd", "write_usd")
REPLACED = 0.5
"""A prompt that came when another of the same tenant, model and purpose went, and has at least half as many tokens an
hour (or at most twice as many), has taken its place: its rate is compared with that of the old one."""
GONE = 0.1
"""... and the old one has at most a tenth of what it had."""


@dataclass(frozen=True)
class Cells:
    """A row a cell; columns `x_before` and `x_after` for each sum. Sums of hours: compare only by the hour."""

    frame: pl.DataFrame
    hours_before: int
    hours_after: int

    @property
    def both(self) -> pl.DataFrame:
        """Cells that have a rate on both sides."""
        return self.frame.filter((pl.col("tokens_before") > 0) & (pl.col("tokens_after") > 0))

    def where(self, condition: pl.Expr) -> Cells:
        """Only some cells."""
        return Cells(self.frame.filter(condition), self.hours_before, self.hours_after)

    def without(self, some: Cells) -> Cells:
        """All but some of them."""
        return Cells(self.frame.join(some.frame, on=CELL, how="anti"), self.hours_before, self.hours_after)

    def split(self) -> Split | None:
        """The exact mix/rate split over the cells; None when a side is empty."""
        weights = self.array("tokens_before"), self.array("tokens_after")
        if not all(each.sum() > 0 for each in weights):
            return None
        before, after = (
            self.array(f"cached_{side}") / np.maximum(weight, 1.0)
            for side, weight in zip(("before", "after"), weights, strict=True)
        )
        return split(weights[0], before, weights[1], after)

    def array(self, name: str) -> Floats:
        """A column."""
        return self.frame[name].to_numpy().astype(float)

    def fall(self) -> float:
        """How far the rate fell within cells that have both sides, by today's tokens. 0 where there are none."""
        both = self.both
        tokens = float(both["tokens_after"].sum())
        return (
            float((both["tokens_after"] * _rate(both, "before") - both["cached_after"]).sum()) / tokens
            if tokens
            else 0.0
        )


def _rate(frame: pl.DataFrame, side: str) -> pl.Series:
    return frame[f"cached_{side}"] / frame[f"tokens_{side}"]


def cells(rows: pl.DataFrame, hours_before: int, hours_after: int) -> Cells:
    """The frame of cells.sql with both sides beside each other, replaced prompts in one cell."""
    sides = [
        rows.filter(pl.col("is_after") == after)
        .group_by(CELL)
        .agg(pl.col(SUMS).cast(pl.Float64).sum())
        .rename({name: f"{name}_{side}" for name in SUMS})
        for after, side in ((0, "before"), (1, "after"))
    ]
    wide = sides[0].join(sides[1], on=CELL, how="full", coalesce=True).with_columns(pl.selectors.float().fill_null(0.0))
    return Cells(_replaced(wide, hours_before, hours_after).sort(CELL), hours_before, hours_after)


def _replaced(wide: pl.DataFrame, hours_before: int, hours_after: int) -> pl.DataFrame:
    """Prompts that went and prompts that came instead, as one cell under the new name."""
    place = ["model", "tenant", "feature", "purpose"]
    before = pl.col("tokens_before") / max(hours_before, 1)
    after = pl.col("tokens_after") / max(hours_after, 1)
    gone, come = (before > 0) & (after <= GONE * before), before == 0
    ratio = after.filter(come).sum() / before.filter(gone).sum()
    swapped = (gone | come) & gone.any().over(place) & ratio.is_between(REPLACED, 1 / REPLACED).over(place)
    marked = wide.with_columns(swapped.fill_null(value=False).alias("swapped"))
    if not marked["swapped"].any():
        return wide
    newest = pl.col("prompt").filter(pl.col("tokens_after") == pl.col("tokens_after").max()).first()
    merged = marked.filter("swapped").group_by(place).agg(newest, pl.selectors.float().sum())
    return pl.concat([marked.filter(~pl.col("swapped")).drop("swapped"), merged.select(wide.columns)])
