"""Answers about energy: a window under every factor set, and one span's figures term by term."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from spanledger.answers import Answer
from spanledger.energy.statements import render
from spanledger.engine import Engine
from spanledger.errors import BadRequest
from spanledger.settings import Settings

SETS = """
SELECT factor_set, argMax(title, entered_at) AS title, argMax(method, entered_at) AS method,
    argMax(source, entered_at) AS source, argMax(licence, entered_at) AS licence
FROM energy_sets WHERE factor_set != 'grid' GROUP BY factor_set ORDER BY factor_set
"""


def by_set(engine: Engine, settings: Settings, start: datetime, end: datetime) -> Answer:
    """kWh (low, mid, high) and gCO2e of the calls from `start` until before `end`, one row for each factor set.

    BadRequest when there is nothing between them.
    """
    if start >= end:
        raise BadRequest(f"`from` ({start:%Y-%m-%d %H:%M}) must be before `to` ({end:%Y-%m-%d %H:%M}).")
    return engine.query(render("by_set.sql", settings), {"from": _text(start), "to": _text(end)})


def explain(engine: Engine, settings: Settings, span_ids: Sequence[str]) -> Answer:
    """How the energy of spans came about: tokens, figures per token, the row and its source, the grid."""
    return engine.query(render("explain.sql", settings), {"span_ids": [one.lower() for one in span_ids]})


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f")
