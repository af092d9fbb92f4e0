"""Statements that share the formula of money with the view that prices new spans (`schema/views/parts/money.sql`)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from spanledger import sql

HERE = Path(__file__).parent


@cache
def render(name: str) -> str:
    """A .sql file beside this module with the formula filled in; values stay parameters."""
    return sql.templates(HERE, sql.SCHEMA_DIR / "views").get_template(name).render()
