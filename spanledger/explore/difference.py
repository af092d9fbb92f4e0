"""What is different about a selection: attributes ranked by how far their values there are from those of the rest.

An attribute's values in the selection and in the rest are two distributions, "has none" being a value as well. Their
distance is the Jensen-Shannon divergence in bits less what chance makes of samples of these sizes, so that an attribute
does not come first for having many values. Only what chance does not explain is told as a difference. Attributes that
hold many numbers are looked at by size too, and told as what is further apart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import compress
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from spanledger import sql
from spanledger.divergence import by_chance, jensen_shannon
from spanledger.engine import Engine
from spanledger.explore.attributes import columns, named
from spanledger.explore.names import LARGEST, Name, Sized
from spanledger.explore.question import Question, both
from spanledger.explore.sample import Slots, range_size
from spanledger.explore.sizes import STEPS, Count, are_numbers, joined
from spanledger.explore.telling import ENOUGH, apart
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
ROUNDING = 1e-9
SURE = 0.01
"""Odds that chance alone makes one of all attributes as different as those that are told."""
SHOWN = 5
"""Values of an attribute that are shown, those that differ most."""
BY_SIZE, BY_VALUE = "sizes.", "attributes."
"""Before the key of an attribute whose numbers are counted by size, and by value."""


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
    """Its text; of numbers that are compared by size the number of their bin."""
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
    sized: bool
    """Its values are ranges of numbers."""
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
    chosen, rest = _samples(question, in_range, spans - selected, selected, around)
    statement = sql.read(QUERY).replace("COLUMNS", columns(question.measure.name)).replace("INSIDE", inside.sql)
    bounds = {
        "longest": LONGEST_VALUE,
        "values": VALUES,
        "rows": MOST_VALUES,
        "steps": STEPS,
        "largest": float(LARGEST),
        "many": max(selected * chosen.part, 1),
        "many_others": max((spans - selected) * rest.part, 1),
    }
    sample = chosen.parameters() | rest.parameters("rest_")
    rows = engine.query_guarded(statement.replace("FILTER", outer.sql), values | sample | bounds).records()
    counted = _Counted.of(rows)
    shown = sql.read(QUERY).replace("COLUMNS", columns(question.measure.name)).replace("INSIDE", inside.inlined())
    return Difference(
        selected=selected,
        others=spans - selected,
        looked_at=counted.sizes.selected,
        others_looked_at=counted.sizes.others,
        attributes=_ranked(counted, names_in(question.select)),
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


def _samples(question: Question, in_range: int, others: int, selected: int, around: int) -> tuple[Slots, Slots]:
    """For the selection and for the rest: all, or so many slots that enough spans of both are looked at and not too
    many are read."""
    enough = max(MOST_READ / max(around, 1), FEW / max(selected, 1))
    part = min(MOST_LOOKED_AT / max(selected, 1), enough)
    chosen = Slots.of(*_around(question), around, part)
    rest = Slots.of(question.since, question.until, in_range, MOST_LOOKED_AT / max(others, 1))
    return chosen, rest


@dataclass(frozen=True)
class _Counted:
    """The statement's answer."""

    sizes: Sizes
    values: dict[str, list[Count]]
    """By key."""
    steps: dict[str, list[Count]]
    """By key: the same spans by the sizes of their numbers."""
    numbers: dict[str, int]
    """By key: different numbers."""

    @classmethod
    def of(cls, rows: list[dict[str, Any]]) -> _Counted:
        found = cls(Sizes(0, 0, 0, 0, False), {}, {}, {})
        for row in rows:
            key, counted = row["key"], (row["value"], int(row["selected"]), int(row["others"]))
            if not key:  # every span has it
                traces, cut = (int(row["traces"]), int(row["other_traces"])), len(rows) == MOST_VALUES
                found = replace(found, sizes=Sizes(*counted[1:], *traces, cut))
            elif key.startswith(BY_SIZE):
                key = key.replace(BY_SIZE, BY_VALUE, 1)
                found.steps.setdefault(key, []).append(counted)
                found.numbers[key] = found.numbers.get(key, 0) + int(row["texts"])
            else:
                found.values.setdefault(key, []).append(counted)
        return found

    def has_numbers(self, key: str) -> bool:
        """An attribute that is to be looked at by size too."""
        return are_numbers(self.steps.get(key, []), self.numbers.get(key, 0))


