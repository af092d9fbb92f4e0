"""What the files in `schema/mapping` may say: columns, meanings of values, and one file a dialect.

The files are data. Adding a dialect is adding a file of rows and a golden file; nothing here knows a dialect's name.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spanledger import sql
from spanledger.errors import BadMapping

FOLDER = sql.SCHEMA_DIR / "mapping"
FAMILY_COLUMNS = ("content_input", "content_output", "content_tools", "documents")

Semantics = Literal["inclusive", "exclusive", "unknown"]
Names = dict[str, list[str]]
"""A column to the attributes that fill it, the first that has a value wins."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Part = TypeVar("Part", bound=_Part)


class Column(_Part):
    """A column, and what becomes of its newest OpenTelemetry name."""

    key: str
    stored: bool = False
    exact: bool = False


class Regions(_Part):
    """How a provider's end point names its region."""

    patterns: list[str]
    hints: list[str]


class Billed(_Part):
    """Operations that are calls of a provider, always or when their sender gave a price."""

    calls: list[str]
    when_client_priced: list[str]


class Values(_Part):
    """What values mean, whichever attribute they came in."""

    operations: Names
    billed: Billed
    providers: Names
    provider_of_model: dict[str, str]
    finish_reasons: Names
    error_kinds: dict[str, str]
    regions: Regions


class TokenKeys(_Part):
    """A rule for numbers that came in certain attributes, whichever dialect the span is of."""

    semantics: Semantics
    output: Literal["inclusive", "exclusive"] = "inclusive"
    keys: list[str]


class Variant(_Part):
    """A version or a layer of a dialect whose numbers or names mean something else."""

    name: str
    scopes: list[str] = []
    markers: list[str] = []
    refines: list[str] = []
    """Attributes by which a span of the dialect is of this variant."""
    generic: bool = False
    """Spans that are of no other dialect but use its names."""
    tokens: dict[str, Semantics] = {}
    own: Names = {}
    ignored: list[str] = []


class Events(_Part):
    """Names of events that carry messages."""

    content_input: list[str] = []
    content_output: list[str] = []


class EventNames(_Part):
    """Names of events."""

    names: list[str]


class Dialect(_Part):
    """How one family of instrumentations says what a span was."""

    name: str
    title: str
    about: str
    precedence: int = Field(ge=1, le=99, description="Of its attributes over those of other dialects on one span.")
    recognise: int = Field(ge=1, le=99, description="Order in which markers are looked at.")
    scopes: list[str] = []
    """Beginnings of scope names; one that ends in $ is the whole name."""
    markers: list[str] = []
    columns: Names = {}
    """Attributes that are read on any span."""
    own: Names = {}
    """Attributes that are read on this dialect's spans only, before all others."""
    ignored: list[str] = []
    """Attributes that are not read on this dialect's spans."""
    operations: dict[str, str] = {}
    names: dict[str, str] = {}
    """First words of span names to operations; they win over attributes."""
    duplicates: EventNames = EventNames(names=[])
    """First words of the names of spans that repeat another span's call."""
    tokens: dict[str, Semantics]
    """A provider, or `*`, to whether its input includes cached tokens."""
    output: Literal["inclusive", "exclusive"] = "inclusive"
    """Whether output includes reasoning."""
    token_keys: dict[str, TokenKeys] = {}
    provider: str = ""
    """Who answers when nobody is named."""
    invents_temperature: bool = False
    """Writes a temperature of 1 where none was set."""
    names_its_agents: bool = False
    """The name of an agent's or tool's span is the agent's or the tool's."""
    estimates_streams: bool = False
    """Counts letters where a stream had no usage, and does not say so."""
    families: Names = {}
    events: Events = Events()
    first_token_events: EventNames = EventNames(names=[])
    variants: list[Variant] = []


class Mapping(_Part):
    """All of it, checked."""

    columns: dict[str, Column]
    values: Values
    dialects: list[Dialect]


@cache
def load(folder: Path = FOLDER) -> Mapping:
    """The mapping in a folder; BadMapping says which file holds what is wrong."""
    columns = {name: Column.model_validate(value) for name, value in _read(folder / "columns.toml")["columns"].items()}
    values = _parsed(Values, folder / "values.toml")
    dialects = [_parsed(Dialect, path) for path in sorted((folder / "dialects").glob("*.toml"))]
    dialects.sort(key=lambda dialect: (dialect.recognise, dialect.name))
    for dialect in dialects:
        _check(dialect, columns, values)
    return Mapping(columns=columns, values=values, dialects=dialects)


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadMapping(f"{path} can't be read: {error}. It is part of the program; install it again.") from error


def _parsed(kind: type[Part], path: Path) -> Part:
    try:
        return kind.model_validate(_read(path))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BadMapping(f"{path}: {where}: {first['msg']}. Mend that row.") from error


def _check(dialect: Dialect, columns: dict[str, Column], values: Values) -> None:
    tables = [dialect.columns, dialect.own, *(variant.own for variant in dialect.variants)]
    known = set(columns)
    for table in tables:
        _say_unknown(dialect, set(table) - known, "a column")
    _say_unknown(dialect, set(dialect.families) - set(FAMILY_COLUMNS), "a column of families")
    operations = {*dialect.operations.values(), *dialect.names.values()}
    _say_unknown(dialect, operations - set(values.operations), "an operation")
    for table in tables:
        named = [key for keys in table.values() for key in keys]
        if twice := {key for key in named if named.count(key) > 1}:
            raise BadMapping(f"Dialect {dialect.name}: {sorted(twice)[0]} fills two columns. Name it once.")


def _say_unknown(dialect: Dialect, names: set[str], what: str) -> None:
    if names:
        raise BadMapping(f"Dialect {dialect.name}: {sorted(names)[0]!r} is not {what}. Correct its file.")
