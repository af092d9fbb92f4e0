"""Tree to SQL: a condition over `spans`, its values bound as parameters."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from spanledger import sql
from spanledger.filters.fields import FIELDS, Field, columns_of_keys
from spanledger.filters.parse import BadFilter, Both, Comparison, Name, Not, Relation, Tree, Value, parse
from spanledger.moments import read_moment

PREFIX = "filter"
"""Parameters are called filter_0, filter_1, …"""
MOST_PATTERN = 500
"""Characters of a regular expression."""
RELATED = {
    "parent": ("(trace_id, parent_span_id)", "trace_id, span_id", ""),
    "child": ("(trace_id, span_id)", "trace_id, parent_span_id", ""),
    "trace": ("trace_id", "trace_id", ""),
    "root_span": ("trace_id", "trace_id", "parent_span_id = '0000000000000000' AND "),
}
"""What of this span must be found, what is looked up, and what must hold besides."""
AROUND = "started_at >= {from:DateTime64(3)} - INTERVAL 1 HOUR AND started_at < {to:DateTime64(3)} + INTERVAL 1 HOUR"
"""Related spans are looked for an hour around the range: a trace may begin before it."""
LEVELS = 5
"""Ancestors and descendants are followed so far."""


@dataclass(frozen=True)
class Condition:
    """A condition to put behind WHERE; statements must also bind `from` and `to` of type DateTime64(3)."""

    sql: str
    parameters: dict[str, str | float | int | list[str] | list[float]]

    @property
    def relates(self) -> bool:
        """It looks at other spans too, by statements of its own."""
        return "SELECT" in self.sql

    def inlined(self) -> str:
        """With values in their places, for people to read and run; `from` and `to` stay parameters."""
        text = self.sql
        for name, value in self.parameters.items():
            text = re.sub(rf"\{{{name}:[^}}]*\}}", partial(_said, value), text)
        return text


def compile_filter(text: str, prefix: str = PREFIX) -> Condition:
    """The condition of a filter's text; `1` when it is empty. Raises BadFilter."""
    tree = parse(text)
    if tree is None:
        return Condition("1", {})
    renderer = _Renderer(prefix)
    return Condition(renderer.condition(tree), renderer.parameters)


