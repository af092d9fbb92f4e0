"""`python -m bench.triage`: any number of seeds from any first one, with what was named wrongly."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.figures import Figure
from bench.triage.cases import NAMES
from bench.triage.run import FIRST_SEED, SEEDS, WORKERS, Answered, figures, many, table


def measured(seeds: Sequence[int], workers: int, console: Console) -> list[Answered]:
    """Cases with a bar, then the table."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("cases", total=len(seeds) * len(NAMES))
        found = many(seeds, workers, lambda _: bar.advance(task))
    console.print(table(found))
    return found


def triage(scale: float) -> list[Figure]:
    """As `python -m bench --only triage` runs it."""
    return figures(measured(range(FIRST_SEED, FIRST_SEED + max(1, round(SEEDS * scale))), WORKERS, Console()))


def main() -> None:
    """Run cases and print the table and the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--seed", type=int, default=FIRST_SEED, help="the first; the others follow")
    parser.add_argument("--workers", type=int, default=WORKERS)
    arguments = parser.parse_args()
    console = Console()
    found = measured(range(arguments.seed, arguments.seed + arguments.seeds), arguments.workers, console)
    for figure in figures(found):
        console.print(f"{figure.what}: {figure.shown} {figure.target}", highlight=False)


if __name__ == "__main__":
    main()
