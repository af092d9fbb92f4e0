"""Samples of a range of time: slots of it, evenly spread. Spans between them are not read from the disk.

Sampling single spans would read every block of storage: each holds 8,192 spans that follow on one another in time. The
range is cut into slots, and of so many slots in a row one is drawn, by a hash, so that what goes by the clock is not
met each time. Statements ask for `intDiv(toUnixTimestamp64Milli(started_at), {slot:Int64}) IN {slots:Array(Int64)}`: by
the primary key the engine passes over all other blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil, floor
from pathlib import Path
from typing import Any

from spanledger import sql
from spanledger.engine import Engine
from spanledger.moments import as_parameter

SIZE = Path(__file__).with_name("range_size.sql")
FEWEST, MOST = 40, 1_000
"""Slots that are drawn: what comes in bursts needs some, and each is told to the engine."""
LARGEST = 65_536
"""Spans of a slot, rather than more slots than the fewest: at its ends are blocks that are read and needed in part."""
SCATTER = 2_654_435_761
"""Multiplying by it and taking upper bits is a hash (Knuth, TAOCP 6.4)."""


@dataclass(frozen=True)
class Slots:
    """Which slots of a range are looked at."""

    milliseconds: int
    """Of a slot; slot n begins n times as long after 1970 UTC."""
    numbers: list[int]
    part: float
    """Their share of the range: what was asked for or more, at most twice as much; 1 where more than half was."""

    @classmethod
    def of(cls, since: datetime, until: datetime, spans: int, part: float) -> Slots:
        """A part (above 0) of a range with so many spans."""
        begin, end = round(since.astimezone(UTC).timestamp() * 1000), ceil(until.astimezone(UTC).timestamp() * 1000)
        every = max(1, floor(1 / part))
        count = min(max(spans / every / LARGEST, FEWEST), MOST) if every > 1 else 1
        length = max(1, ceil((end - begin) / (count * every)))
        first, last = begin // length, (end - 1) // length
        rows = range(first // every, last // every + 1)
        drawn = [number for row in rows if first <= (number := row * every + (row * SCATTER >> 8) % every) <= last]
        return cls(length, drawn or [first], 1 / every)

    def parameters(self, prefix: str = "") -> dict[str, Any]:
        """`slot` and `slots`, as statements bind them."""
        return {f"{prefix}slot": self.milliseconds, f"{prefix}slots": self.numbers}


def range_size(engine: Engine, since: datetime, until: datetime) -> int:
    """Spans of a range, whatever the filter."""
    [[spans]] = engine.query_guarded(sql.read(SIZE), {"from": as_parameter(since), "to": as_parameter(until)}).rows
    return int(spans)


def bounds(engine: Engine, since: datetime, until: datetime, enough: int) -> dict[str, Any]:
    """`from`, `to`, `slot` and `slots` of a sample in which about so many spans are looked at, or all."""
    spans = range_size(engine, since, until)
    slots = Slots.of(since, until, spans, enough / max(spans, 1))
    return {"from": as_parameter(since), "to": as_parameter(until), **slots.parameters()}
