"""Rows of one's own: factors of self-hosted models and carbon intensities, from CSV: dated, only ever added."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from spanledger.energy.factors import ALWAYS, Bounds, Factors, cached_of, parse_rows
from spanledger.energy.load import OWN, insert_rows, reload
from spanledger.engine import Engine
from spanledger.errors import BadRequest

JOULES_PER_KWH = 3.6e6

FACTOR_COLUMNS = frozenset(
    {
        "model", "provider", "valid_from", "source", "uncertainty", "pue", "batch", "embodied_g_out",
        "kwh_out", "joules_out", "gpu_watts", "gpus", "tokens_per_second", "kwh_in", "joules_in", "kwh_request",
    }
)  # fmt: skip
GRID_COLUMNS = frozenset({"zone", "basis", "valid_from", "g_per_kwh", "year", "source"})


@dataclass(frozen=True)
class Imported:
    """How many rows were added."""

    factors: int
    intensities: int


def import_csv(engine: Engine, text: str) -> Imported:
    """Add the rows of a CSV file: intensities when it has a column `g_per_kwh`, else factors.

    BadRequest says what is wrong with it, and then nothing was added.

    Spans that come from now on use them; older ones when they are computed anew.
    """
    rows = list(parse_rows(text.splitlines()))
    if not rows:
        raise BadRequest("The file has no rows. The first line names the columns; docs/energy.md lists them.")
    grid = "g_per_kwh" in rows[0]
    known = GRID_COLUMNS if grid else FACTOR_COLUMNS
    if unknown := sorted(set(rows[0]) - known):
        raise BadRequest(f"The file has a column {unknown[0]!r}. Known: {', '.join(sorted(known))}.")
    if grid:
        insert_rows(engine, "grid_intensity", _each(rows, _intensity))
    else:
        insert_rows(engine, "energy_factors", _each(rows, lambda row: _factors(row).row()))
    reload(engine)
    return Imported(0, len(rows)) if grid else Imported(len(rows), 0)


def _each(
    rows: list[dict[str, str]], make: Callable[[Mapping[str, str]], dict[str, object]]
) -> list[dict[str, object]]:
    made = []
    for number, row in enumerate(rows, 1):
        try:
            made.append(make(row))
        except (KeyError, ValueError) as error:
            raise BadRequest(f"Row {number} of the file: {error}. No row was added.") from error
    return made


def _factors(row: Mapping[str, str]) -> Factors:
    if not row.get("model"):
        raise ValueError("it names no model")
    spread = _number(row, "uncertainty", 0.0)
    if spread > 1:
        raise ValueError("uncertainty is a share from 0 to 1")
    width = Bounds(1 - spread, 1.0, 1 + spread)
    out, fresh, request = _out(row), _per_token(row, "in"), _number(row, "kwh_request", 0.0)
    if not out + fresh + request:
        raise ValueError("it has no energy: kwh_out, joules_out, or gpu_watts with gpus and tokens_per_second")
    pue = _number(row, "pue", 1.0)
    if pue < 1:
        raise ValueError("a PUE is 1 or more")
    return Factors(
        factor_set=OWN,
        model=row["model"],
        provider=row.get("provider", "").lower(),
        valid_from=_day(row),
        source=row.get("source") or "imported",
        out=width * out,
        fresh=width * fresh,
        cached=cached_of(width * fresh),
        request=width * request,
        embodied_out=_number(row, "embodied_g_out", 0.0),
        pue=Bounds.exact(pue),
        batch=_number(row, "batch", 1.0),
    )


def _out(row: Mapping[str, str]) -> float:
    """kWh per token out; watts of the GPUs over the tokens a second that they make together."""
    if not row.get("gpu_watts"):
        return _per_token(row, "out")
    speed = _number(row, "tokens_per_second", 0.0)
    if not speed:
        raise ValueError("gpu_watts needs tokens_per_second: of all requests that the GPUs answer at once")
    return _number(row, "gpu_watts", 0.0) * _number(row, "gpus", 1.0) / speed / JOULES_PER_KWH


def _per_token(row: Mapping[str, str], side: str) -> float:
    return _number(row, f"kwh_{side}", 0.0) or _number(row, f"joules_{side}", 0.0) / JOULES_PER_KWH


def _intensity(row: Mapping[str, str]) -> dict[str, object]:
    basis = row.get("basis") or "location"
    if basis not in ("location", "market"):
        raise ValueError(f"basis is {basis!r}, not location or market")
    if not row.get("zone"):
        raise ValueError("it names no zone: a region such as us-east-1, a country such as FRA, or world")
    return {
        "zone": row["zone"],
        "basis": basis,
        "valid_from": _day(row),
        "g_per_kwh": _number(row, "g_per_kwh", math.nan),
        "year": int(row.get("year") or 0),
        "source": row.get("source") or "imported",
        "own": True,
    }


def _number(row: Mapping[str, str], name: str, default: float) -> float:
    text = row.get(name, "")
    value = float(text) if text else default
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{name} is {text!r}, not a number from 0 up")
    return value


def _day(row: Mapping[str, str]) -> date:
    return date.fromisoformat(row["valid_from"]) if row.get("valid_from") else ALWAYS
