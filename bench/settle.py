"""Settling by itself: CPU a span, and whether ten million older spans slow it. `python -m bench --only settle`."""

from __future__ import annotations

import resource
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from analytics.settling.step import Settler, Step
from bench.figures import Figure
from spanledger import sql
from spanledger.engine import Engine, open_engine
from spanledger.settings import load
from spanledger.upgrade import upgrade

SPANS = Path(__file__).with_name("settle_spans.sql")
START = datetime(2026, 11, 20, tzinfo=UTC)
PER_SECOND = 2000
STEP_SECONDS = 10
STEPS = 12
HISTORY = 10_000_000
CHUNK = 100_000
OLD_PER_SECOND = 100


def settle(scale: float) -> list[Figure]:
    """Steps of ten seconds' spans at 2,000 a second, in an empty ledger and behind 10 M spans of the day before."""
    with tempfile.TemporaryDirectory(prefix="spanledger-settle-") as folder:
        settings = load({"SPANLEDGER_DATA_DIR": folder})
        engine = open_engine(settings, role="bench")
        for _ in upgrade(engine, settings):
            pass
        settler = Settler(engine, settings)
        first, cpu, spans = _steps(engine, settler, START, 0)
        _history(engine, int(HISTORY * scale))
        second, _, _ = _steps(engine, settler, START + timedelta(hours=12), 100_000_000)
        engine.close()
    return [
        Figure("settling, CPU of a span", cpu / spans * 1e6, "µs", most=10),
        Figure("settling step of 20,000 spans", first, "s"),
        Figure(f"… behind {int(HISTORY * scale):,} older spans", second, "s"),
        Figure("… so many times as long", second / first, "×", most=1.5),
    ]


def _steps(engine: Engine, settler: Settler, start: datetime, number_from: int) -> tuple[float, float, int]:
    """(median seconds of a step, CPU seconds of all, spans); the first steps, which warm up, are left out."""
    per_step = PER_SECOND * STEP_SECONDS
    cpu, spans, seconds = 0.0, 0, []
    for number in range(STEPS + 8):
        origin = number * per_step
        _fill(engine, start, number_from, origin, per_step, PER_SECOND)
        now = start + timedelta(seconds=(number + 1) * STEP_SECONDS + 3)
        before = _cpu()
        step: Step = settler.step(int(now.timestamp() * 1000))
        if number >= 8 and step.traces:
            cpu += _cpu() - before
            spans += step.window.spans
            seconds.append(step.seconds)
    return sorted(seconds)[len(seconds) // 2], cpu, spans


def _history(engine: Engine, spans: int) -> None:
    """Older spans, which have been settled long ago: the marks say so."""
    start = START - timedelta(seconds=spans // OLD_PER_SECOND)
    for first in range(0, spans, CHUNK):
        _fill(engine, start, 1_000_000_000, first, CHUNK, OLD_PER_SECOND)


def _fill(engine: Engine, start: datetime, number_from: int, first: int, count: int, per_second: int) -> None:
    """Spans number `first` and on of those that begin at `start`; numbers from `number_from` make their ids."""
    begin = start - timedelta(seconds=number_from / per_second)
    values = {"start": begin, "first": number_from + first, "count": count, "per_second": per_second}
    engine.command(sql.read(SPANS), values)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
