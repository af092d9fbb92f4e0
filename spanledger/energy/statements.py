"""SQL that works out energy anew, from the same expressions as the view at insert (`schema/views/energy.jinja`)."""

from __future__ import annotations

from pathlib import Path

from spanledger import sql
from spanledger.settings import Settings
from spanledger.views import VIEWS, context

HERE = Path(__file__).parent


def render(name: str, settings: Settings) -> str:
    """A template of this folder as SQL; values are left to be bound."""
    return sql.templates(HERE, VIEWS).get_template(name).render(context(settings)).strip()


def assignments(settings: Settings) -> str:
    """`column = expression, …` of all energy columns, to put behind `ALTER TABLE spans UPDATE`.

    The expressions read columns of `spans` only. What was measured stays, and what is not billable gets none.
    """
    return render("assignments.sql", settings)
