"""SQL lives in `.sql` files; this module finds and reads them."""

from __future__ import annotations

from functools import cache
from pathlib import Path

SCHEMA_DIR = Path(__file__).resolve().parent.parent / "schema"


@cache
def read(path: Path) -> str:
    """The text of a .sql or .proto file; it is part of the program, so it is read once."""
    return path.read_text(encoding="utf-8")
