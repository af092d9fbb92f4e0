"""`python -m bench --only triage`: cases one after the other, each put into an engine and asked about."""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

from rich.table import Table

from analytics.triage.cells import read
from analytics.triage.judge import judge
from bench.detection.arena import Arena, prepared
from bench.figures import Figure
from bench.triage.cases import NAMES, Case, case
from collector.insert import insert
from collector.signals import TRACES
from spanledger.settings import load

SEEDS = 10
FIRST_SEED = 200
"""Seeds below were looked at when the method was made."""
WORKERS = 2
SECONDS = 120.0
PROMISED = 0.9
SPANS_AN_INSERT = 60_000


@dataclass(frozen=True)
class Answered:
    """What triage said of a case."""

    name: str
    seed: int
    surface: str
    """The right answer; '' when none of the five is."""
    blind: bool
    named: str
    """'' when nothing was named."""
    seconds: float

    @property
    def right(self) -> bool:
        """The right surface was named first, or rightly none."""
        return self.named == self.surface


def one(arena: Arena, asked: Case) -> Answered:
    """Put a case's spans into an engine that has no others, and ask."""
    for table in arena.tables:
        arena.engine.command(f"TRUNCATE TABLE {table} SYNC")
    for number, body in enumerate(asked.workload.requests(SPANS_AN_INSERT)):
        insert(arena.engine, TRACES, body, f"{asked.name} {asked.seed} {number}")
    began = time.perf_counter()
    suspect = judge(read(arena.engine, asked.asked, SECONDS), asked.asked).suspect
    seconds = time.perf_counter() - began
    return Answered(asked.name, asked.seed, asked.surface, asked.blind, suspect.surface if suspect else "", seconds)


def many(seeds: Sequence[int], workers: int, done: Callable[[Answered], None] = lambda _: None) -> list[Answered]:
    """All names by seed over processes."""
    found: list[Answered] = []
    with (
        tempfile.TemporaryDirectory(prefix="spanledger-triage-") as folder,
        ProcessPoolExecutor(workers, get_context("spawn"), _open, (folder,)) as pool,
    ):
        for work in as_completed([pool.submit(_asked, name, seed) for seed in seeds for name in NAMES]):
            found.append(work.result())
            done(found[-1])
    return sorted(found, key=lambda each: (each.name, each.seed))


def table(found: Sequence[Answered]) -> Table:
    """A row a kind of case."""
    shown = Table("case", "right answer", "cases", "right", "named otherwise", box=None, header_style="bold")
    for name in NAMES:
        ours = [each for each in found if each.name == name]
        if not ours:
            continue
        wrong = ", ".join(f"{each.seed}: {each.named or 'none'}" for each in ours if not each.right)
        answer = next((each.surface for each in ours if not each.blind), "none (blind)") or "none"
        shown.add_row(name, answer, str(len(ours)), str(sum(each.right for each in ours)), wrong)
    return shown


def figures(found: Sequence[Answered]) -> list[Figure]:
    """Of all cases together, and of the three sorts."""
    sorts = {
        "one of the five moved": [each for each in found if each.surface],
        "nothing that moved explains it": [each for each in found if not each.surface and not each.blind],
        "the spans do not tell": [each for each in found if each.blind],
    }
    measured = [
        Figure(f"right surface first, or rightly none, of {len(found)} cases", _share(found), "", least=PROMISED)
    ]
    measured += [Figure(f"… of {len(each)} where {what}", _share(each), "") for what, each in sorts.items() if each]
    seconds = statistics.median(each.seconds for each in found)
    return [*measured, Figure("a triage of some thousand traces, median", seconds, "s")]


def _share(found: Sequence[Answered]) -> float:
    return sum(each.right for each in found) / len(found)


_arenas: list[Arena] = []
"""The one of this process."""


def _open(folder: str) -> None:
    settings = load({"SPANLEDGER_DATA_DIR": f"{folder}/{os.getpid()}", "SPANLEDGER_ENGINE_THREADS": "1"})
    _arenas.append(prepared(settings))


def _asked(name: str, seed: int) -> Answered:
    return one(_arenas[0], case(name, seed))
