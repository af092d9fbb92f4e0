"""All jobs over one day of ten million spans and 100,000 tenants. `python -m bench --only jobs`.

The day is put into the tables by SQL, with the sums and traces that settling makes of it. Before it lie a week of a
tenth of the spans (`user_drift` compares with a sample of them), 28 days of `usage`, and spans that no job may read, so
many that there are a hundred million. Each job then runs in a process of its own: over the day, and over its last hour.
"""

from __future__ import annotations

import importlib
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from analytics.jobs.catalogue import JOBS, job_named
from analytics.jobs.contract import NotComputable, Window
from analytics.jobs.source import Source
from analytics.settling.marks import HOURS, SETTLED, TOUCHED, set_mark
from analytics.settling.usage import sum_slices
from bench.figures import Figure
from spanledger import sql
from spanledger.engine import Engine, open_engine
from spanledger.settings import MIB, Settings, load
from spanledger.upgrade import upgrade

SPANS_OF_A_DAY = Path(__file__).with_name("jobs_spans.sql")
TRACES = Path(__file__).with_name("jobs_traces.sql")
USAGE = Path(__file__).with_name("jobs_usage.sql")
HISTORY = Path(__file__).with_name("settle_history.sql")
LIBRARIES = ("scipy.stats", "scipy.optimize", "sklearn.linear_model", "sklearn.cluster", "analytics.statistics.pelt")
"""A service loads them once, with the first job that needs them: a second or two that are not the job's."""
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
START = datetime(2026, 11, 20, tzinfo=UTC)
SPANS, TENANTS = 10_000_000, 100_000
WEEK, THIN = 7, 10
"""Days before it with a tenth of its spans each."""
OLD_SPANS, OLD_PER_SECOND = 83_000_000, 100
"""Spans before that week: with all others they are a hundred million."""
OLD_DAYS = 28
"""Days of `usage` before the day: as far as the jobs look back."""
CHUNK = 400_000

Result = TypeVar("Result")


@dataclass(frozen=True)
class Ran:
    """What one run took."""

    seconds: float
    cpu_seconds: float
    """What tells runs apart where other work goes on beside."""
    rows_read: int
    peak_bytes: int
    """Resident memory of the process, with the libraries and the engine."""
    said: str


def jobs(scale: float) -> list[Figure]:
    """Seconds, rows and memory of each job over the day and over its last hour."""
    spans = int(SPANS * scale) // 8 * 8
    day, hour = Window(START, START + DAY), Window(START + DAY - HOUR, START + DAY)
    with tempfile.TemporaryDirectory(prefix="spanledger-jobs-") as folder:
        in_hour = _apart(_fill, folder, spans, hour)
        names = [job.name for job in JOBS]
        long = {name: _apart(_run, folder, name, day) for name in names}
        short = {name: _apart(_run, folder, name, hour) for name in names}
    everything = spans + WEEK * spans // THIN + int(OLD_SPANS * spans / SPANS)
    return [
        *_each(long, f"a day of {spans:,} spans"),
        Figure("all of them, one after another", sum(run.seconds for run in long.values()), "s", most=30),
        *_each(short, f"an hour of {in_hour:,} spans, of {everything:,}"),
    ]


def _each(ran: dict[str, Ran], window: str) -> Iterator[Figure]:
    for name, run in ran.items():
        yield Figure(f"{name} over {window} ({run.said})", run.seconds, "s")
        yield Figure("… CPU", run.cpu_seconds, "s")
        yield Figure("… rows read", run.rows_read / 1e6, "million")
        yield Figure("… memory of its process", run.peak_bytes / MIB, "MiB", most=1024)


def _apart(work: Callable[..., Result], *arguments: object) -> Result:
    """In a process of its own: memory is a process's, and so is the engine's data directory."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


@contextmanager
def _opened(folder: str, **variables: str) -> Iterator[tuple[Engine, Settings]]:
    settings = load({"SPANLEDGER_DATA_DIR": folder} | variables)
    engine = open_engine(settings, role="bench")
    try:
        yield engine, settings
    finally:
        engine.close()


def _run(folder: str, name: str, window: Window) -> Ran:
    for library in LIBRARIES:
        importlib.import_module(library)
    with _opened(folder) as (engine, settings):
        source, started, before = Source(engine), time.perf_counter(), _cpu()
        try:
            said = f"{len(job_named(name).run(source, window, settings).candidates)} candidates"
        except NotComputable as reason:
            said = f"not computable: {reason}"
        seconds = time.perf_counter() - started
        cpu = _cpu() - before
    return Ran(seconds, cpu, source.rows_read, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024, said)


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _fill(folder: str, spans: int, hour: Window) -> int:
    """The day, what settling makes of it, and what lies before it; spans in `hour`."""
    with _opened(folder, SPANLEDGER_ENGINE_MAX_MEMORY_BYTES=str(4096 * MIB)) as (engine, settings):
        for _ in upgrade(engine, settings):
            pass
        for days in range(1, WEEK + 1):
            fill_day(engine, START - days * DAY, spans // THIN // 8 * 8)
        fill_day(engine, START, spans)
        _settle(engine)
        old = int(OLD_SPANS * spans / SPANS)
        for first in range(0, old, CHUNK):
            begin = START - (WEEK + 1) * DAY - timedelta(seconds=old // OLD_PER_SECOND)
            values = {"start": begin, "first": first, "count": min(CHUNK, old - first)}
            engine.command(sql.read(HISTORY), values)
        [[in_hour]] = engine.rows(
            "SELECT count() FROM spans WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}",
            hour.parameters(),
        )
    return int(in_hour)


def fill_day(engine: Engine, start: datetime, spans: int) -> None:
    """A day of spans from `start` on, of jobs_spans.sql."""
    for first in range(0, spans, CHUNK):
        values = {"start": start, "first": first, "count": min(CHUNK, spans - first), "spans": spans}
        engine.command(sql.read(SPANS_OF_A_DAY), values | {"tenants": TENANTS})


def settle_traces(engine: Engine, start: datetime) -> None:
    """What settling makes of the traces of such a day."""
    for number in range(25):
        hour = start + number * HOUR
        engine.command(sql.read(TRACES), Window(hour, hour + HOUR).parameters())


def _settle(engine: Engine) -> None:
    """`traces` and `usage` of the day, the same usage on the days before, and marks of steps that have passed it."""
    settle_traces(engine, START)
    hours = [START + number * HOUR for number in range(25)]
    sum_slices(engine, [int(hour.timestamp()) for hour in hours], int((START + 2 * DAY).timestamp() * 1000))
    for days in range(1, OLD_DAYS + 1):
        engine.command(sql.read(USAGE), {"day": START, "days": days})
    for mark in (TOUCHED, SETTLED, HOURS):
        set_mark(engine, mark, int((START + 2 * DAY).timestamp() * 1000))
