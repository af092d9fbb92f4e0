"""The mapping in numbers, as the engine works with it.

Every known attribute has an id. Ids 1 to the number of columns are the newest OpenTelemetry names, in the order of
the columns, so that for a span that uses only those, ids are columns. Then come carriers (attributes whose JSON holds
others, `carrier#path`), then all others and what carriers hold. A rule is a code: column × 4096 + rank, the lowest
rank that has a value wins.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from spanledger.mapping.model import Dialect, Mapping, Names, Semantics, Variant

RANKS = 4096
PER_PRECEDENCE = 32
"""Ranks that one dialect's list for a column may take."""
VARIANTS = 1024
"""Ids below this bound: a pair of variant and id is one number."""


@dataclass(frozen=True)
class Kind:
    """What a span can be recognised as: a dialect, or a variant of one."""

    number: int
    name: str
    dialect: Dialect
    variant: Variant | None

    @property
    def scopes(self) -> list[str]:
        """Beginnings of scope names, or whole ones with a $."""
        return self.variant.scopes if self.variant else self.dialect.scopes

    @property
    def markers(self) -> list[str]:
        """Attributes by which it is recognised under any scope."""
        return self.variant.markers if self.variant else self.dialect.markers

    @property
    def tokens(self) -> dict[str, Semantics]:
        """Its token rules, else those of its dialect."""
        return (self.variant.tokens if self.variant else {}) or self.dialect.tokens

    @property
    def own(self) -> Iterator[tuple[str, str, int]]:
        """(attribute, column, rank) of what is read on its spans only; a variant's before its dialect's."""
        for start, table in ((0, self.variant.own if self.variant else {}), (16, self.dialect.own)):
            yield from ((key, column, start + rank) for key, column, rank in _ranked(table))

    @property
    def ignored(self) -> list[str]:
        """Attributes that are not read on its spans."""
        return self.dialect.ignored + (self.variant.ignored if self.variant else [])


@dataclass(frozen=True)
class TokenRule:
    """Whether a number of input tokens includes cached ones, and one of output tokens reasoning."""

    number: int
    name: str
    semantics: Semantics
    output: str
    kind: int = 0
    provider: str = ""
    keys: list[str] = field(default_factory=list)


def _ranked(table: Names) -> Iterator[tuple[str, str, int]]:
    for column, keys in table.items():
        yield from ((key, column, rank) for rank, key in enumerate(keys))


@dataclass(frozen=True)
class Numbers:
    """Ids of attributes, codes of rules, numbers of dialects."""

    mapping: Mapping

    @cached_property
    def columns(self) -> dict[str, int]:
        """Column to its number: those whose attribute leaves the map first."""
        names = sorted(self.mapping.columns, key=lambda name: not self.mapping.columns[name].stored)
        return {name: number for number, name in enumerate(names, 1)}

    @cached_property
    def kinds(self) -> list[Kind]:
        """All that a span can be recognised as; the lower the number, the more its markers count."""
        found: list[Kind] = []
        for dialect in self.mapping.dialects:
            for name, variant in [(dialect.name, None), *((item.name, item) for item in dialect.variants)]:
                found.append(Kind(len(found) + 1, name, dialect, variant))
        return found

    @cached_property
    def keys(self) -> list[str]:
        """All attributes that mean something, carriers' contents as `carrier#path`."""
        found: dict[str, None] = {}
        for dialect in self.mapping.dialects:
            tables = [dialect.columns, dialect.own, *(variant.own for variant in dialect.variants)]
            found |= dict.fromkeys(key for table in tables for keys in table.values() for key in keys)
            found |= dict.fromkeys([*dialect.markers, *dialect.ignored])
            for variant in dialect.variants:
                found |= dict.fromkeys([*variant.markers, *variant.ignored, *variant.refines])
        return list(found)

    @cached_property
    def carriers(self) -> list[str]:
        """Attributes whose JSON holds others."""
        return list(dict.fromkeys(key.split("#")[0] for key in self.keys if "#" in key))

    @cached_property
    def ids(self) -> dict[str, int]:
        """Attribute to id."""
        newest = {self.mapping.columns[name].key: number for name, number in self.columns.items()}
        newest.pop("", None)
        ids = dict(newest)
        others = [*self.carriers, *(key for key in self.keys if key not in self.carriers)]
        for key in others:
            ids.setdefault(key, len(self.columns) + 1 + len(ids) - len(newest))
        return ids

    @cached_property
    def anywhere(self) -> dict[int, int]:
        """Id to code, for attributes that are read on any span."""
        home = next(dialect for dialect in self.mapping.dialects if dialect.name == "otel").precedence
        codes = {
            self.ids[column.key]: self.columns[name] * RANKS + home * PER_PRECEDENCE
            for name, column in self.mapping.columns.items()
            if column.key
        }
        for dialect in self.mapping.dialects:
            for key, column, rank in _ranked(dialect.columns):
                place = dialect.precedence * PER_PRECEDENCE + 1 + rank
                codes.setdefault(self.ids[key], self.columns[column] * RANKS + place)
        return codes

    @cached_property
    def own(self) -> dict[int, int]:
        """Kind × 1024 + id to code, for attributes that are read on a kind's spans only; 0: not read there."""
        codes: dict[int, int] = {}
        for kind in self.kinds:
            for key, column, rank in kind.own:
                codes.setdefault(kind.number * VARIANTS + self.ids[key], self.columns[column] * RANKS + rank)
            codes |= {kind.number * VARIANTS + self.ids[key]: 0 for key in kind.ignored}
        return codes

    @cached_property
    def markers(self) -> dict[int, int]:
        """Id to the kind that it marks."""
        return {self.ids[key]: kind.number for kind in self.kinds for key in kind.markers}

    @cached_property
    def refinements(self) -> dict[int, int]:
        """Kind × 1024 + id to the variant that it is then."""
        bases = {kind.dialect.name: kind.number for kind in self.kinds if kind.variant is None}
        return {
            bases[kind.dialect.name] * VARIANTS + self.ids[key]: kind.number
            for kind in self.kinds
            if kind.variant
            for key in kind.variant.refines
        }

    @cached_property
    def token_rules(self) -> list[TokenRule]:
        """All rules about what numbers of tokens include."""
        rules: list[TokenRule] = []
        for kind in self.kinds:
            for provider, semantics in kind.tokens.items():
                name = kind.name if provider == "*" else f"{kind.name}/{provider}"
                number = len(rules) + 1
                rules.append(TokenRule(number, name, semantics, kind.dialect.output, kind.number, provider))
        for dialect in self.mapping.dialects:
            for name, rule in dialect.token_keys.items():
                rules.append(TokenRule(len(rules) + 1, name, rule.semantics, rule.output, keys=rule.keys))
        return rules

    @cached_property
    def families(self) -> dict[str, str]:
        """Beginning of attributes with an index to the column of their list."""
        return {
            prefix: column
            for dialect in self.mapping.dialects
            for column, prefixes in dialect.families.items()
            for prefix in prefixes
        }
