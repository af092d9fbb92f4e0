"""What is compared with what: calls of one prompt (or feature, or service), and whether it was held still meanwhile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

FAMILIES = 20
"""Prompts, features or services that are looked at, those with the most traffic first."""
CHANGED_SHARE = 0.2
"""A new version that answers this share of known callers is a change of ours."""
SETTLED_DAYS = 7
"""In a window of more than a week, so long must a version have been in use before it is a reference."""
PRESENT = 1 / 3
"""A key was in use on a day on which it had this part of the share that it has at the end."""
MANY_HASHES, SEEN_BEFORE = 5, 0.5
"""A prompt's text varies (a date, a name in it) when it has so many hashes and less than this share was seen on an
earlier day: then its hash says nothing about whether the prompt was held."""


@dataclass(frozen=True)
class Family:
    """Calls that should be alike as long as users are: one row a trace."""

    kind: str
    """`prompt`, `feature` or `service`: what the calls have in common."""
    name: str
    rows: pl.DataFrame
    """With `key`, the number of what is held fixed (prompt version or text, and model), and `back`, days before the
    window's end."""
    keys: Sequence[str]
    """What each key stands for, in words."""
    text_varies: bool

    @property
    def subject(self) -> Mapping[str, str]:
        """Who a finding is about."""
        return {self.kind: self.name or "(not reported)"}

    @property
    def calls(self) -> int:
        """Calls in the sample, before the bound on rows."""
        return int(self.rows["family_calls"].max() or 0)  # type: ignore[arg-type]

    def held_days(self, recent: int) -> float:
        """For how many days before the window's end most callers have had what they have now; the last `recent` days
        tell what that is. The sample's length when nothing has changed."""
        ages = self._ages(recent)
        if ages.is_empty():
            return float(_whole(self.rows["back"].max()) + 1)
        ordered = ages.sort("age", descending=True).with_columns(upto=pl.col("share").cum_sum())
        enough = ordered.filter(pl.col("upto") >= 1 - CHANGED_SHARE)
        return float(_whole(enough["age"][0]))

    def newest(self, recent: int) -> Mapping[str, int]:
        """What is in use now, in words, with its days of use."""
        ages = self._ages(recent).sort("age")
        return {self.keys[key]: int(age) for key, age in zip(ages["key"], ages["age"], strict=True)}

    def _ages(self, recent: int) -> pl.DataFrame:
        """For each key in use now: its share of callers who were there before, and its days of use."""
        days = self.rows.group_by("back", "key").len("calls")
        now = self._known(recent).group_by("key").len("calls")
        now = now.with_columns(share=pl.col("calls") / pl.col("calls").sum())
        by_day = days.with_columns(day_share=pl.col("calls") / pl.col("calls").sum().over("back"))
        return (
            by_day.join(now.select("key", "share"), on="key")
            .filter(pl.col("day_share") >= PRESENT * pl.col("share"))
            .group_by("key")
            .agg(pl.col("share").first(), (pl.col("back").max() + 1).alias("age"))
        )

    def _known(self, recent: int) -> pl.DataFrame:
        """The calls of the last days, without new tenants: they may have brought a prompt of their own."""
        now, before = self.rows.filter(pl.col("back") < recent), self.rows.filter(pl.col("back") >= recent)
        known = now.join(before.select("tenant").unique(), on="tenant", how="semi")
        return known if len(known) else now


def families(rows: pl.DataFrame) -> list[Family]:
    """The families with the most calls."""
    sizes = rows.group_by("family_kind", "family").agg(
        pl.col("family_calls").max().alias("calls"), pl.len().alias("rows")
    )
    largest = sizes.sort(["calls", "rows", "family_kind", "family"], descending=[True, True, False, False]).head(
        FAMILIES
    )
    return [
        _family(kind, name, rows.filter((pl.col("family_kind") == kind) & (pl.col("family") == name)))
        for kind, name in largest.select("family_kind", "family").iter_rows()
    ]


def _family(kind: str, name: str, rows: pl.DataFrame) -> Family:
    varies = _text_varies(rows)
    parts = ["version", "model"] if varies else ["version", "hash", "model"]
    found = rows.select(parts).unique(maintain_order=True).sort(parts)
    numbered = found.with_columns(pl.int_range(pl.len(), dtype=pl.Int64).alias("key"))
    keys = [_in_words(dict(zip(parts, row, strict=True))) for row in found.iter_rows()]
    joined = rows.join(numbered, on=parts, how="left").sort("at", "trace_id")
    return Family(kind, name, joined, keys, varies)


def _in_words(key: Mapping[str, str]) -> str:
    version, text, model = key["version"], key.get("hash", ""), key["model"] or "model not reported"
    prompt = f"version {version}" if version else f"text {text[:8]}" if text else "prompt not reported"
    return f"{prompt}, {model}"


def _text_varies(rows: pl.DataFrame) -> bool:
    """True when most calls have a hash that no earlier day had, and there are many."""
    first = rows.group_by("hash").agg(pl.col("back").max().alias("first"))
    days = rows["back"].n_unique()
    if len(first) < max(MANY_HASHES, days / 2) or days < MANY_HASHES:
        return False
    later = rows.filter(pl.col("back") < rows["back"].max()).join(first, on="hash")
    return len(later) > 0 and float((later["back"] < later["first"]).cast(pl.Float64).mean() or 0.0) < SEEN_BEFORE  # type: ignore[arg-type]


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def units(
    rows: pl.DataFrame, current: NDArray[np.bool_], large: Sequence[str], fewest: int
) -> tuple[str, NDArray[np.int64]]:
    """(who is dealt to sides in a permutation, the number of each row's): users where most calls name one and there are
    enough of them on both sides, else sessions, else traces.

    Users of a tenant are alike (a language, a trade). Tenants that are not `large`, so not matched one by one, are one
    unit each, if there are enough of these.
    """
    small = (rows["tenant"] != "").to_numpy() & ~rows["tenant"].is_in(large).to_numpy()
    for name, column in (("user", "user"), ("session", "session"), ("trace", "trace_id")):
        given = (rows[column] != "").to_numpy()
        # who is not named is somebody else each time
        named = pl.when(pl.col(column) != "").then(pl.concat_str("tenant", pl.lit("\0"), column)).otherwise("trace_id")
        together = pl.when(pl.Series(small)).then(pl.concat_str(pl.lit("\0"), "tenant")).otherwise(named)
        by_tenant, alone = (_numbered(rows, unit) for unit in (together, named))
        unit = by_tenant if _fewest(by_tenant, current) >= fewest else alone
        sides = [len(np.unique(unit[side & given])) for side in (current, ~current)]
        if name == "trace" or (given.mean() >= 0.8 and min(sides) >= fewest):
            break
    return name, unit


def _numbered(rows: pl.DataFrame, unit: pl.Expr) -> NDArray[np.int64]:
    return rows.select(unit.rank("dense").cast(pl.Int64).alias("unit"))["unit"].to_numpy()


def _fewest(unit: NDArray[np.int64], current: NDArray[np.bool_]) -> int:
    return min(len(np.unique(unit[side])) for side in (current, ~current))
