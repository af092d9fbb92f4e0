"""Scenarios one after the other, in a few processes, each with an engine of its own."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from random import Random

from analytics.jobs.catalogue import JOBS
from analytics.jobs.contract import Job
from analytics.jobs.runner import Outcome
from bench.detection.arena import Arena, prepared
from bench.detection.judgement import Judgement, judge
from bench.detection.windows import windows
from spanledger.demo.clock import Stretch, nanoseconds
from spanledger.demo.scenarios import Scenario, draw
from spanledger.demo.workload import play
from spanledger.settings import load

FIRST_DAY = datetime(2026, 9, 7, tzinfo=UTC)
"""Scenarios begin on one of the fourteen days from here on, so that incidents fall on all weekdays."""
DAYS = 15


def one(arena: Arena, scenario: Scenario, jobs: Sequence[Job] = JOBS, days: int = DAYS) -> Judgement:
    """Play a scenario, run the jobs over it and judge what they say."""
    began = time.perf_counter()
    start = FIRST_DAY + timedelta(days=Random(f"{scenario.seed}/day").randrange(14))
    workload = play(scenario.plan(nanoseconds(start), days))
    arena.load(workload)
    findings, counts, problems = [], {}, []
    whole = Stretch(workload.start, workload.end)
    for job in jobs:
        incidents = [label.when for label in workload.labels if label.job == job.name]
        runs = arena.run(job, windows(job, whole, incidents, quiet=not workload.labels))
        findings += [finding for run in runs for finding in run.findings]
        counts[job.name] = len(runs)
        problems += [
            f"{job.name} {run.outcome} on {run.window}: {run.reason}" for run in runs if run.outcome is not Outcome.OK
        ]
    result = judge(scenario.seed, workload.labels, findings, whole.days)
    result.windows, result.problems, result.seconds = counts, problems, time.perf_counter() - began
    return result


def many(seeds: Sequence[int], workers: int, done: Callable[[Judgement], None]) -> list[Judgement]:
    """Scenarios by seed over processes; `done` is called as each ends."""
    results: list[Judgement] = []
    with (
        tempfile.TemporaryDirectory(prefix="spanledger-detection-") as folder,
        ProcessPoolExecutor(workers, get_context("spawn"), _open, (folder,)) as pool,
    ):
        for work in as_completed([pool.submit(_drawn, seed) for seed in seeds]):
            results.append(work.result())
            done(results[-1])
    return sorted(results, key=lambda result: result.seed)


_arenas: list[Arena] = []
"""The one of this process."""


def _open(folder: str) -> None:
    settings = load({"SPANLEDGER_DATA_DIR": f"{folder}/{os.getpid()}", "SPANLEDGER_ENGINE_THREADS": "1"})
    _arenas.append(prepared(settings))


def _drawn(seed: int) -> Judgement:
    return one(_arenas[0], draw(seed))
