"""`spanledger carbon`: kg CO2e per 1,000 inferences of each feature, as a table or a CSV file."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

import typer
from rich.table import Table
from rich.text import Text

from spanledger.cli import local
from spanledger.cli.screen import screen
from spanledger.energy import procurement
from spanledger.energy.procurement import Line
from spanledger.energy.sci import BOUNDARY
from spanledger.errors import BadRequest
from spanledger.moments import utc
from spanledger.settings import Settings, load

FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M%z", "%Y-%m-%dT%H:%M:%S%z"]
DAYS = 30
"""Of the window, when nothing is said."""
console = screen()


def carbon(
    since: Annotated[
        datetime | None, typer.Option("--from", formats=FORMATS, help="First moment, UTC; else 30 days before --to.")
    ] = None,
    until: Annotated[datetime | None, typer.Option("--to", formats=FORMATS, help="The moment after; else now.")] = None,
    file: Annotated[Path | None, typer.Option("--csv", help="Write a CSV file, which says the boundary, too.")] = None,
) -> None:
    """What calls emit: kg CO2e per 1,000 inferences of each feature, with bounds and factor set."""
    end = utc(until) if until else datetime.now(UTC)
    begin = utc(since) if since else end - timedelta(days=DAYS)
    found = _read(load(), begin, end)
    if file:
        _write(file, procurement.as_csv(found))
        console.print(f"{len(found):,} lines are in {file}.", highlight=False)
        return
    console.print(_table(found) if found else "There are no billable calls in this time.")
    console.print(f"kg CO2e per 1,000 inferences, location-based. {BOUNDARY}.", style="dim", highlight=False)


def _read(settings: Settings, since: datetime, until: datetime) -> list[Line]:
    if base := local.address(settings):
        asked = urlencode({"from": since.isoformat(), "to": until.isoformat()})
        return [Line(**row) for row in local.call(settings, "GET", f"{base}/api/v1/carbon?{asked}")["carbon"]]
    with local.opened(settings) as engine:
        return procurement.read(engine, since, until)


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise BadRequest(f"The file {file} can't be written: {error}") from error


def _table(found: list[Line]) -> Table:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("feature", "inferences", "kg per 1,000", "low", "high", "kWh", "factor set", "grid"):
        table.add_column(
            name, justify="left" if name in {"feature", "factor set", "grid"} else "right", no_wrap=name == "factor set"
        )
    for line in found:
        numbers = (line.kgCO2e_per_1000, line.low, line.high, line.energy_kwh)
        cells = (f"{line.inferences:,}", *("–" if number is None else f"{number:.4g}" for number in numbers))
        table.add_row(
            Text(_shown(line.feature)), *cells, Text(line.factor_set or line.source), Text(_places(line.grid))
        )
    return table


def _places(grids: str) -> str:
    """Place and g per kWh of each grid; where they are from is in the file."""
    return _shown(", ".join(grid.split(" location ")[0] for grid in grids.split("; ")))


def _shown(text: str) -> str:
    """Without control codes: it comes from spans."""
    return "".join(char if char.isprintable() else "�" for char in text)
