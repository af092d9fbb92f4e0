"""Who did it: the tenant, prompt or model that carries a fall, or a neighbour whose launch came before everybody's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from analytics.cache_hit_rate.cells import DIMENSIONS, Cells
from analytics.statistics.adtributor import Explanation, root_cause

CARRIES = 0.5
"""A culprit carries at least this share of the change; else the fall is diffuse."""
MIN_FALL = 0.05
SPARED = 0.5
"""A culprit is one only if the others fell by less than this share of its own fall."""
ALONE = 0.05
"""What is not of the culprit is nothing when it has less than this share of the tokens."""
GROWN = 2.0
"""A suspected neighbour has at least so many times its tokens an hour ..."""
CROWDS = 0.1
"""... and what its growth brings that no cache holds, at the rate that it had before (a new tenant: that it has), is at
least this share of all tokens before, and a third of what all growth brings."""


@dataclass(frozen=True)
class Neighbour:
    """A tenant whose traffic grew when the rates of others fell: suspected, not proven."""

    tenant: str
    tokens_per_hour_before: float
    tokens_per_hour_after: float
    written_per_hour_before: float
    written_per_hour_after: float


@dataclass(frozen=True)
class Cause:
    """What carries a fall."""

    named: Mapping[str, str] = field(default_factory=dict)
    """Dimension to value; several when the fall is in what they have in common. Empty: diffuse."""
    neighbour: Neighbour | None = None
    contributions: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By dimension: the exact mix/rate split, the largest first."""
    explanations: tuple[Explanation, ...] = ()
    """Adtributor's answers on missed tokens, the best first."""


def cause(cells: Cells, everybody: Cells, *, comparable: bool) -> Cause:
    """The cause of a fall of the cells; a neighbour may be anybody on the same models. Unless the hours before were
    comparable, growth is that of the day."""
    around = everybody.where(pl.col("model").is_in(cells.frame["model"].unique().to_list()))
    suspect = neighbour(around) if comparable else None
    if suspect and _carries_itself(cells, suspect):
        suspect = None
    shares = {dimension: contributions(cells, dimension) for dimension in DIMENSIONS}
    named = {
        dimension: name
        for dimension in DIMENSIONS
        if (name := _carrier(cells, dimension, shares[dimension], suspect.tenant if suspect else None))
    }
    if suspect and "tenant" in named:
        suspect = None
    return Cause(
        named,
        suspect,
        {dimension: table.head(10).to_dicts() for dimension, table in shares.items()},
        tuple(_explanations(cells)),
    )


def _carries_itself(cells: Cells, suspect: Neighbour) -> bool:
    """Whether nobody else fell, or mostly the suspect's own rate did: then it is nobody's neighbour."""
    if not cells.where(pl.col("tenant") != suspect.tenant).frame["calls_after"].sum():
        return True
    rates = contributions(cells, "tenant")
    own = float(rates.filter(pl.col("name") == suspect.tenant)["rate"].sum())
    return own <= CARRIES * float(rates["rate"].sum()) < 0


def mixed(cells: Cells) -> dict[str, str]:
    """Dimension and value whose traffic carries a change of mix; {} when it is nobody's."""
    for dimension in DIMENSIONS:
        shares = contributions(cells, dimension)
        change = float(shares["total"].sum())
        if change < 0 and shares["name"][0] and shares["total"][0] <= CARRIES * change:
            return {dimension: str(shares["name"][0])}
    return {}


def contributions(cells: Cells, dimension: str) -> pl.DataFrame:
    """Mix, rate and total of each value of a dimension, as shares of tokens; they sum to the change exactly."""
    parts = cells.split()
    if parts is None:
        return pl.DataFrame(schema={"name": pl.String, "mix": pl.Float64, "rate": pl.Float64, "total": pl.Float64})
    rows = cells.frame.select(pl.col(dimension).alias("name"), mix=pl.Series(parts.mix), rate=pl.Series(parts.rate))
    summed = rows.group_by("name").agg(pl.col("mix", "rate").sum()).with_columns(total=pl.col("mix") + pl.col("rate"))
    return summed.sort("total", "name")


def _carrier(cells: Cells, dimension: str, shares: pl.DataFrame, suspect: str | None) -> str | None:
    """The one value of a dimension that carries the change and that the others do not share."""
    change = float(shares["total"].sum())
    if shares.is_empty() or change >= 0 or shares["total"][0] > CARRIES * change:
        return None
    name = str(shares["name"][0])
    own = cells.where(pl.col(dimension) == name).fall()
    if not name or own < MIN_FALL:
        return None
    if dimension == "tenant" and name == suspect:
        return None
    others = cells.where((pl.col(dimension) != name) & (pl.col("tenant") != suspect if suspect else pl.lit(value=True)))
    if _tokens(others) < ALONE * _tokens(cells):
        return None if suspect and dimension == "tenant" else name
    return name if others.fall() < SPARED * own else None


def _tokens(cells: Cells) -> float:
    return float(cells.array("tokens_before").sum() + cells.array("tokens_after").sum())


def _explanations(cells: Cells) -> list[Explanation]:
    """On missed tokens: forecast at the rates before, for cells that have them."""
    both = cells.both.with_columns(
        forecast=pl.col("tokens_after") * (1 - pl.col("cached_before") / pl.col("tokens_before")),
        actual=pl.col("tokens_after") - pl.col("cached_after"),
    )
    sides: dict[str, tuple[dict[str, float], dict[str, float]]] = {}
    for dimension in DIMENSIONS:
        summed = both.group_by(dimension).agg(pl.col("forecast", "actual").sum()).sort(dimension)
        names = summed[dimension].to_list()
        sides[dimension] = (
            dict(zip(names, summed["forecast"].to_list(), strict=True)),
            dict(zip(names, summed["actual"].to_list(), strict=True)),
        )
    return root_cause(sides)


def neighbour(cells: Cells) -> Neighbour | None:
    """The tenant that crowds the cache, if one grew so much."""
    if not cells.hours_before or not cells.hours_after:
        return None
    by_tenant = cells.frame.group_by("tenant").agg(
        *_hourly("tokens", cells), *_hourly("written", cells), *_hourly("cached", cells)
    )
    rate = pl.coalesce(
        pl.when(pl.col(f"tokens_{side}") > 0).then(pl.col(f"cached_{side}") / pl.col(f"tokens_{side}"))
        for side in ("before", "after")
    )
    growth = pl.col("tokens_after") - pl.col("tokens_before")
    grown = by_tenant.with_columns(brought=growth * (1 - rate)).sort("brought", "tenant", descending=True)
    top = grown.row(0, named=True)
    brought = float(grown.filter(pl.col("brought") > 0)["brought"].sum())
    crowds = top["brought"] >= max(CROWDS * float(grown["tokens_before"].sum()), brought / 3)
    if not top["tenant"] or not crowds or top["tokens_after"] < GROWN * top["tokens_before"]:
        return None
    return Neighbour(
        top["tenant"], top["tokens_before"], top["tokens_after"], top["written_before"], top["written_after"]
    )


def _hourly(name: str, cells: Cells) -> list[pl.Expr]:
    return [
        (pl.col(f"{name}_{side}").sum() / hours).alias(f"{name}_{side}")
        for side, hours in (("before", cells.hours_before), ("after", cells.hours_after))
    ]
