"""SQL lives in `.sql` files; this module finds, reads and renders them."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from pathlib import Path

import jinja2

from spanledger.moments import as_parameter

SCHEMA_DIR = Path(__file__).resolve().parent.parent / "schema"
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2149, 6, 6)
"""The engine's smallest and largest Date: since ever, and until further notice."""


@cache
def read(path: Path) -> str:
    """The text of a .sql or .proto file; it is part of the program, so it is read once."""
    return path.read_text(encoding="utf-8")


@cache
def templates(*folders: Path) -> jinja2.Environment:
    """Where templates of SQL are found, the first folder first. They are our own files, and values stay parameters."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        undefined=jinja2.StrictUndefined,
        autoescape=False,  # noqa: S701  (SQL)
        keep_trailing_newline=True,
    )


class Plain(str):
    """SQL of our own, such as a column's name: never a text that came from outside."""

    __slots__ = ()


def shown(path: Path, **values: object) -> str:
    """A template's statement as anybody may run it, without parameters: each value is written into it as a literal.

    Texts, numbers and times may stand alone or in a list; `Plain` is written as it is. TypeError for anything else.
    """
    return _shown(path.parent).get_template(path.name).render(values).strip()


@cache
def _shown(folder: Path) -> jinja2.Environment:
    return templates(folder).overlay(finalize=_written)


def _written(value: object) -> str:
    match value:
        case Plain():
            return value
        case str():
            return literal(value)
        case bool():
            return str(int(value))
        case int() | float():
            return repr(value)
        case datetime():
            return f"toDateTime64({literal(as_parameter(value))}, 3, 'UTC')"
        case list() | tuple():
            return f"({', '.join(_written(one) for one in value)})"
        case _:
            raise TypeError(f"There is no literal for {value!r} in a statement that is shown.")


def literal(text: str) -> str:
    """A text as a literal of SQL, on one line: for settings and texts of views, which take no parameters."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"
