"""What is different about a selection: attributes ranked by how far their values there are from those of the rest.

An attribute's values in the selection and in the rest are two distributions, "has none" being a value as well. Their
distance is the Jensen-Shannon divergence in bits less what chance makes of samples of these sizes, so that an attribute
does not come first for having many values. Only what chance does not explain is told as a difference.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import scipy

from spanledger import sql
from spanledger.divergence import by_chance, jensen_shannon
from spanledger.engine import Engine
from spanledger.explore.attributes import SIZES, Name, columns, named
from spanledger.explore.question import Question, both
from spanledger.explore.sample import Slots, range_size
from spanledger.filters import FIELDS, LONGEST_VALUE, names_in
from spanledger.moments import as_parameter

COUNTS = Path(__file__).with_name("difference_sizes.sql")
QUERY = Path(__file__).with_name("difference.sql")
VALUES = 60
"""Of a key that are told apart; the others are one."""
MOST_VALUES = 8_000
"""Of all keys together, the most frequent ones."""
MOST_LOOKED_AT = 40_000
"""Spans of the selection, and of the rest, that are enough to see a difference of a percentage point."""
MOST_READ = 1_000_000
"""Spans in the slots that are read for the selection, unless it would be left with too few."""
FEW = 2_000
ENOUGH = 5
"""Traces that a value should be in, in the smaller of the two, by its share in either: rarer values are put together,
since some of many are always there by chance."""
ROUNDING = 1e-9
SURE = 0.01
"""Odds that chance alone makes one of all attributes as different as those that are told."""
SHOWN = 5
"""Values of an attribute that are shown, those that differ most."""


Count = tuple[str, int, int]
"""A value, its spans in the selection, and in the rest."""


@dataclass(frozen=True)
class Sizes:
    """What was looked at."""

    selected: int
    """Spans of the selection."""
    others: int
    traces: int
    """Traces that the spans of the selection are of."""
    other_traces: int
    cut: bool
    """There are more values of more keys than were listed."""


@dataclass(frozen=True)
class Share:
    """One value of an attribute."""

    value: str
    words: str
    filter: str
    """The condition whose spans have it; '' when that can't be said."""
    selected: float
    """Share of the selection, 0 to 1."""
    others: float
    """Share of the rest."""


@dataclass(frozen=True)
class Attribute:
    """One attribute's part in the difference."""

    name: str
    """As filters have it."""
    divergence: float
    """Bits, 0 to 1, less what chance makes of it."""
    surprising: bool
    """Chance does not explain it."""
    shares: list[Share]
    more: int
    """Values that are not among the shares."""
    same: list[str] = field(default_factory=list)
    """Other attributes whose values have the same shares: often copies of this one."""


@dataclass(frozen=True)
class Difference:
    """The selection beside the rest."""

    selected: int
    others: int
    looked_at: int
    """Spans of the selection that were looked at: all, or a sample."""
    others_looked_at: int
    attributes: list[Attribute]
    """The most telling first."""
    sql: str

    @property
    def sampled(self) -> bool:
        """Not all spans were looked at."""
        return self.looked_at + self.others_looked_at < self.selected + self.others


def compare(engine: Engine, question: Question) -> Difference:
    """What is different about the selection of what is asked. Raises BadFilter.

    Where the selection is of costs, tokens or energy, the rest are billable spans too. What the selection itself names
    is not compared.
    """
    if question.measure.billable and (question.box.low, question.box.high) != (None, None):
        question = replace(question, filter=both(question.filter, "billable"))
    outer, inside = question.condition(), question.inside()
    values = {**outer.parameters, **inside.parameters, **question.parameters()}
    spans, selected, around = _sizes(engine, question, values)
    in_range = range_size(engine, question.since, question.until)
    sample = _sample(question, in_range, spans - selected, selected, around)
    statement = sql.read(QUERY).replace("COLUMNS", columns(question.measure.name)).replace("INSIDE", inside.sql)
    bounds = {
        "longest": LONGEST_VALUE,
        "values": VALUES,
        "rows": MOST_VALUES,
        "many": max(selected, 1),
        "many_others": max(spans - selected, 1),
    }
    rows = engine.query_guarded(
        statement.replace("FILTER", outer.sql), values | sample | bounds
    ).records()  # fmt: skip
    counts, sizes = _by_key(rows)
    shown = sql.read(QUERY).replace("COLUMNS", columns(question.measure.name)).replace("INSIDE", inside.inlined())
    return Difference(
        selected=selected,
        others=spans - selected,
        looked_at=sizes.selected,
        others_looked_at=sizes.others,
        attributes=_ranked(counts, sizes, names_in(question.select)),
        sql=shown.replace("FILTER", outer.inlined()),
    )


