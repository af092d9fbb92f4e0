"""kg CO2e per 1,000 inferences: lines, and a file that no spreadsheet runs."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanledger.energy.procurement import COLUMNS, FORMULA_SIGNS, Line, as_csv, lines, read
from spanledger.engine import Engine
from spanledger.errors import BadRequest
from tests.energy.spans import call, store

SINCE, UNTIL = datetime(2026, 10, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
GRID = "USA 400 location (x)"


def row(value: str = "search", **more: Any) -> dict[str, Any]:
    usual = {"calls": 10, "kwh": 2.0, "kwh_low": 1.0, "kwh_high": 4.0, "co2e_g": 900.0, "grid": GRID}
    return {"value": value, "factors": "set 1", "source": "modelled"} | usual | more


def rows_of(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_line() -> None:
    [line] = lines([row()], SINCE, UNTIL)
    assert (line.feature, line.inferences, line.energy_kwh) == ("search", 10, 2)
    # 900 g of 10 calls: 90 g each; 100 g of hardware have no bounds
    assert (line.low, line.kgCO2e_per_1000, line.high) == (50, 90, 170)
    assert (line.factor_set, line.source, line.grid) == ("set 1", "modelled", GRID)
    assert line.window == "2026-10-01T00:00:00Z/2026-11-01T00:00:00Z"
    assert "ISO/IEC 21031" in line.boundary


def test_places_add_up_and_methods_do_not() -> None:
    other_place = row(grid="FRA 50 location (x)", calls=30, kwh=1.0, kwh_low=1.0, kwh_high=1.0, co2e_g=100.0)
    measured = row(factors="", source="measured")
    unknown = row(factors="", source="none", kwh=None, kwh_low=None, kwh_high=None, co2e_g=None, grid="", calls=3)
    modelled, metered, none = lines([other_place, unknown, measured, row()], SINCE, UNTIL)
    assert (modelled.inferences, modelled.kgCO2e_per_1000) == (40, 25)
    assert modelled.grid == f"{GRID}; FRA 50 location (x)"
    assert (metered.source, metered.inferences) == ("measured", 10)
    assert (none.inferences, none.kgCO2e_per_1000, none.low, none.energy_kwh) == (3, None, None, None)
    assert rows_of(as_csv([none]))[0]["kgCO2e_per_1000"] == ""


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1"])
def test_a_hostile_name_is_no_formula(name: str) -> None:
    [cells] = rows_of(as_csv(lines([row(name)], SINCE, UNTIL)))
    assert cells["feature"] == f"'{name}"


@given(st.text())
def test_any_name_is_one_cell_and_no_formula(name: str) -> None:
    text = as_csv(lines([row(name), row("other", grid=name)], SINCE, UNTIL))
    found = list(csv.reader(io.StringIO(text, newline="")))
    assert {len(cells) for cells in found} == {len(COLUMNS)}
    assert not any(cell.startswith(FORMULA_SIGNS) for cells in found for cell in cells)
    assert name in {cells[0].removeprefix("'") for cells in found[1:]} | {cells[0] for cells in found[1:]}


def test_stored_calls(engine: Engine) -> None:
    engine.command("TRUNCATE TABLE spans SYNC")
    figures = store(
        engine, *(call(feature="search") for _ in range(5)), call(feature="draft", request_model="unheard of")
    )
    search, draft = read(engine, SINCE, UNTIL)
    assert search.kgCO2e_per_1000 == pytest.approx(sum(one["co2e_g"] for one in figures[:5]) / 5, rel=1e-9)
    assert search.energy_kwh == pytest.approx(sum(one["energy_kwh"] for one in figures[:5]), rel=1e-9)
    assert (search.factor_set, draft.source, draft.kgCO2e_per_1000) == ("ecologits-0.11.3", "none", None)
    assert read(engine, UNTIL, datetime(2026, 12, 1, tzinfo=UTC)) == []
    with pytest.raises(BadRequest, match="must be before"):
        read(engine, UNTIL, SINCE)


def test_columns_are_those_of_the_docs() -> None:
    assert ", ".join(COLUMNS) == (
        "feature, inferences, kgCO2e_per_1000, low, high, energy_kwh, factor_set, grid, source, boundary, window"
    )
    assert Line.__dataclass_fields__.keys() == set(COLUMNS)
