"""Statements that share the formula of money with the view that prices new spans (`schema/views/parts/money.sql`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import jinja2

from spanledger.sql import SCHEMA_DIR

ENVIRONMENT = jinja2.Environment(
    loader=jinja2.FileSystemLoader([Path(__file__).parent, SCHEMA_DIR / "views"]),
    undefined=jinja2.StrictUndefined,
    autoescape=False,  # noqa: S701  (SQL, from our own files)
)


@cache
def render(name: str) -> str:
    """A .sql file beside this module with the formula filled in; values stay parameters."""
    return ENVIRONMENT.get_template(name).render()