@dataclass(frozen=True)
class _Look:
    """One way to look at an attribute: by value or by size."""

    name: Name
    counts: list[Count]
    shares: list[Share]
    divergence: float
    """Bits, less what chance makes of it."""
    odds: float
    """That chance makes as much."""

    @classmethod
    def at(cls, name: Name, counts: list[Count], sizes: Sizes, tried: int) -> _Look:
        shares = list(_shares(name, counts, sizes, tried))
        divergence = float(jensen_shannon([each.selected for each in shares], [each.others for each in shares]))
        chance = by_chance(len(shares), sizes.traces, sizes.other_traces)
        degrees = len(shares) - 1
        odds = float(scipy.special.chdtrc(degrees, divergence / chance * degrees)) if degrees else 1.0
        return cls(name, counts, shares, divergence - chance, odds)


def _ranked(counted: _Counted, but: frozenset[str]) -> list[Attribute]:
    if not counted.sizes.selected or not counted.sizes.others:
        return []
    places = {key: place for place, key in enumerate(FIELDS)}
    listed = sorted(counted.values, key=lambda key: (places.get(key, len(places)), key))
    names = {key: name for key in listed if (name := named(key)) and name.text not in but}
    numbers = {key: name for key, name in names.items() if counted.has_numbers(key)}
    tried = len(names) + len(numbers)
    looks = [_Look.at(name, counted.values[key], counted.sizes, tried) for key, name in names.items()]
    filled = min(counted.sizes.traces, counted.sizes.other_traces) / ENOUGH
    by_size = {
        name.text: _Look.at(*joined(name.text, counted.steps[key], filled), counted.sizes, tried)
        for key, name in numbers.items()
    }
    alike: dict[tuple[tuple[int, int], ...], list[_Look]] = {}
    for look in looks:
        best = max(look, by_size.get(look.name.text, look), key=lambda each: each.divergence)
        alike.setdefault(tuple(sorted(each[1:] for each in best.counts)), []).append(best)
    found = [_attribute(*same, tried=len(alike) + len(by_size)) for same in alike.values()]
    return sorted(found, key=_rank)


def _rank(found: Attribute) -> tuple[bool, float, bool, str]:
    """What is surprising first, then by divergence; names tell more than sizes that go with them."""
    return not found.surprising, -round(found.divergence, 2), found.sized, found.name


def _attribute(first: _Look, *same: _Look, tried: int) -> Attribute:
    shares = sorted(first.shares, key=lambda share: (-abs(share.selected - share.others), -share.selected))
    return Attribute(
        name=first.name.text,
        divergence=max(0.0, first.divergence),
        surprising=first.odds * tried < SURE,
        shares=shares[:SHOWN],
        more=max(0, len(shares) - SHOWN),
        sized=isinstance(first.name, Sized),
        same=[each.name.text for each in same],
    )


def _shares(name: Name, counts: list[Count], sizes: Sizes, tried: int) -> Iterator[Share]:
    """Shares of the values that are counted apart, of all other values, and of spans without the attribute."""
    listed = not sizes.cut and (len(counts) < VALUES or isinstance(name, Sized))
    p, q = (
        np.array([each[1] for each in counts]) / sizes.selected,
        np.array([each[2] for each in counts]) / sizes.others,
    )
    told = apart(p, q, (sizes.traces, sizes.other_traces), all_listed=listed, sure=SURE / tried)
    for (value, *_), one, other in zip(compress(counts, told), p[told], q[told], strict=True):
        yield Share(value, name.words(value), name.filter(value), float(one), float(other))
    rare, rare_others, none, none_others = p[~told].sum(), q[~told].sum(), 1 - p.sum(), 1 - q.sum()
    if not listed:
        rare, rare_others, none, none_others = rare + none, rare_others + none_others, 0.0, 0.0
    if max(rare, rare_others) > ROUNDING:
        yield Share(
            "", "other values" if listed else "other or none", "", max(float(rare), 0), max(float(rare_others), 0)
        )
    if max(none, none_others) > ROUNDING:
        yield Share("", "none", f"not {name.text} exists", max(float(none), 0), max(float(none_others), 0))