def _around(question: Question) -> tuple[datetime, datetime]:
    """The time of the selection, within the range."""
    box = question.box
    return max(box.since or question.since, question.since), min(box.until or question.until, question.until)


def _sizes(engine: Engine, question: Question, values: dict[str, Any]) -> tuple[int, int, int]:
    since, until = _around(question)
    inner = {"inner_from": as_parameter(since), "inner_to": as_parameter(until)}
    statement = sql.read(COUNTS).replace("INSIDE", question.inside().sql).replace("FILTER", question.condition().sql)
    [[spans, selected, around]] = engine.query_guarded(statement, values | inner).rows
    return int(spans), int(selected), int(around)


def _sample(question: Question, in_range: int, others: int, selected: int, around: int) -> dict[str, Any]:
    """All, or so many slots that enough spans of both are looked at and not too many are read."""
    enough = max(MOST_READ / max(around, 1), FEW / max(selected, 1))
    part = min(MOST_LOOKED_AT / max(selected, 1), enough)
    chosen = Slots.of(*_around(question), around, part)
    rest = Slots.of(question.since, question.until, in_range, MOST_LOOKED_AT / max(others, 1))
    return chosen.parameters() | rest.parameters("rest_")


def _by_key(rows: list[dict[str, Any]]) -> tuple[dict[str, list[Count]], Sizes]:
    """Counts by key, and what was looked at: the spans of the key '', which every one has."""
    counts: dict[str, list[Count]] = {}
    cut = len(rows) == MOST_VALUES
    sizes = Sizes(0, 0, 0, 0, cut)
    for row in rows:
        if row["key"]:
            counts.setdefault(row["key"], []).append((row["value"], int(row["selected"]), int(row["others"])))
        else:
            n, m = int(row["selected"]), int(row["others"])
            sizes = Sizes(n, m, int(row["traces"]), int(row["other_traces"]), cut)
    return counts, sizes


def _ranked(counts: dict[str, list[Count]], sizes: Sizes, but: frozenset[str]) -> list[Attribute]:
    if not sizes.selected or not sizes.others:
        return []
    places = {key: place for place, key in enumerate(FIELDS)}
    listed = sorted(counts, key=lambda key: (places.get(key, len(places)), key))
    names = {key: name for key in listed if (name := named(key)) and name.text not in but}
    alike: dict[tuple[tuple[int, int], ...], list[str]] = {}
    for key in names:
        alike.setdefault(tuple(sorted(each[1:] for each in counts[key])), []).append(key)
    found = [
        _attribute(names[first], counts[first], sizes, len(alike), [names[key].text for key in others])
        for first, *others in alike.values()
    ]
    return sorted(found, key=_rank)


def _rank(found: Attribute) -> tuple[bool, float, bool, str]:
    """What is surprising first, then by divergence; names tell more than sizes that go with them."""
    return not found.surprising, -round(found.divergence, 2), found.name in SIZES, found.name


def _attribute(name: Name, counts: list[Count], sizes: Sizes, attributes: int, same: list[str]) -> Attribute:
    shares = list(_shares(name, counts, sizes))
    divergence = float(jensen_shannon([each.selected for each in shares], [each.others for each in shares]))
    chance = by_chance(len(shares), sizes.traces, sizes.other_traces)
    degrees = len(shares) - 1
    odds = float(scipy.special.chdtrc(degrees, divergence / chance * degrees)) if degrees else 1.0
    shares.sort(key=lambda share: (-abs(share.selected - share.others), -share.selected))
    return Attribute(
        name=name.text,
        divergence=max(0.0, divergence - chance),
        surprising=odds * attributes < SURE,
        shares=shares[:SHOWN],
        more=max(0, len(shares) - SHOWN),
        same=same,
    )


def _shares(name: Name, counts: list[Count], sizes: Sizes) -> Iterator[Share]:
    """Shares of the values that are frequent in either, of all other values, and of spans without the attribute."""
    rare, rare_others, none, none_others = 0.0, 0.0, 1.0, 1.0
    for value, selected, others in counts:
        p, q = selected / sizes.selected, others / sizes.others
        none, none_others = none - p, none_others - q
        if max(p, q) * min(sizes.traces, sizes.other_traces) >= ENOUGH:
            yield Share(value, name.words(value), name.filter(value), p, q)
        else:
            rare, rare_others = rare + p, rare_others + q
    listed = len(counts) < VALUES and not sizes.cut
    if not listed:
        rare, rare_others, none, none_others = rare + none, rare_others + none_others, 0.0, 0.0
    if max(rare, rare_others) > ROUNDING:
        yield Share("", "other values" if listed else "other or none", "", max(rare, 0), max(rare_others, 0))
    if max(none, none_others) > ROUNDING:
        yield Share("", "none", f"not {name.text} exists", max(none, 0), max(none_others, 0))
