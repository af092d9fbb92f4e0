"""Why prompts are no longer found in the cache: what changed at which place, and what changes with every call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import polars as pl

PLACES = ("tool definitions", "system instructions", "message 1", "message 2", "message 3", "message 4")
"""In the order in which a provider reads them: what stands behind the first difference can't be cached."""
LABELS = ("prompt version", "prompt", "release")
NEW = 0.5
"""Share of the calls after a break that have a value that was not there before."""
CHURNS = 0.2
"""So many different values a call are a value made for each call, if before there were a quarter of that."""
MOSTLY = 0.5
LISTED = 50
"""Values that the statement lists; where there are more before, what is new can't be told."""
FEWEST = 20
"""Calls on each side; with fewer nothing is said."""


@dataclass(frozen=True)
class Mechanism:
    """Why, as far as spans show it."""

    kind: str
    """prefix_changed, prefix_churns, prompt_changed, unknown ... : stable words for details."""
    sentence: str
    """For people, without a full stop at the end."""
    place: str = ""
    first_seen: datetime | None = None


UNKNOWN = Mechanism("unknown", "why is not known: spans show no change of the prompt")


def mechanism(values: pl.DataFrame) -> Mechanism:
    """From the frame of prefixes.sql; the earliest place of the prompt decides, then labels."""
    for place in PLACES:
        if churn := _churn(values, place):
            return churn
        if change := _change(values, place):
            return change
    for label in LABELS:
        if change := _change(values, label):
            return change
    return UNKNOWN


def _sides(values: pl.DataFrame, place: str) -> tuple[pl.DataFrame, pl.DataFrame] | None:
    here = values.filter(pl.col("place") == place)
    before, after = here.filter(pl.col("is_after") == 0), here.filter(pl.col("is_after") == 1)
    if before.is_empty() or after.is_empty() or min(before["all_calls"][0], after["all_calls"][0]) < FEWEST:
        return None
    return before, after


def _is_static(side: pl.DataFrame, place: str) -> bool:
    """Whether what stands there is written by the application: few values, and of a message mostly one, since the first
    words of a conversation come again with its every turn."""
    few = side["distinct_values"][0] <= CHURNS * side["all_calls"][0]
    return bool(few and (not place.startswith("message") or side["calls"][0] >= MOSTLY * side["all_calls"][0]))


def _churn(values: pl.DataFrame, place: str) -> Mechanism | None:
    sides = _sides(values, place)
    if not sides:
        return None
    before, after = (float(side["distinct_values"][0] / side["all_calls"][0]) for side in sides)
    if after < CHURNS or before > after / 4 or not _is_static(sides[0], place):
        return None
    sentence = (
        f"the {place} now differ from call to call ({after * 1000:.0f} different ones per 1,000 calls, before "
        f"{before * 1000:.0f}): look for a time stamp or an id in them"
    )
    return Mechanism("prefix_churns", sentence, place, sides[1]["first_seen"].min())  # type: ignore[arg-type]


def _change(values: pl.DataFrame, place: str) -> Mechanism | None:
    sides = _sides(values, place)
    if not sides or sides[0]["distinct_values"][0] > LISTED or not all(_is_static(side, place) for side in sides):
        return None
    before, after = sides
    fresh = after.filter(~pl.col("value").is_in(before["value"].to_list())).sort("calls", descending=True)
    if fresh.is_empty() or fresh["calls"].sum() < NEW * after["all_calls"][0]:
        return None
    newest = fresh.row(0, named=True)
    kind = "prompt_changed" if place in LABELS else "prefix_changed"
    return Mechanism(kind, _sentence(place, before.row(0, named=True), newest), place, newest["first_seen"])


def _sentence(place: str, before: dict[str, Any], newest: dict[str, Any]) -> str:
    since = f"{newest['first_seen']:%H:%M}"
    if place in ("prompt version", "release"):
        return f"the {place} changed from {before['value']} to {newest['value']} at {since}"
    if place == "prompt":
        return f"the prompt (its hash) changed at {since}"
    return f"the {place} changed at {since}, so nothing from there on is found in the cache"