class _Renderer:
    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self.parameters: dict[str, str | float | int | list[str] | list[float]] = {}

    def condition(self, tree: Tree) -> str:
        if isinstance(tree, Both):
            return "(" + f" {tree.word.upper()} ".join(self.condition(part) for part in tree.parts) + ")"
        if isinstance(tree, Not):
            return f"(NOT ifNull({self.condition(tree.inner)}, 0))"
        if isinstance(tree, Relation):
            return self._related(tree)
        return self._comparison(tree)

    def _related(self, tree: Relation) -> str:
        inner = self.condition(tree.inner)
        if tree.kind == "sibling":
            looked_up = f"SELECT trace_id, parent_span_id FROM spans WHERE {AROUND} AND {inner}"
            several = f"{looked_up} GROUP BY trace_id, parent_span_id HAVING count() > 1"
            place = "(trace_id, parent_span_id)"
            return f"({place} IN ({looked_up}) AND (NOT ifNull({inner}, 0) OR {place} IN ({several})))"
        if tree.kind in ("ancestor", "descendant"):
            return self._far(tree.kind, inner)
        what, found, besides = RELATED[tree.kind]
        return f"{what} IN (SELECT {found} FROM spans WHERE {AROUND} AND {besides}{inner})"

    def _far(self, kind: str, inner: str) -> str:
        """Up to LEVELS steps: each level's spans are those next to the level before."""
        step = "parent" if kind == "ancestor" else "child"
        what, found, _ = RELATED[step]
        levels, matched = [], inner
        for _ in range(LEVELS):
            matched = f"{what} IN (SELECT {found} FROM spans WHERE {AROUND} AND {matched})"
            levels.append(matched)
        return "(" + " OR ".join(levels) + ")"

    def _comparison(self, tree: Comparison) -> str:
        if tree.name.key is not None:
            return self._of_map(tree, tree.name.key)
        return self._of_field(tree, FIELDS[tree.name.field])

    def _of_map(self, tree: Comparison, key: str) -> str:
        """A key of a map; one that has a column of its own is read from there as well."""
        column = columns_of_keys().get(key) if tree.name.field == "attributes" else None
        if column:
            return self._of_field(
                Comparison(Name(column.name, None, tree.name.at), tree.operator, tree.values, tree.at), column
            )
        name = "attributes" if tree.name.field == "attributes" else "resource_attributes"
        if tree.operator == "exists":
            return f"mapContains({name}, {self._bound(key, 'String')})"
        at = f"{name}[{self._bound(key, 'String')}]"
        if tree.operator in ("=", "in") and name == "attributes":  # the index is over the map's values
            values = self._bound([_text(value) for value in tree.values], "Array(String)")
            return f"(hasAny(mapValues(attributes), {values}) AND {at} IN {values})"
        numeric = [value.content for value in tree.values if not isinstance(value.content, str)]
        if numeric and tree.operator in ("<", "<=", ">", ">=", "!="):
            return self._compared(tree, f"toFloat64OrNull({at})", "Float64", numeric)
        return self._text(tree, at)

    def _of_field(self, tree: Comparison, field: Field) -> str:
        if tree.operator == "exists":
            return _exists(field)
        if field.kind in ("texts", "numbers"):
            return self._of_list(tree, field)
        if field.kind == "text":
            return self._text(tree, field.expression, field.equal)
        if tree.operator == "contains":
            raise BadFilter(f"`contains` is for texts and lists; {field.name} is a {field.kind}", tree.at)
        if field.kind == "number":
            return self._compared(tree, field.expression, "Float64", [_number(value, field) for value in tree.values])
        if field.kind == "time":
            return self._compared(tree, field.expression, "DateTime64(9)", [_time(value) for value in tree.values])
        return self._compared(tree, f"toUInt8({field.expression})", "UInt8", [_flag(value) for value in tree.values])

    def _of_list(self, tree: Comparison, field: Field) -> str:
        kind = "String" if field.kind == "texts" else "Float64"
        values = [_text(value) if field.kind == "texts" else _number(value, field) for value in tree.values]
        if tree.operator in ("=", "contains"):
            return f"has({field.expression}, {self._bound(values[0], kind)})"
        if tree.operator == "in":
            return f"hasAny({field.expression}, {self._bound(values, f'Array({kind})')})"
        if tree.operator in ("<", "<=", ">", ">=") and field.kind == "numbers":
            return f"arrayExists(x -> x {tree.operator} {self._bound(values[0], kind)}, {field.expression})"
        raise BadFilter(f"{field.name} is a list: use contains, in or exists", tree.at)

    def _text(self, tree: Comparison, expression: str, equal: str = "") -> str:
        if tree.operator in ("~", "!~"):
            pattern = self._pattern(tree.values[0])
            return f"({'NOT ' if tree.operator == '!~' else ''}match({expression}, {pattern}))"
        if tree.operator == "contains":
            return f"positionCaseInsensitiveUTF8({expression}, {self._bound(_text(tree.values[0]), 'String')}) > 0"
        values = [_text(value) for value in tree.values]
        if equal and tree.operator in ("=", "in") and "" not in values:
            return equal.replace("TEST", self._compared(tree, "", "String", values).strip())
        return self._compared(tree, expression, "String", values)

    def _pattern(self, value: Value) -> str:
        text = _text(value)
        if len(text) > MOST_PATTERN:
            raise BadFilter(f"A pattern has at most {MOST_PATTERN} characters", value.at)
        try:
            re.compile(text)
        except re.error as error:
            raise BadFilter(f"The pattern is no regular expression: {error}", value.at) from error
        return self._bound(text, "String")

    def _compared(self, tree: Comparison, expression: str, kind: str, values: Sequence[str | float | int]) -> str:
        if tree.operator == "in":
            return f"{expression} IN {self._bound(list(values), f'Array({kind})')}"
        if tree.operator not in ("=", "!=", "<", "<=", ">", ">="):
            raise BadFilter(f"`{tree.operator}` is for texts", tree.at)
        return f"{expression} {tree.operator} {self._bound(values[0], kind)}"

    def _bound(self, value: object, kind: str) -> str:
        name = f"{self._prefix}_{len(self.parameters)}"
        self.parameters[name] = value  # type: ignore[assignment]  # one of the kinds that the engine binds
        return f"{{{name}:{kind}}}"


def _exists(field: Field) -> str:
    if field.kind in ("number", "time"):
        return f"{field.expression} IS NOT NULL"
    if field.kind in ("texts", "numbers"):
        return f"notEmpty({field.expression})"
    return f"toUInt8({field.expression}) = 1" if field.kind == "flag" else f"{field.expression} != ''"


def _text(value: Value) -> str:
    return str(value.content)


def _number(value: Value, field: Field) -> float | int:
    if isinstance(value.content, str):
        raise BadFilter(f"{field.name} is a number; {value.content!r} is none", value.at)
    if value.timed and field.unit != "ns":
        raise BadFilter(f"{field.name} is no time; leave the unit away", value.at)
    return value.content


def _time(value: Value) -> str:
    try:
        found = read_moment(str(value.content))
    except ValueError as error:
        raise BadFilter(str(error), value.at) from error
    return f"{found:%Y-%m-%d %H:%M:%S.%f}"


def _flag(value: Value) -> int:
    known = {"true": 1, "false": 0, "1": 1, "0": 0}
    if str(value.content).lower() not in known:
        raise BadFilter(f"Expected true or false, not {value.content!r}", value.at)
    return known[str(value.content).lower()]


def _said(value: object, _match: re.Match[str]) -> str:
    return _literal(value)


def _literal(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    return sql.literal(value) if isinstance(value, str) else str(value)
