"""SQL lives in `.sql` files; this module finds, reads and renders them."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import jinja2

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


def literal(text: str) -> str:
    """A text as a literal of SQL, on one line: for settings and texts of views, which take no parameters."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{escaped}'"
