"""The commands. Each reads the settings, calls one function and turns errors of ours into one sentence."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer
from rich.console import Console

from collector.service import Addresses
from collector.service import run as run_collect
from spanledger import __version__
from spanledger.cli import doctor as doctor_checks
from spanledger.cli import keys, local, money
from spanledger.cli.alerts import app as alerts_app
from spanledger.cli.carbon import carbon
from spanledger.cli.demo import demo
from spanledger.cli.energy import app as energy_app
from spanledger.cli.explain_mapping import explain_mapping
from spanledger.cli.jobs import findings_app, jobs_app
from spanledger.cli.tables import answer_table, rejected_table
from spanledger.cli.up import run_up
from spanledger.engine import open_engine
from spanledger.errors import SpanledgerError
from spanledger.settings import Settings, load
from spanledger.upgrade import upgrade

app = typer.Typer(
    help="spanledger: every LLM span kept, every cost explained.", no_args_is_help=True, add_completion=False
)
rejected_app = typer.Typer(help="Requests that the engine refused, kept in quarantine.", no_args_is_help=True)
app.add_typer(rejected_app, name="rejected")
delete_app = typer.Typer(help="Delete one trace, or all data of one tenant.", no_args_is_help=True)
app.add_typer(delete_app, name="delete")
app.add_typer(money.prices_app, name="prices")
app.add_typer(money.revenue_app, name="revenue")
app.command("reprice")(money.reprice)
app.add_typer(energy_app, name="energy")
app.add_typer(jobs_app, name="jobs")
app.add_typer(findings_app, name="findings")
app.add_typer(alerts_app, name="alerts")
app.add_typer(keys.app, name="keys")
app.command("audit")(keys.audit)
app.command("carbon")(carbon)
app.command("explain-mapping")(explain_mapping)
app.command("demo")(demo)
console = Console()


def _settings() -> Settings:
    settings = load()
    logging.basicConfig(
        level=settings.log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    logging.getLogger("uvicorn").setLevel(
        max(logging.WARNING, logging.getLogger().level)
    )  # "Started …" is our greeting
    return settings


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


@app.command()
def up() -> None:
    """Start everything: receivers, engine, API and pages. Ctrl-C drains and stops."""
    sys.exit(run_up(load()))


@app.command()
def collect() -> None:
    """Only the receivers and the spool."""

    def ready(addresses: Addresses) -> None:
        _say(f"OTLP/gRPC {addresses.host}:{addresses.grpc_port} OTLP/HTTP {addresses.host}:{addresses.http_port}")

    run_collect(_settings(), ready)


@app.command()
def serve() -> None:
    """Only the engine's side: drain this data directory's spool, answer the API and the pages."""
    from spanledger.cli.engine_role import serve_until_signal  # noqa: PLC0415 - what jobs need takes a second to import

    serve_until_signal(_settings(), role="serve", ready=lambda address: _say(f"API and pages {address}"))


@app.command()
def analyze() -> None:
    """Only settling and jobs, for a ClickHouse server: `serve` does both too, and one process at a time."""
    from spanledger.cli.analyze_role import analyze_until_signal  # noqa: PLC0415 - the same

    analyze_until_signal(_settings(), ready=lambda: _say("Settling"))


@app.command()
def migrate() -> None:
    """Bring the tables up to this version and say what was done."""
    settings = _settings()
    engine = open_engine(settings, role="migrate")
    try:
        done = 0
        for step in upgrade(engine, settings):
            done += 1
            _say(step)
        _say("Nothing to do: the tables are up to date." if not done else f"{done} steps done.")
    finally:
        engine.close()


@app.command()
def query(sql: Annotated[str, typer.Argument(help="One SELECT.")]) -> None:
    """Run one read-only statement, on the running service or, when none runs, on its data."""
    answer = local.query(_settings(), sql)
    console.print(answer_table(answer))
    console.print(f"{len(answer.rows):,} rows, {answer.rows_read:,} read, {answer.elapsed_ms:.1f} ms", style="dim")


@app.command()
def doctor() -> None:
    """What is wrong with this installation, and how to mend it."""
    findings = doctor_checks.examine(load())
    for finding in findings:
        mark = "[green]ok  [/]" if finding.fine else "[red]WRONG[/]"
        console.print(f"{mark} {finding.what}", highlight=False)
        if finding.mend:
            console.print(f"      {finding.mend}", style="dim", highlight=False)
    sys.exit(0 if all(finding.fine for finding in findings) else 1)


@rejected_app.command("list")
def rejected_list() -> None:
    """What lies in quarantine, and why."""
    entries = local.rejected(_settings())
    console.print(rejected_table(entries) if entries else "Nothing is in quarantine.")


@rejected_app.command("retry")
def rejected_retry() -> None:
    """Try to store all of it again."""
    outcomes = local.retry_rejected(_settings())
    for entry, reason in outcomes:
        _say(f"{entry}: {reason or 'stored'}")
    if not outcomes:
        _say("Nothing is in quarantine.")


@delete_app.command("trace")
def delete_trace(trace_id: Annotated[str, typer.Argument(help="32 hex digits.")]) -> None:
    """Delete all spans and events of one trace."""
    _say_deleted(local.delete(_settings(), "trace", trace_id))


@delete_app.command("tenant")
def delete_tenant(
    tenant: str, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.", show_default=False)] = False
) -> None:
    """Delete all spans, events and metric points of one tenant."""
    if not yes:
        typer.confirm(f"Delete all data of tenant {tenant!r}? It can't be brought back", abort=True)
    _say_deleted(local.delete(_settings(), "tenant", tenant))


def _say_deleted(counts: dict[str, int]) -> None:
    _say("Deleted: " + ", ".join(f"{count:,} {table}" for table, count in counts.items()) + ".")


@app.command()
def version() -> None:
    """This version."""
    _say(f"spanledger {__version__}")


def main() -> None:
    """Run the command; an error of ours is one sentence and exit code 1, never a traceback."""
    try:
        app()
    except SpanledgerError as error:
        sys.stderr.write(f"spanledger: {error}\n")
        sys.exit(1)
