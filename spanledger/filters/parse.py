"""Text to tree. Errors name the place, say what was expected and, for a name, what was perhaps meant."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NoReturn

from spanledger.errors import BadRequest
from spanledger.filters.fields import FIELDS

MOST_CHARACTERS = 4000
MOST_CONDITIONS = 50
MOST_DEPTH = 20
MOST_RELATIONS = 6
RELATIONS = ("parent", "child", "sibling", "ancestor", "descendant", "root_span", "trace")
MAPS = ("attributes", "resource")
OPERATORS = ("=", "!=", "<=", ">=", "<", ">", "~", "!~")
UNITS = {"ns": 1, "us": 10**3, "µs": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9}
TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    |(?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?P<unit>ns|us|µs|ms|min|s|h)?(?![\w.])
    |(?P<operator>!=|<=|>=|!~|[=<>~])
    |(?P<mark>[()\[\],])
    |(?P<word>[A-Za-z_][\w.\-/:]*)""",
    re.VERBOSE,
)


class BadFilter(BadRequest):
    """A filter that can't be understood: what is wrong, at which character (from 0), and what was perhaps meant."""

    def __init__(self, message: str, position: int, suggestion: str = "") -> None:
        self.message = message
        self.position = position
        self.suggestion = suggestion
        hint = f" Did you mean {suggestion}?" if suggestion else ""
        super().__init__(f"{message} (at character {position + 1}).{hint}")

    def moved(self, characters: int) -> BadFilter:
        """The same of a text in which so many characters stand before."""
        return BadFilter(self.message, self.position + characters, self.suggestion)


@dataclass(frozen=True)
class Value:
    """A literal. A number with a unit of time is in nanoseconds."""

    content: str | float | int
    at: int
    timed: bool = False


@dataclass(frozen=True)
class Name:
    """A field, or a key of a map when `key` is not None."""

    field: str
    key: str | None
    at: int


@dataclass(frozen=True)
class Comparison:
    """`name operator values`: operator is one of OPERATORS, `in`, `contains` or `exists`; `not in` is a Not."""

    name: Name
    operator: str
    values: tuple[Value, ...]
    at: int


@dataclass(frozen=True)
class Not:
    """The contrary."""

    inner: Tree


@dataclass(frozen=True)
class Both:
    """All (`and`) or any (`or`) of the parts."""

    word: str
    parts: tuple[Tree, ...]


@dataclass(frozen=True)
class Relation:
    """A span that stands so to this one is like `inner`."""

    kind: str
    inner: Tree
    at: int


Tree = Comparison | Not | Both | Relation


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int
    unit: str = ""


def parse(text: str) -> Tree | None:
    """The tree of a filter; None when it is empty. Raises BadFilter."""
    if len(text) > MOST_CHARACTERS:
        raise BadFilter(f"A filter has at most {MOST_CHARACTERS:,} characters", MOST_CHARACTERS)
    if not text.strip():
        return None
    return _Parser(text).whole()


