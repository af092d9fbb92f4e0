"""`make bench`: the figures of the README. `--only NAME` for one of them, `--quick` for a tenth of the spans."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from rich.console import Console
from rich.table import Table

from bench import content, ingest, jobs, pages, queries, reprice, settle, sketches
from bench.detection.__main__ import detection
from bench.figures import Figure
from bench.triage.__main__ import triage

BENCHES: dict[str, Callable[[float], list[Figure]]] = {
    "cpu": ingest.cpu_per_span,
    "llm": ingest.llm_sized,
    "latency": ingest.latency,
    "queries": queries.ten_million,
    "settle": settle.settle,
    "reprice": reprice.reprice,
    "content": content.content,
    "sketches": sketches.sketches,
    "jobs": jobs.jobs,
    "pages": pages.pages,
    "detection": detection,
    "triage": triage,
}


def apart(bench: Callable[[float], list[Figure]], scale: float) -> list[Figure]:
    """Run a bench in a process of its own: the embedded engine has one data directory a process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(bench, scale).result()


def table(figures: list[Figure]) -> Table:
    """What was measured beside what was promised."""
    shown = Table("figure", "measured", "target", box=None, header_style="bold", pad_edge=False)
    for figure in figures:
        style = "" if figure.met is None else ("green" if figure.met else "red")
        shown.add_row(figure.what, f"[{style}]{figure.shown}[/]" if style else figure.shown, figure.target)
    return shown


def main() -> None:
    """Run the benches and print one table; exit code 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", choices=BENCHES, action="append")
    parser.add_argument("--quick", action="store_true")
    arguments = parser.parse_args()
    figures: list[Figure] = []
    console = Console()
    for name in arguments.only or BENCHES:
        with console.status(f"{name} …"):
            found = apart(BENCHES[name], 0.1 if arguments.quick else 1.0)
        console.print(table(found))
        figures += found
    sys.exit(0 if all(figure.met is not False for figure in figures) else 1)


if __name__ == "__main__":
    main()
