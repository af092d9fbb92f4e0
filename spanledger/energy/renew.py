"""Energy and carbon of history again: by the factor set, the factors and the grids in force now.

The expressions are those of the view at insert. What was measured stays; calls whose figures stay the same are not
touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from spanledger import sql
from spanledger.again import ONE_AT_A_TIME, bounds, finish, stretches
from spanledger.energy.statements import render
from spanledger.engine import Engine
from spanledger.settings import Settings

HERE = Path(__file__).parent
TABLE = "renewed"


@dataclass(frozen=True)
class RenewedDay:
    """A day that was gone through: its calls, and how many of them have other figures now."""

    day: date
    calls: int
    changed: int


def renew_day(engine: Engine, settings: Settings, day: date) -> RenewedDay:
    """Work out one day's energy again and tell settling which hours and traces changed."""
    calls = changed = 0
    with ONE_AT_A_TIME:
        for start, end, count in stretches(engine, day):
            calls += count
            changed += _renew_step(engine, settings, start, end)
    return RenewedDay(day, calls, changed)


def _renew_step(engine: Engine, settings: Settings, start: datetime, end: datetime) -> int:
    between = bounds(start, end)
    finish(engine, TABLE)
    engine.command(sql.read(HERE / "renewed_table.sql"))
    engine.command(render("renew_find.sql", settings), between)
    [[changed]] = engine.rows("SELECT sum(calls) FROM renewed")
    if changed:
        engine.command(render("renew_apply.sql", settings), between)
    finish(engine, TABLE)
    return int(changed)
