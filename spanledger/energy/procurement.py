"""What a buyer asks for: kg CO2e per 1,000 inferences of each feature, with what the figure rests on."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from spanledger import sql
from spanledger.energy.methods import Method, methods
from spanledger.energy.sci import BOUNDARY, Amount
from spanledger.engine import Engine
from spanledger.errors import BadRequest
from spanledger.moments import as_parameter

STATEMENT = Path(__file__).with_name("procurement.sql")
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A text that begins with one of these is run as a formula by spreadsheets (OWASP, CSV injection)."""


@dataclass(frozen=True)
class Line:
    """One feature under one method. Features without a figure have their count and nothing else."""

    feature: str
    inferences: int
    kgCO2e_per_1000: float | None  # noqa: N815  (a column's name)
    low: float | None
    high: float | None
    energy_kwh: float | None
    factor_set: str
    grid: str
    source: str
    boundary: str
    window: str


COLUMNS = tuple(field.name for field in fields(Line))


def read(engine: Engine, since: datetime, until: datetime) -> list[Line]:
    """The lines of the calls from `since` until before `until`."""
    if since >= until:
        raise BadRequest(f"`from` ({since:%Y-%m-%d %H:%M}) must be before `to` ({until:%Y-%m-%d %H:%M}).")
    values = {"from": as_parameter(since), "to": as_parameter(until)}
    return lines(engine.query_guarded(sql.read(STATEMENT), values).records(), since, until)


def lines(rows: Iterable[Mapping[str, Any]], since: datetime, until: datetime) -> list[Line]:
    """Rows by value (a feature), factor set, source and grid, as lines; most emissions first, a feature's together."""
    features: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        features.setdefault(row["value"], []).append(row)
    found = [(feature, methods(of_feature)) for feature, of_feature in features.items()]
    found.sort(key=lambda pair: (-sum(one.co2e_g.mid for one in pair[1] if one.co2e_g), pair[0]))
    window = f"{_iso(since)}/{_iso(until)}"
    return [_line(feature, method, window) for feature, of_feature in found for method in of_feature]


def _line(feature: str, method: Method, window: str) -> Line:
    # grams per call are kilograms per thousand calls
    per_call = method.co2e_g.per(method.calls) if method.co2e_g else None
    shown = per_call or Amount(None, 0.0, None)
    return Line(
        feature=feature,
        inferences=method.calls,
        kgCO2e_per_1000=shown.mid if per_call else None,
        low=shown.low,
        high=shown.high,
        energy_kwh=method.kwh.mid if method.kwh else None,
        factor_set=method.factor_set,
        grid="; ".join(method.grids),
        source=method.source,
        boundary=BOUNDARY,
        window=window,
    )


def as_csv(found: Iterable[Line]) -> str:
    """A CSV file. What is not known is an empty cell; a text that a spreadsheet would run is quoted for it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in found:
        writer.writerow([_cell(value) for value in asdict(line).values()])
    return out.getvalue()


def _cell(value: str | float | None) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA_SIGNS) else value
    return repr(value)


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
