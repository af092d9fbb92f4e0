"""From one version to the next: which figures changed, and how sure that is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

import scipy

from spanledger.figures import UNKNOWN, money, percent, significant

FEWEST = 30
"""Calls on either side below which no interval is given: Welch's is for means that are nearly normal."""


MOST_SAID = 3
"""Figures that the sentence of a change names."""


@dataclass(frozen=True)
class Figure:
    """One figure before and after, with the 95 % interval of the difference."""

    name: str
    words: str
    before: float | None
    after: float | None
    low: float | None
    high: float | None
    n_before: int
    n_after: int
    shown_before: str
    shown_after: str
    shown_change: str

    @property
    def sure(self) -> bool:
        """True when the interval leaves zero out."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)

    @property
    def direction(self) -> str:
        """`up` or `down` when that is sure, else ''."""
        if not self.sure or self.low is None:
            return ""
        return "up" if self.low > 0 else "down"


@dataclass(frozen=True)
class Change:
    """A version that took the place of another."""

    before: str
    after: str
    at: str
    """First call of the newer one."""
    figures: list[Figure]
    sentence: str


def _seconds(value: float | None) -> str:
    return UNKNOWN if value is None else f"{significant(value)} s"


def _tokens(value: float | None) -> str:
    return UNKNOWN if value is None else significant(value)


def _points(value: float | None) -> str:
    return UNKNOWN if value is None else significant(value * 100)


FIGURES: dict[str, tuple[str, Callable[[float | None], str]]] = {
    "cost_usd": ("Cost a call", money),
    "seconds": ("Latency", _seconds),
    "input_tokens": ("Input tokens", _tokens),
    "output_tokens": ("Output tokens", _tokens),
    "hit_rate": ("Cache hit rate", percent),
    "error_rate": ("Failed calls", percent),
    "refusal_rate": ("Refused answers", percent),
}
"""By name in changes.sql: words and how it is written, in the order of the page."""


def changes(rows: Sequence[dict[str, Any]], versions: Sequence[dict[str, Any]]) -> list[Change]:
    """Changes, the newest first; `versions` are the newest first, as versions.sql gives them."""
    by_place: dict[int, dict[str, dict[str, Any]]] = {}
    for row in rows:
        by_place.setdefault(row["place"], {})[row["figure"]] = row
    most = max(by_place, default=1)
    found = []
    for place in sorted(by_place, reverse=True):
        newer, older = versions[most - place], versions[most - place + 1]
        figures = [_figure(by_place[place][name]) for name in FIGURES if name in by_place[place]]
        kept = [figure for figure in figures if figure.name != "refusal_rate" or figure.before or figure.after]
        found.append(Change(older["version"], newer["version"], newer["first_seen"], kept, _sentence(kept)))
    return found


def _figure(row: dict[str, Any]) -> Figure:
    words, shown = FIGURES[row["figure"]]
    low, high = _interval(row)
    return Figure(
        row["figure"], words, row["before"], row["after"], low, high, row["n_before"], row["n_after"],
        shown(row["before"]), shown(row["after"]), _difference(row, low, high, shown),
    )  # fmt: skip


def _interval(row: dict[str, Any]) -> tuple[float | None, float | None]:
    """Welch's 95 % interval of the difference of two means; nothing where calls are few or all the same."""
    if min(row["n_before"], row["n_after"]) < FEWEST:
        return None, None
    parts = [row[f"variance_{side}"] / row[f"n_{side}"] for side in ("before", "after")]
    if not sum(parts):
        return None, None
    spread = sum(part**2 / (row[f"n_{side}"] - 1) for part, side in zip(parts, ("before", "after"), strict=True))
    reach = scipy.special.stdtrit(sum(parts) ** 2 / spread, 0.975) * sqrt(sum(parts))
    difference = row["after"] - row["before"]
    return float(difference - reach), float(difference + reach)


def _difference(
    row: dict[str, Any], low: float | None, high: float | None, shown: Callable[[float | None], str]
) -> str:
    if row["before"] is None or row["after"] is None:
        return UNKNOWN
    if min(row["n_before"], row["n_after"]) < FEWEST:
        return f"fewer than {FEWEST} calls on a side"
    if low is None or high is None:
        return "no spread to tell it by" if row["before"] != row["after"] else "the same"
    if shown is percent:
        return f"{_signed(low, _points)} to {_signed(high, _points)} points"
    return f"{_signed(low, shown)} to {_signed(high, shown)}"


def _signed(value: float, shown: Callable[[float | None], str]) -> str:
    text = shown(abs(value))
    return f"−{text}" if value < 0 else f"+{text}"


def _sentence(figures: Sequence[Figure]) -> str:
    sure = [f"{figure.words.lower()} {_moved(figure)}" for figure in figures if figure.sure]
    more = f" and {len(sure) - MOST_SAID} more" if len(sure) > MOST_SAID else ""
    return ", ".join(sure[:MOST_SAID]) + more if sure else "no figure surely changed"


def _moved(figure: Figure) -> str:
    """By how much in parts of what it was; a rate as it was and is."""
    if figure.before is None or figure.after is None or not figure.before or figure.name.endswith("rate"):
        return f"{figure.shown_before} → {figure.shown_after}"
    change = figure.after / figure.before - 1
    return f"{'−' if change < 0 else '+'}{percent(abs(change))}"
