"""`usage`: sums by slice of acceptance, each made once, and again only where spans have changed."""

from __future__ import annotations

import time
from collections.abc import Sequence

from analytics.settling.marks import HOURS, moment, read_marks, set_mark
from analytics.settling.statements import HOUR_SECONDS, SLICE_SECONDS, statement
from spanledger.engine import Engine

FINE, COARSE = "usage_slices", "usage_hours"
OPEN_SECONDS = 600
"""An hour stays in slices for so long after its end: most of what changes, changes soon."""
SORT_ON_DISK = {"max_bytes_before_external_group_by": 200_000_000}
VISIBLE_SECONDS = 2
"""A row that another process wrote at a moment can be seen so long after it."""


def seen(engine: Engine) -> tuple[str, str]:
    """Moments up to which all rows can be seen: our own, and those that other processes wrote."""
    [[own, by_others]] = engine.rows(statement("seen"), {"seconds": VISIBLE_SECONDS})
    return str(own), str(by_others)


def sum_slices(engine: Engine, slices: Sequence[int], hours_until: int) -> int:
    """Make the sums of slices (Unix seconds) from the spans, or of their hours where slices are gone; how many."""
    fine = [at for at in slices if at * 1000 >= hours_until]
    coarse = sorted({at // HOUR_SECONDS * HOUR_SECONDS for at in slices if at * 1000 < hours_until})
    _sum(engine, FINE, SLICE_SECONDS, fine)
    for hour in coarse:
        _sum(engine, COARSE, HOUR_SECONDS, [hour])
    return len(fine) + len(coarse)


def sum_changed(engine: Engine, hours_until: int) -> int:
    """Make sums again where spans have changed since; how many slices."""
    own, by_others = seen(engine)
    limits = {"seen": own, "by_others": by_others}
    slices = [int(at) for (at,) in engine.rows(statement("dirty"), limits)]
    count = sum_slices(engine, slices, hours_until)
    for table, until in (("dirty_slices", own), ("usage_dirty", by_others)):
        [[waiting]] = engine.rows(
            f"SELECT count() FROM {table} WHERE at <= {{until:DateTime64(6, 'UTC')}}", {"until": until}
        )
        if waiting:
            engine.command(f"DELETE FROM {table} WHERE at <= {{until:DateTime64(6, 'UTC')}}", {"until": until})
    return count


def close_hour(engine: Engine, touched: int) -> bool:
    """Sum an hour of acceptance that is over into one row a key, and drop its slices; whether there was one."""
    limit = touched // 1000 - OPEN_SECONDS - HOUR_SECONDS
    for hour, partition in engine.rows(statement("open_hours"), {"limit": max(limit, 0)}):
        _sum(engine, COARSE, HOUR_SECONDS, [int(hour)])
        set_mark(engine, HOURS, max(int(hour) + HOUR_SECONDS, read_marks(engine)[HOURS] // 1000) * 1000)
        engine.command(f"ALTER TABLE {FINE} DROP PARTITION ID '{partition}'")
        return True
    return False


def _sum(engine: Engine, table: str, width: int, slices: Sequence[int]) -> None:
    if not slices:
        return
    values = {
        "table": table,
        "width": width,
        "slices": [moment(at * 1000) for at in slices],
        "first": moment(min(slices) * 1000),
        "last": moment(max(slices) * 1000),
        "version": time.time_ns(),
    }
    engine.command(statement("usage"), values, SORT_ON_DISK)
