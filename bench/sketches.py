"""What the sketches for `user_drift` cost: CPU of inserts with the setting on and off, in turns. Two minutes.

Each setting has a process of its own with an engine of its own, since the setting is part of the views. They insert the
same requests, as the drain does, one after the other, and change who begins. What else runs on the machine only makes
an insert dearer, so the cheapest of each tells them apart.
"""

from __future__ import annotations

import resource
import tempfile
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context

from bench import workload
from bench.figures import Figure
from collector.insert import insert
from collector.signals import TRACES
from spanledger.engine import Engine, open_engine
from spanledger.settings import load
from spanledger.upgrade import upgrade

ROUNDS = 12
SPANS = {"chat10k": 6_000, "spans19": 40_000}
"""Of one insert, by workload: with messages, where sketches are made, and without."""
START, HOUR_NS = 1_790_000_000 * 10**9, 3_600 * 10**9
MOST = 3.0
"""Percent that sketches may add to an insert of LLM-sized spans."""

_engines: list[Engine] = []
"""The one of this process."""


def sketches(scale: float) -> list[Figure]:
    """Percent of an insert's CPU, the cheapest of all rounds, by workload."""
    with tempfile.TemporaryDirectory(prefix="bench-sketches-") as folder, ExitStack() as stack:
        on, off = (
            stack.enter_context(ProcessPoolExecutor(1, get_context("spawn"), _open, (f"{folder}/{setting}", setting)))
            for setting in ("on", "off")
        )
        figures = []
        for kind, spans in SPANS.items():
            rounds = _rounds(on, off, kind, max(int(spans * scale), 512), max(round(ROUNDS * scale), 3))
            cheapest = min(without for _, without in rounds)
            added = min(with_ for with_, _ in rounds) / cheapest - 1
            most = MOST if kind == "chat10k" else None
            figures += [
                Figure(f"sketches add to the CPU of inserting {kind}", 100 * added, "%", most=most),
                Figure("… without them", cheapest / spans * 1e6, "µs a span"),
            ]
        sketched = on.submit(_sketched).result(), off.submit(_sketched).result()
    return [*figures, Figure("spans with a sketch: on", sketched[0], ""), Figure("… off", sketched[1], "", most=0)]


def _rounds(
    on: ProcessPoolExecutor, off: ProcessPoolExecutor, kind: str, spans: int, rounds: int
) -> list[tuple[float, float]]:
    """CPU seconds (with, without) of each round; the first insert, which loads everything, is not counted."""
    found = []
    for number in range(rounds + 1):
        first, second = (on, off) if number % 2 else (off, on)
        one = first.submit(_insert, kind, spans, number).result()
        other = second.submit(_insert, kind, spans, number).result()
        if number:
            found.append((one, other) if first is on else (other, one))
    return found


def _open(folder: str, setting: str) -> None:
    settings = load(
        {"SPANLEDGER_DATA_DIR": folder, "SPANLEDGER_DRIFT_SKETCHES": setting, "SPANLEDGER_ENGINE_THREADS": "1"}
    )
    engine = open_engine(settings, role="bench")
    list(upgrade(engine, settings))
    engine.command("SYSTEM STOP MERGES")
    _engines.append(engine)


def _insert(kind: str, spans: int, seed: int) -> float:
    """CPU seconds of this process for one insert."""
    body = b"".join(workload.requests(kind, spans, seed=seed, start_ns=START, window_ns=HOUR_NS))
    before = _cpu()
    insert(_engines[0], TRACES, body, f"{kind} {seed}")
    return _cpu() - before


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _sketched() -> int:
    [[count]] = _engines[0].rows("SELECT countIf(user_sketch != 0) FROM spans")
    return int(count)
