"""Who reports cached tokens: silence about zeros, silence altogether, and silence since a certain hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import polars as pl

SEEN = 20
"""Reports without a single zero after which an emitter is taken to leave zeros out."""
PREVAILS = 0.9
"""Share of a model's silent calls that must come from such emitters before its silence counts as zero."""
LOST, HAD = 0.1, 0.5
"""Coverage is lost when at least half of the calls reported and now less than a tenth of that share do."""
LOST_HOURS, LOST_CALLS = 3, 50


@dataclass(frozen=True)
class LostCoverage:
    """A model whose calls no longer say what they had from the cache."""

    provider: str
    model: str
    since: datetime
    before: float
    after: float
    calls: int


def silent_zeros(sources: pl.DataFrame) -> list[str]:
    """`provider model` of models whose emitters report cached tokens only when there are some.

    An emitter that reports always reports zeros, too: the first call of every prefix is one. So one that has reported
    often, never a zero, and was silent on other calls, was silent about zeros.
    """
    if sources.is_empty():
        return []
    silent = sources.with_columns(silent=pl.col("calls").cast(pl.Int64) - pl.col("reported").cast(pl.Int64))
    omits = (pl.col("reported") >= SEEN) & (pl.col("zeros") == 0) & (pl.col("silent") > 0)
    by_model = silent.group_by("provider", "model").agg(
        pl.col("silent").sum().alias("all_silent"), pl.col("silent").filter(omits).sum().alias("about_zeros")
    )
    chosen = by_model.filter((pl.col("about_zeros") > 0) & (pl.col("about_zeros") >= PREVAILS * pl.col("all_silent")))
    return sorted(f"{provider} {model}" for provider, model in chosen.select("provider", "model").iter_rows())


def unequal(sources: pl.DataFrame) -> float:
    """1 + squared coefficient of variation of the tokens of a call within an emitter: calls that weigh as one."""
    if sources.is_empty() or not sources["tokens"].sum():
        return 2.0
    calls = pl.col("calls") * pl.col("squares") / (pl.col("tokens") * pl.col("tokens"))
    weighted = sources.select((calls * pl.col("tokens")).sum() / pl.col("tokens").sum()).item()
    return max(1.0, float(weighted))


def lost(hourly: pl.DataFrame, since: datetime) -> list[LostCoverage]:
    """Models that reported before and, over the last hours, do not. `hourly`: the frame of hourly.sql."""
    found = []
    models = hourly.filter((pl.col("level") == "model") & (pl.col("all_tokens") > 0)).sort("hour")
    for (provider, model), rows in models.group_by("provider", "key", maintain_order=True):
        share = (rows["calls"] / rows["all_calls"]).to_list()
        last = len(share)
        while last and share[last - 1] < LOST * HAD:
            last -= 1
        silent, before = rows[last:], rows[:last]
        if len(silent) < LOST_HOURS or before.is_empty() or silent["all_calls"].sum() < LOST_CALLS:
            continue
        had = int(before["calls"].sum()) / int(before["all_calls"].sum())
        has = int(silent["calls"].sum()) / int(silent["all_calls"].sum())
        if had >= HAD and has < LOST * had and silent["hour"].max() >= since:  # type: ignore[operator]
            found.append(
                LostCoverage(str(provider), str(model), silent["hour"][0], had, has, int(silent["all_calls"].sum()))
            )
    return found


def sentence(overview: pl.DataFrame) -> str:
    """How many calls said how much they had from the cache, by provider."""
    by_provider = (
        overview.filter(pl.col("level") == "model")
        .group_by("provider")
        .agg(pl.col("rated_calls", "all_calls").sum())
        .sort("all_calls", descending=True)
    )
    said = [
        f"{provider or 'provider unknown'}: {rated / calls:.0%} of {calls:,} calls"
        for provider, rated, calls in by_provider.head(5).iter_rows()
    ]
    return "cached input tokens reported on " + ", ".join(said)
