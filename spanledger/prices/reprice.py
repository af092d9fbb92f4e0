"""Price history again: what spans of past days cost by the prices in force now.

The formula is the one of the view that prices new spans. Spans whose cost stays the same are not touched. Work goes in
steps of a few hours; a day that is finished is noted, so a run that was stopped goes on where it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from spanledger import sql
from spanledger.again import ONE_AT_A_TIME, bounds, finish, stretches
from spanledger.engine import Engine
from spanledger.prices.formula import render

HERE = Path(__file__).parent
TABLE = "repriced"


@dataclass(frozen=True)
class RepricedDay:
    """A day that was gone through: its calls, and how many of them have another cost now."""

    day: date
    calls: int
    changed: int


def days(engine: Engine, first: date, last: date) -> list[date]:
    """Days from `first` to `last`, both included, that have calls and that no run with these prices has finished."""
    done = _finished(engine, _run_name(engine))
    rows = engine.rows(
        "SELECT DISTINCT toString(toDate(started_at)) AS day FROM spans"
        " WHERE toDate(started_at) BETWEEN {first:Date} AND {last:Date} AND billable ORDER BY day",
        {"first": first, "last": last},
    )
    return [day for (text,) in rows if (day := date.fromisoformat(text)) not in done]


def reprice(engine: Engine, first: date, last: date) -> Iterator[RepricedDay]:
    """Price these days again, one after the other."""
    for day in days(engine, first, last):
        yield reprice_day(engine, day)


def reprice_day(engine: Engine, day: date) -> RepricedDay:
    """Price one day again and tell settling which hours and traces changed."""
    calls = changed = 0
    with ONE_AT_A_TIME:
        for start, end, count in stretches(engine, day):
            calls += count
            changed += _reprice_step(engine, start, end)
        run = _run_name(engine)
        if day < datetime.now(UTC).date() - timedelta(days=1):  # a day that late spans hardly reach any more
            engine.insert("repriced_days", ["run", "day", "spans"], [[run, day, changed]])
    return RepricedDay(day, calls, changed)


def reprice_range(engine: Engine, start: datetime, end: datetime) -> int:
    """Price the calls from `start` to `end` (not included), whole seconds, again; how many have another cost now."""
    with ONE_AT_A_TIME:
        return _reprice_step(engine, start, end)


def _reprice_step(engine: Engine, start: datetime, end: datetime) -> int:
    between = bounds(start, end)
    finish(engine, TABLE)
    engine.command(sql.read(HERE / "repriced_table.sql"))
    engine.command(render("reprice_find.sql"), between)
    [[changed]] = engine.rows("SELECT count() FROM repriced")
    if changed:
        engine.command(render("reprice_apply.sql"), between)
    finish(engine, TABLE)
    return int(changed)


def _run_name(engine: Engine) -> str:
    """Changes whenever prices, mappings or the formula do."""
    [state] = engine.rows(sql.read(HERE / "price_state.sql"))
    return hashlib.sha256(f"{state}{render('reprice_find.sql')}".encode()).hexdigest()


def _finished(engine: Engine, run: str) -> set[date]:
    rows = engine.rows("SELECT DISTINCT toString(day) FROM repriced_days WHERE run = {run:String}", {"run": run})
    return {date.fromisoformat(day) for (day,) in rows}
