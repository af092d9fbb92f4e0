"""What the engine answers, read from its formats of JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

BY_ROW, BY_COLUMN = "JSONCompact", "JSONColumnsWithMetadata"
"""The formats that `by_row` and `by_column` read."""


@dataclass(frozen=True)
class Answer:
    """Rows of a query with their columns and what it took."""

    columns: list[tuple[str, str]]
    """(name, ClickHouse type) per column."""
    rows: list[list[Any]]
    elapsed_ms: float
    rows_read: int

    def records(self) -> list[dict[str, Any]]:
        """Rows by the names of their columns."""
        names = [name for name, _ in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class ColumnAnswer:
    """The same by column, for answers of many rows."""

    columns: list[tuple[str, str]]
    """(name, ClickHouse type) per column."""
    values: dict[str, list[Any]]
    """A column's values by its name; times are text, as ClickHouse writes them."""
    elapsed_ms: float
    rows_read: int


def by_row(raw: bytes) -> Answer:
    """An answer in the format BY_ROW."""
    body = _loads(raw)
    return Answer(_columns(body), body["data"], **_statistics(body))


def by_column(raw: bytes) -> ColumnAnswer:
    """An answer in the format BY_COLUMN; the engine leaves all columns out of one without rows."""
    body = _loads(raw)
    columns = _columns(body)
    values = {name: body["data"].get(name, []) for name, _ in columns}
    return ColumnAnswer(columns, values, **_statistics(body))


def _loads(raw: bytes) -> dict[str, Any]:
    try:
        body: dict[str, Any] = orjson.loads(raw)
    except orjson.JSONDecodeError:  # a hostile client's bytes: text that is not UTF-8 must not hide all other rows
        body = orjson.loads(raw.decode(errors="replace"))
    return body


def _columns(body: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(column["name"], column["type"]) for column in body["meta"]]


def _statistics(body: Mapping[str, Any]) -> dict[str, Any]:
    statistics = body["statistics"]
    return {"elapsed_ms": round(statistics["elapsed"] * 1000, 3), "rows_read": statistics["rows_read"]}
