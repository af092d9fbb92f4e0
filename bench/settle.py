"""Settling by itself: CPU a span, and whether ten million older spans slow it. `python -m bench --only settle`.

The engine runs in this process, with nothing else to do. Spans are inserted in batches as after a busy second; they
have eight spans a trace, and in one trace of ten a call has two layers.
"""

from __future__ import annotations

import resource
import statistics
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from analytics.settling.step import Settler
from bench.figures import Figure
from spanledger import sql
from spanledger.engine import Engine, open_engine
from spanledger.settings import load
from spanledger.upgrade import upgrade

SPANS = Path(__file__).with_name("settle_spans.sql")
HISTORY = Path(__file__).with_name("settle_history.sql")
START = datetime(2026, 11, 20, 12, tzinfo=UTC)
PER_SECOND = 20_000
SLICE_SECONDS = 10
SETTLE_AFTER = 10
WARM, STEPS = 4, 4
OLD_SPANS = 10_000_000
OLD_PER_SECOND = 100
CHUNK = 200_000


@dataclass(frozen=True)
class Pace:
    """Of the steps that were measured: CPU of a span in µs, median length of a step in seconds."""

    cpu: float
    seconds: float


def settle(scale: float) -> list[Figure]:
    """Steps of ten seconds' spans at 20,000 a second, in an empty ledger and behind ten million older spans."""
    per_step = max(int(PER_SECOND * SLICE_SECONDS * scale), 8000)
    with _opened() as engine:
        settler = Settler(engine, load({"SPANLEDGER_SETTLE_AFTER_SECONDS": str(SETTLE_AFTER)}))
        alone = _pace(engine, settler, START, 0, per_step)
        old = int(OLD_SPANS * scale)
        for first in range(0, old, CHUNK):
            values = {"start": START - timedelta(seconds=old // OLD_PER_SECOND), "first": first, "count": CHUNK}
            engine.command(sql.read(HISTORY), values)
        behind = _pace(engine, settler, START + timedelta(minutes=30), 100_000_000, per_step)
    return [
        Figure("settling, CPU of a span", alone.cpu, "µs", most=10),
        Figure(f"a step that takes {per_step:,} spans and settles as many", alone.seconds, "s"),
        Figure(f"… behind {old:,} older spans", behind.seconds, "s"),
        Figure("… so many times as long", behind.seconds / alone.seconds, "×", most=1.5),
    ]


@contextmanager
def _opened() -> Iterator[Engine]:
    with tempfile.TemporaryDirectory(prefix="spanledger-settle-") as folder:
        settings = load({"SPANLEDGER_DATA_DIR": folder})
        engine = open_engine(settings, role="bench")
        for _ in upgrade(engine, settings):
            pass
        try:
            yield engine
        finally:
            engine.close()


def _pace(engine: Engine, settler: Settler, start: datetime, number_from: int, per_step: int) -> Pace:
    """Insert and settle step by step; the first steps warm up, and have nothing to settle yet."""
    per_second = per_step // SLICE_SECONDS
    cpu, spans, seconds = 0.0, 0, []
    for number in range(WARM + STEPS):
        begin = start - timedelta(seconds=number_from / per_second)
        values = {"start": begin, "first": number_from + number * per_step, "count": per_step, "per_second": per_second}
        engine.command(sql.read(SPANS), values)
        now = start + timedelta(seconds=(number + 1) * SLICE_SECONDS + 3)
        before = _cpu()
        step = settler.step(int(now.timestamp() * 1000))
        if number >= WARM:
            cpu += _cpu() - before
            spans += step.window.spans
            seconds.append(step.seconds)
    return Pace(cpu / spans * 1e6, statistics.median(seconds))


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
