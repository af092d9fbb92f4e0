"""Bounds of a figure folded into it: `gini` and `gini_interval`, {low, mid, high}, `share` and its `interval`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MAIN = ("share", "rate", "value", "effect")
"""What an unnamed `interval` beside it is one of."""


@dataclass(frozen=True)
class Interval:
    """A figure with its bounds; `middle` is None where only the bounds are told."""

    middle: float | None
    low: float
    high: float


def fold(value: Any) -> Any:
    """The same details, wherever they are nested, with bounds folded in."""
    if isinstance(value, list):
        return [fold(each) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"low", "mid", "high"} and all(map(_number, value.values())):
        return Interval(value["mid"], value["low"], value["high"])
    return _bounds({name: fold(each) for name, each in _named(value).items()})


def _named(value: Mapping[str, Any]) -> dict[str, Any]:
    """`gini` with `gini_interval`, and one of `MAIN` with `interval`, as one."""
    kept = dict(value)
    for name in value:
        stem = name.removesuffix("_interval") if name.endswith("_interval") else ""
        if name == "interval":
            stem = next((main for main in MAIN if _number(value.get(main))), "")
        if stem and _number(value.get(stem)) and _pair(value[name]):
            kept[stem] = Interval(value[stem], *value[name])
            del kept[name]
    return kept


def _bounds(value: dict[str, Any]) -> dict[str, Any]:
    """`low` and `high` beside other figures as one."""
    low, high = value.get("low"), value.get("high")
    if not _number(low) or not _number(high):
        return value
    kept = {name: each for name, each in value.items() if name not in ("low", "high")}
    return kept | {"95 % interval": Interval(None, float(low), float(high))}  # type: ignore[arg-type]


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _pair(value: object) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(map(_number, value))
