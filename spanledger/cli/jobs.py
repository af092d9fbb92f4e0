"""Commands of jobs and findings. On the running service when there is one, else on its data."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated, Any

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from spanledger.cli import job_tables
from spanledger.cli.job_room import entered
from spanledger.cli.screen import screen
from spanledger.settings import load

jobs_app = typer.Typer(help="Scheduled analyses: run one now, see what they did.", no_args_is_help=True)
findings_app = typer.Typer(help="What the jobs have found.", invoke_without_command=True)
console = screen()

Begin = Annotated[str | None, typer.Option("--from", help="2026-11-01 or 2026-11-01T10:00:00Z; else one window.")]
End = Annotated[str | None, typer.Option("--to", help="The same; now, if left out. Without a zone times are UTC.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON instead of a table.", show_default=False)]


@jobs_app.command("list")
def jobs_list() -> None:
    """All jobs: how often they run, their last window, how far they are behind, what they have found."""
    with entered(load()) as room:
        console.print(job_tables.jobs_table(room.jobs()))


@jobs_app.command("run")
def jobs_run(job: str, since: Begin = None, until: End = None, as_json: AsJson = False) -> None:
    """Run a job over any window now, and show what it finds."""
    with entered(load()) as room:
        run = room.run(job, since, until)
    if as_json:
        _write(run)
    else:
        console.print(*job_tables.run_report(run), sep="\n", soft_wrap=False)
    if run["outcome"] == "failed":
        sys.exit(1)


@jobs_app.command("backfill")
def jobs_backfill(
    since: Annotated[str, typer.Option("--from", help="Windows that end after it.")],
    jobs: Annotated[list[str] | None, typer.Argument(help="All, if left out.")] = None,
    until: End = None,
) -> None:
    """Run all scheduled windows of a time again that have spans, oldest first."""
    bar = Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("windows"),
        TextColumn("{task.fields[found]:,} findings"), TimeRemainingColumn(), console=console,
    )  # fmt: skip
    found = failed = done = 0
    with entered(load()) as room:
        answers = room.backfill(jobs or [], since, until)
        task = bar.add_task("", total=next(answers)["windows"], found=0)
        for run in _shown(bar, answers):
            found += len(run["findings"])
            failed += run["outcome"] == "failed"
            done += 1
            bar.update(task, advance=1, found=found, description=f"{run['job']} {run['window_to'][:16]}")
    console.print(f"{done:,} windows, {found:,} findings, {failed:,} runs failed.", highlight=False)
    if failed:
        sys.exit(1)


@jobs_app.command("runs")
def jobs_runs(
    job: Annotated[str, typer.Argument(help="All jobs, if left out.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
) -> None:
    """The last runs: their windows, how they ended, what they read."""
    with entered(load()) as room:
        rows = room.runs(job, limit)
    console.print(job_tables.runs_table(rows) if rows else "No job has run.")


@findings_app.callback()
def findings(  # noqa: PLR0913, PLR0917  (one option a filter)
    context: typer.Context,
    state: Annotated[str, typer.Option(help="open or resolved.")] = "",
    severity: Annotated[str, typer.Option(help="page, ticket or digest.")] = "",
    job: str = "",
    subject: Annotated[list[str] | None, typer.Option(help="dimension=value, e.g. tenant=acme.")] = None,
    limit: int = 50,
    as_json: AsJson = False,
) -> None:
    """What the jobs have found, seen last first. `show ID` has all of one."""
    if context.invoked_subcommand:
        return
    given = {"state": state, "severity": severity, "job": job, "subject": subject or [], "limit": limit}
    with entered(load()) as room:
        rows = room.findings({name: value for name, value in given.items() if value})
    if as_json:
        _write(rows)
    else:
        console.print(job_tables.findings_table(rows) if rows else "No finding.")


@findings_app.command("show")
def findings_show(finding_id: Annotated[str, typer.Argument(metavar="ID")], as_json: AsJson = False) -> None:
    """All of one finding: what, since when, what it costs, how to check it, what runs said of it."""
    with entered(load()) as room:
        found = room.finding(finding_id)
    if as_json:
        _write(found)
    else:
        console.print(*job_tables.finding_report(found), sep="\n")


def _shown(bar: Progress, answers: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A bar while there are answers."""
    with bar:
        yield from answers


def _write(value: object) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
