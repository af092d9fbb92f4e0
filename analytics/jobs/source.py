"""What jobs read through: statements in, frames out, rows counted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from spanledger import sql
from spanledger.engine import BOTH_THREADS, Engine
from spanledger.settings import MIB

MEMORY_BYTES = 500 * MIB
"""Of one statement of a job; beyond half of it groups go to disk."""
SETTINGS = {
    "max_memory_usage": MEMORY_BYTES,
    "max_bytes_before_external_group_by": MEMORY_BYTES // 2,
    # several keys of `attributes` are read quicker from the map read once than each by itself
    "optimize_functions_to_subcolumns": 0,
}
"""Of every statement of a job."""

NUMBERS: Mapping[str, type[pl.DataType]] = {
    "UInt8": pl.UInt8, "UInt16": pl.UInt16, "UInt32": pl.UInt32, "UInt64": pl.UInt64,
    "Int8": pl.Int8, "Int16": pl.Int16, "Int32": pl.Int32, "Int64": pl.Int64,
    "Float32": pl.Float32, "Float64": pl.Float64, "Bool": pl.Boolean, "String": pl.String,
}  # fmt: skip
WRAPPED = re.compile(r"^(?:LowCardinality|Nullable)\((?P<inner>.*)\)$")
ARRAY = re.compile(r"^Array\((?P<inner>.*)\)$")


class Source:
    """Runs statements for one run of a job and counts what they read."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._settings = SETTINGS | (BOTH_THREADS if engine.embedded else {})
        self.rows_read = 0
        self.rows_by_statement: dict[str, int] = {}
        """Rows read by the name of the .sql file."""

    def frame(self, path: Path, parameters: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """The answer of the SELECT in a .sql file. Times become UTC datetimes, enums and fixed strings text."""
        answer = self._engine.columns(sql.read(path), parameters, self._settings)
        self.rows_read += answer.rows_read
        self.rows_by_statement[path.stem] = self.rows_by_statement.get(path.stem, 0) + answer.rows_read
        # a column's list goes as soon as its series is there: both of all columns at once are a job's peak of memory
        return pl.DataFrame([_series(name, kind, answer.values.pop(name, [])) for name, kind in answer.columns])


def _series(name: str, kind: str, values: list[Any]) -> pl.Series:
    while match := WRAPPED.match(kind):
        kind = match["inner"]
    if kind.startswith("DateTime"):
        return pl.Series(name, values, pl.String).str.to_datetime(time_unit="us", time_zone="UTC")
    if kind == "Date":
        return pl.Series(name, values, pl.String).str.to_date()
    return pl.Series(name, values, _type(kind))


def _type(kind: str) -> pl.DataType | type[pl.DataType]:
    """The polars type of a ClickHouse type."""
    while match := WRAPPED.match(kind):
        kind = match["inner"]
    if match := ARRAY.match(kind):
        return pl.List(_type(match["inner"]))
    if kind.startswith(("Enum", "FixedString")):
        return pl.String
    if kind not in NUMBERS:
        raise TypeError(f"A frame has no column type for {kind}: return numbers, texts, times or arrays of them.")
    return NUMBERS[kind]
