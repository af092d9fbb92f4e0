"""Going over stored calls again: in steps of bounded memory, and settling hears of each call that changed.

What a step has changed stands in a table of its own, with `trace_id` and `hour`, until settling has been told. The
table outlives a run that is killed; the next run tells.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from spanledger import sql
from spanledger.engine import Engine

HERE = Path(__file__).parent
CALLS_A_STEP = 500_000
"""Calls gone over at once, about 200 bytes of memory each."""
HOUR = timedelta(hours=1)
ONE_AT_A_TIME = threading.Lock()
"""The tables of changed calls are one each."""


def stretches(engine: Engine, day: date) -> Iterator[tuple[datetime, datetime, int]]:
    """The day's calls: from, until before, how many; whole hours with at most `CALLS_A_STEP` calls, or one hour."""
    midnight = datetime.combine(day, time(), UTC)
    start, total = midnight, 0
    for hour, calls in engine.rows(sql.read(HERE / "again_hours.sql"), bounds(midnight, midnight + 24 * HOUR)):
        at = datetime.fromtimestamp(int(hour), UTC)
        if total and total + calls > CALLS_A_STEP:
            yield start, at, total
            start, total = at, 0
        total += int(calls)
    if total:
        yield start, midnight + 24 * HOUR, total


def bounds(start: datetime, end: datetime) -> dict[str, str]:
    """Whole seconds as the parameters `from` and `to`."""
    return {"from": f"{start:%Y-%m-%d %H:%M:%S}", "to": f"{end:%Y-%m-%d %H:%M:%S}"}


def finish(engine: Engine, table: str) -> None:
    """Tell settling which calls changed, if the table is there, and drop it."""
    if engine.rows("EXISTS TABLE {table:Identifier}", {"table": table}) == [[1]]:
        for name in ("again_sum.sql", "again_settle.sql"):
            engine.command(sql.read(HERE / name), {"table": table})
        engine.command("DROP TABLE {table:Identifier} SYNC", {"table": table})
