"""`spanledger energy …`: the factor sets, rows of one's own, and how a span's figures came about."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from spanledger.cli import local
from spanledger.cli.screen import screen
from spanledger.energy.reports import SETS
from spanledger.errors import BadRequest
from spanledger.figures import UNKNOWN, significant
from spanledger.settings import load

DAYS = 30
"""Of a window, when nothing is said."""
FIRST = typer.Option("--from", formats=["%Y-%m-%d"], help=f"First day, UTC; else {DAYS} days up to --to.")
LAST = typer.Option("--to", formats=["%Y-%m-%d"], help="Last day; else today.")
app = typer.Typer(help="Energy and carbon: factor sets and where a figure is from.", no_args_is_help=True)


@app.command("sets")
def sets() -> None:
    """The factor sets, and which one the spans get."""
    settings = load()
    for name, title, method, source, licence in local.query(settings, SETS).rows:
        sys.stdout.write(f"{name}: {title}, {method} ({source}; {licence})\n")
    sys.stdout.write(f"Spans get {settings.energy_factor_set}, and your own rows before it.\n")


@app.command("by-set")
def by_set(first: Annotated[datetime | None, FIRST] = None, last: Annotated[datetime | None, LAST] = None) -> None:
    """Energy and carbon of a window's calls under every factor set side by side: they differ widely."""
    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    end = (last.replace(tzinfo=UTC) if last else today) + timedelta(days=1)
    begin = first.replace(tzinfo=UTC) if first else end - timedelta(days=DAYS)
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("factor set", no_wrap=True)
    for name in ("known of calls", "kWh", "low", "high", "kg CO2e", "market"):
        table.add_column(name, justify="right", overflow="fold")
    rows = local.energy_by_set(load(), begin, end)
    for row in rows:
        kwh = [_figure(row[name]) for name in ("kwh", "kwh_low", "kwh_high")]
        carbon = [_figure(row[name], 1000) for name in ("co2e_location_g", "co2e_market_g")]
        table.add_row(row["factor_set"], f"{row['calls_known']:,} of {row['calls']:,}", *kwh, *carbon)
    if not rows:
        sys.stdout.write("There are no billable calls in this time.\n")
        return
    screen().print(table)
    measured = rows[0]["calls_measured"]
    sys.stdout.write(
        f"Sums are over the calls that a set knows; {measured:,} of them were measured, the same in every set. "
        "Market-based carbon is a second answer, not to be added.\n"
    )


def _figure(value: float | None, per: float = 1) -> str:
    return UNKNOWN if value is None else significant(value / per)


@app.command("import")
def import_file(file: Annotated[Path, typer.Argument(help="CSV; docs/energy.md lists the columns.")]) -> None:
    """Add factors of self-hosted models, or carbon intensities. Nothing is overwritten."""
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"The file {file} can't be read: {error}") from error
    added = local.import_energy(load(), text)
    sys.stdout.write(f"Added: {added['factors']} factors, {added['intensities']} intensities.\n")


@app.command("renew")
def renew(
    first: Annotated[datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="First day, UTC.")],
    last: Annotated[datetime, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day.")],
) -> None:
    """Energy and carbon of history again, day by day, by the factor set, factors and grids in force now."""
    if first > last:
        raise BadRequest(f"--from ({first:%Y-%m-%d}) is after --to ({last:%Y-%m-%d}).")
    settings, days = load(), [first.date() + timedelta(days=day) for day in range((last - first).days + 1)]
    calls = changed = 0
    for day in track(days, "days", console=Console(stderr=True), transient=True):
        done = local.renew_energy(settings, day)
        calls, changed = calls + done["calls"], changed + done["changed"]
    sys.stdout.write(f"{calls:,} calls gone through, {changed:,} have other figures now.\n")


@app.command("explain")
def explain(span_id: Annotated[str, typer.Argument(help="16 hex digits.")]) -> None:
    """How the energy and carbon of a span came about, term by term."""
    spans = local.energy_of(load(), span_id)
    if not spans:
        raise BadRequest(f"There is no span {span_id!r}.")
    for span in spans:
        for name, value in span.items():
            sys.stdout.write(f"{name:<22} {'–' if value is None else value}\n")
