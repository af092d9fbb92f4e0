"""What spans can be grouped by: a field or an attribute, under the names that a filter has for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from spanledger.filters.fields import FIELDS, columns_of_keys
from spanledger.filters.parse import BadFilter, Both, Comparison, Not, Tree, listed, parse
from spanledger.filters.render import Condition

LONGEST_KEY = 300
"""Characters of a key."""
LONGEST_VALUE = 300
"""Characters of a value that is told apart from others."""

MOST_KEYS = 3
"""Keys that spans are grouped by at once."""


@dataclass(frozen=True)
class Keys:
    """What spans are grouped by."""

    names: tuple[str, ...]
    """As filters have them."""
    each: tuple[str, ...]
    """Their texts in SQL, '' where a span has none."""
    parameters: dict[str, Any]

    @property
    def text(self) -> str:
        """SQL of one text: that of the key, or a JSON list of those of several."""
        return self.each[0] if len(self.each) == 1 else f"toJSONString([{', '.join(self.each)}])"


def compile_keys(text: str) -> Keys:
    """The keys of `tenant, attributes["my.key"]`, at most MOST_KEYS. Raises BadFilter."""
    parts = listed(text)
    if len(parts) > MOST_KEYS:
        raise BadFilter(f"Spans are grouped by at most {MOST_KEYS} keys", parts[MOST_KEYS][0])
    compiled = [_compiled(name, at, f"key_{place}") for place, (at, name) in enumerate(parts)]
    parameters = {name: value for each in compiled for name, value in each.parameters.items()}
    return Keys(tuple(name for _, name in parts), tuple(each.sql for each in compiled), parameters)


def _compiled(name: str, at: int, prefix: str) -> Condition:
    """One key of a list; an error tells its place in the list."""
    try:
        return compile_key(name, prefix)
    except BadFilter as error:
        raise error.moved(at) from None


def compile_key(text: str, prefix: str = "key") -> Condition:
    """The expression that gives the text of a key for each span, '' where it has none. Raises BadFilter.

    The key is `tenant`, `my.key`, `attributes["my.key"]` or `resource["my.key"]`.
    """
    if len(text) > LONGEST_KEY:
        raise BadFilter(f"A key has at most {LONGEST_KEY} characters", LONGEST_KEY)
    tree = parse(f"{text} exists")
    if not isinstance(tree, Comparison) or tree.operator != "exists":
        raise BadFilter('Expected one key, such as tenant or attributes["my.key"]', 0)
    name, bound = tree.name, f"{prefix}_0"
    if name.field == "resource" and name.key is not None:
        return Condition(f"JSONExtractString(resource, {{{bound}:String}})", {bound: name.key})
    field = columns_of_keys().get(name.key) if name.key is not None else FIELDS[name.field]
    if field is None:
        return Condition(f"attributes[{{{bound}:String}}]", {bound: name.key or ""})
    if field.kind in ("texts", "numbers"):
        raise BadFilter(f"{field.name} is a list; spans can't be grouped by it", 0)
    expression = field.expression
    return Condition(expression if field.kind == "text" else f"ifNull(toString({expression}), '')", {})


def equals(key: str, value: str) -> str:
    """The filter of the spans whose `key` has this value, as `compile_key` gives it; '' is none.

    A value of LONGEST_VALUE characters was cut, and stands for all that hold it.
    """
    if not value:
        return f"not {key} exists"
    if len(value) >= LONGEST_VALUE:
        return f"{key} contains {quoted(value)}"
    number = key in FIELDS and FIELDS[key].kind == "number"
    return f"{key} = {value if number else quoted(value)}"


def names_in(text: str) -> frozenset[str]:
    """The keys that a filter compares on the span itself, not on its relatives. Raises BadFilter."""

    def named(tree: Tree | None) -> Iterator[str]:
        if isinstance(tree, Both):
            for part in tree.parts:
                yield from named(part)
        elif isinstance(tree, Not):
            yield from named(tree.inner)
        elif isinstance(tree, Comparison):
            yield tree.name.field if tree.name.key is None else attribute(tree.name.key, tree.name.field)

    return frozenset(named(parse(text)))


def quoted(text: str) -> str:
    """A value as the filter language takes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def attribute(key: str, of: str = "attributes") -> str:
    """The name of an attribute of a span or, with `of` = `resource`, of a resource."""
    return f"{of}[{quoted(key)}]"
