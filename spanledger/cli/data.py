"""Commands on what is stored: its tables, questions, deletion, quarantine."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from spanledger import __version__
from spanledger.cli import local
from spanledger.cli.console import configured, say
from spanledger.cli.tables import answer_table, rejected_table
from spanledger.engine import open_engine
from spanledger.upgrade import upgrade

rejected_app = typer.Typer(help="Requests that the engine refused, kept in quarantine.", no_args_is_help=True)
delete_app = typer.Typer(help="Delete one trace, or all data of one tenant.", no_args_is_help=True)
console = Console()


def migrate() -> None:
    """Bring the tables up to this version and say what was done."""
    settings = configured()
    engine = open_engine(settings, role="migrate")
    try:
        done = 0
        for step in upgrade(engine, settings):
            done += 1
            say(step)
        say("Nothing to do: the tables are up to date." if not done else f"{done} steps done.")
    finally:
        engine.close()


def query(sql: Annotated[str, typer.Argument(help="One SELECT.")]) -> None:
    """Run one read-only statement, on the running service or, when none runs, on its data."""
    answer = local.query(configured(), sql)
    console.print(answer_table(answer))
    console.print(f"{len(answer.rows):,} rows, {answer.rows_read:,} read, {answer.elapsed_ms:.1f} ms", style="dim")


@rejected_app.command("list")
def rejected_list() -> None:
    """What lies in quarantine, and why."""
    entries = local.rejected(configured())
    console.print(rejected_table(entries) if entries else "Nothing is in quarantine.")


@rejected_app.command("retry")
def rejected_retry() -> None:
    """Try to store all of it again."""
    outcomes = local.retry_rejected(configured())
    for entry, reason in outcomes:
        say(f"{entry}: {reason or 'stored'}")
    if not outcomes:
        say("Nothing is in quarantine.")


@delete_app.command("trace")
def delete_trace(trace_id: Annotated[str, typer.Argument(help="32 hex digits.")]) -> None:
    """Delete all spans and events of one trace."""
    _say_deleted(local.delete(configured(), "trace", trace_id))


@delete_app.command("tenant")
def delete_tenant(
    tenant: str, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.", show_default=False)] = False
) -> None:
    """Delete all spans, events and metric points of one tenant."""
    if not yes:
        typer.confirm(f"Delete all data of tenant {tenant!r}? It can't be brought back", abort=True)
    _say_deleted(local.delete(configured(), "tenant", tenant))


def _say_deleted(counts: dict[str, int]) -> None:
    say("Deleted: " + ", ".join(f"{count:,} {table}" for table, count in counts.items()) + ".")


def version() -> None:
    """This version."""
    say(f"spanledger {__version__}")
