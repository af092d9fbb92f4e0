"""What lost cache hits cost, at the prices that the calls themselves were charged."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from analytics.cache_hit_rate.cells import Cells

FORMULA = (
    "tokens x (rate before - rate after) x (input price - cached price) "
    "+ extra cache writes x (write price - input price); prices: what the calls were charged per token, by model"
)
UNPRICED = 0.05
"""A model with a larger share of calls without a price is left out, and then the sum is not known."""


@dataclass(frozen=True)
class Loss:
    """Of the hours after the break, in USD; None: some of it has no price."""

    usd: float | None
    tokens: float
    """Tokens that were not read from the cache though they would have been."""
    prices: list[dict[str, float | str | None]]
    """USD per million tokens, by model."""


def loss(cells: Cells) -> Loss:
    """What the fall within cells that were there before costs."""
    both = cells.both
    if both.is_empty():
        return Loss(None, 0.0, [])
    lost = both.with_columns(
        missed=pl.col("tokens_after") * pl.col("cached_before") / pl.col("tokens_before") - pl.col("cached_after"),
        rewritten=pl.col("written_after") - pl.col("tokens_after") * pl.col("written_before") / pl.col("tokens_before"),
    )
    prices = _prices(cells.frame).with_columns(pl.coalesce("input", "write"))  # all that missed was written
    by_model = lost.group_by("model").agg(pl.col("missed", "rewritten").sum()).join(prices, on="model", how="left")
    usd = by_model.select(
        pl.col("missed") * (pl.col("input") - pl.col("cached"))
        + pl.when(pl.col("rewritten").abs() > 0)
        .then(pl.col("rewritten") * (pl.col("write") - pl.col("input")))
        .otherwise(0)
    ).to_series()
    listed = prices.select("model", *(pl.col(name) * 1e6 for name in ("input", "cached", "write"))).sort("model")
    return Loss(None if usd.has_nulls() else float(usd.sum()), float(lost["missed"].sum()), listed.to_dicts())


def _prices(frame: pl.DataFrame) -> pl.DataFrame:
    """USD per token by model, from the cells' sums on both sides; null where nothing was charged."""
    sums = ("calls", "all_tokens", "cached", "written", "unpriced", "input_usd", "cached_usd", "write_usd")
    total = frame.group_by("model").agg(
        (pl.col(f"{name}_before") + pl.col(f"{name}_after")).sum().alias(name) for name in sums
    )
    plain = pl.col("all_tokens") - pl.col("cached") - pl.col("written")
    known = pl.col("unpriced") <= UNPRICED * pl.col("calls")
    rates = {
        "input": ("input_usd", plain),
        "cached": ("cached_usd", pl.col("cached")),
        "write": ("write_usd", pl.col("written")),
    }
    return total.select(
        "model",
        *(
            pl.when(known & (tokens > 0) & (pl.col(usd) > 0)).then(pl.col(usd) / tokens).alias(name)
            for name, (usd, tokens) in rates.items()
        ),
    )
