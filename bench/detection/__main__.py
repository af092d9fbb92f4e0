"""`python -m bench.detection`: any number of scenarios from any seed, with the list of mistakes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from bench.detection import report, run
from bench.detection.judgement import Judgement
from bench.detection.kept import Kept, fingerprint
from bench.figures import Figure

SCENARIOS = 200
FEWEST = 20
WORKERS = 2
WIDTH = 180


def measured(seeds: Sequence[int], workers: int, console: Console, kept: Kept | None = None) -> list[Judgement]:
    """Scenarios with a bar, then the tables. Those that are kept are not played again."""
    known = kept.of(seeds) if kept else []
    missing = sorted(set(seeds) - {judgement.seed for judgement in known})
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn()
    )  # fmt: skip
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("scenarios", total=len(seeds), completed=len(known))

        def done(judgement: Judgement) -> None:
            bar.advance(task)
            if kept:
                kept.add(judgement)

        judgements = sorted([*known, *run.many(missing, workers, done)], key=lambda judgement: judgement.seed)
    console.print(report.by_job(judgements))
    console.print(report.by_incident(judgements))
    return judgements


def detection(scale: float) -> list[Figure]:
    """The bench of trust, as `python -m bench --only detection` runs it."""
    judgements = measured(range(max(FEWEST, round(SCENARIOS * scale))), WORKERS, _console())
    return report.figures(judgements)


def _console() -> Console:
    """As wide as the terminal; wide enough for the tables where there is none."""
    return Console(width=None if sys.stdout.isatty() else WIDTH)


def main() -> None:
    """Run scenarios and print tables, figures and mistakes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenarios", type=int, default=SCENARIOS)
    parser.add_argument("--seed", type=int, default=0, help="the first; the others follow")
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--quick", action="store_true", help=f"{FEWEST} scenarios")
    parser.add_argument("--keep", type=Path, help="a file for what is done, so that a run that was stopped goes on")
    arguments = parser.parse_args()
    count = FEWEST if arguments.quick else arguments.scenarios
    console = _console()
    kept = Kept(arguments.keep, fingerprint()) if arguments.keep else None
    judgements = measured(range(arguments.seed, arguments.seed + count), arguments.workers, console, kept)
    for figure in report.figures(judgements):
        console.print(f"{figure.what}: {figure.shown} {figure.target}", highlight=False)
    console.print(report.mistakes(judgements))
    seconds = sum(judgement.seconds for judgement in judgements)
    console.print(f"{seconds / max(len(judgements), 1):.1f} s a scenario and process", style="dim")


if __name__ == "__main__":
    main()