def listed(text: str) -> list[tuple[int, str]]:
    """Where each part of a list begins, and its text; a comma in quotes parts nothing. Raises BadFilter."""
    commas = [token.at for token in _tokens(text) if token.text == ","]
    parts = [(before + 1, text[before + 1 : at]) for before, at in pairwise([-1, *commas, len(text)])]
    return [(begin + len(part) - len(part.lstrip()), part.strip()) for begin, part in parts]


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        match = TOKEN.match(text, at)
        if not match:
            what = "This text is not closed" if text[at] in "\"'" else f"{text[at]!r} is not understood"
            raise BadFilter(what, at)
        kind = match.lastgroup or ""
        if kind == "unit":
            kind = "number"
        if kind != "space":
            yield _Token(kind, match.group(kind), at, match["unit"] or "")
        at = match.end()
    yield _Token("end", "", len(text))


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._next = 0
        self._conditions = 0
        self._relations = 0
        self._depth = 0

    def whole(self) -> Tree:
        tree = self._any()
        if self._peek().kind != "end":
            self._fail("Expected `and`, `or` or the end", ("and", "or"))
        return tree

    def _any(self) -> Tree:
        return self._chain("or", self._all)

    def _all(self) -> Tree:
        return self._chain("and", self._one)

    def _chain(self, word: str, take: Callable[[], Tree]) -> Tree:
        parts = [take()]
        while self._word(word):
            parts.append(take())
        return parts[0] if len(parts) == 1 else Both(word, tuple(parts))

    def _one(self) -> Tree:
        self._depth += 1
        if self._depth > MOST_DEPTH:
            self._fail(f"A filter is nested at most {MOST_DEPTH} deep")
        try:
            if self._word("not"):
                return Not(self._one())
            if self._mark("("):
                return self._closed()
            return self._relation() or self._comparison()
        finally:
            self._depth -= 1

    def _closed(self) -> Tree:
        inner = self._any()
        if not self._mark(")"):
            self._fail("Expected `)`, `and` or `or`", ("and", "or"))
        return inner

    def _relation(self) -> Tree | None:
        token, after = self._peek(), self._tokens[min(self._next + 1, len(self._tokens) - 1)]
        if token.kind != "word" or after.text != "(":
            return None
        if token.text not in RELATIONS:
            raise BadFilter(
                f"{token.text!r} is no relation; there are {', '.join(RELATIONS)}",
                token.at,
                _near(token.text, RELATIONS),
            )
        self._relations += 1
        if self._relations > MOST_RELATIONS:
            self._fail(f"A filter has at most {MOST_RELATIONS} relations")
        self._next += 2
        return Relation(token.text, self._closed(), token.at)

    def _comparison(self) -> Tree:
        self._conditions += 1
        if self._conditions > MOST_CONDITIONS:
            self._fail(f"A filter has at most {MOST_CONDITIONS} conditions")
        name = self._name()
        token = self._peek()
        if token.kind == "operator":
            self._next += 1
            return Comparison(name, token.text, (self._value(),), token.at)
        return self._worded(name, token.at)

    def _worded(self, name: Name, at: int) -> Tree:
        """What follows a name and is no sign: exists, contains, in, not in; nothing after a flag."""
        if self._word("exists"):
            return Comparison(name, "exists", (), at)
        if self._word("contains"):
            return Comparison(name, "contains", (self._value(),), at)
        negated = self._word("not")
        if self._word("in"):
            inside = Comparison(name, "in", self._values(), at)
            return Not(inside) if negated else inside
        if negated:
            self._fail("Expected `in` after `not`")
        if name.key is None and FIELDS[name.field].kind == "flag":
            return Comparison(name, "=", (Value("true", at),), name.at)
        words = ("in", "contains", "exists", "not")
        raise self._error("Expected =, !=, <, <=, >, >=, ~, !~, in, contains or exists", words)

    def _name(self) -> Name:
        token = self._peek()
        if token.kind != "word":
            self._fail('Expected a name, such as tenant or attributes["my.key"]')
        self._next += 1
        if token.text in MAPS:
            return Name(token.text, self._key(), token.at)
        if token.text in FIELDS:
            return Name(token.text, None, token.at)
        if "." in token.text:  # an attribute by its bare name
            return Name("attributes", token.text, token.at)
        raise BadFilter(
            f"{token.text!r} is no field; an attribute is written attributes[\"{token.text}\"]",
            token.at, _near(token.text, (*FIELDS, *MAPS)),
        )  # fmt: skip

    def _key(self) -> str:
        if not self._mark("["):
            self._fail('Expected `["key"]`')
        token = self._peek()
        if token.kind != "text":
            self._fail("Expected a key in quotes")
        self._next += 1
        if not self._mark("]"):
            self._fail("Expected `]`")
        return _unquoted(token.text)

    def _values(self) -> tuple[Value, ...]:
        if not self._mark("("):
            self._fail("Expected `(` and values")
        values = [self._value()]
        while self._mark(","):
            values.append(self._value())
        if not self._mark(")"):
            self._fail("Expected `,` or `)`")
        return tuple(values)

    def _value(self) -> Value:
        token = self._peek()
        self._next += 1
        if token.kind == "text":
            return Value(_unquoted(token.text), token.at)
        if token.kind == "number":
            number = float(token.text) if re.search(r"[.eE]", token.text) else int(token.text)
            return Value(number * UNITS[token.unit], token.at, True) if token.unit else Value(number, token.at)
        if token.kind == "word":
            return Value(token.text, token.at)
        self._next -= 1
        raise self._error("Expected a value: a number, a word or a text in quotes")

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _word(self, text: str) -> bool:
        token = self._peek()
        found = token.kind == "word" and token.text.lower() == text
        self._next += found
        return found

    def _mark(self, text: str) -> bool:
        token = self._peek()
        found = token.kind == "mark" and token.text == text
        self._next += found
        return found

    def _fail(self, message: str, words: tuple[str, ...] = ()) -> NoReturn:
        raise self._error(message, words)

    def _error(self, message: str, words: tuple[str, ...] = ()) -> BadFilter:
        token = self._peek()
        found = f", not {token.text!r}" if token.text else ", but the filter ends"
        return BadFilter(
            message + (found if message.startswith("Expected") else ""), token.at, _near(token.text, words)
        )


def _near(text: str, words: tuple[str, ...]) -> str:
    return next(iter(difflib.get_close_matches(text, words, n=1, cutoff=0.6)), "")


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])
