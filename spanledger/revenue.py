"""What customers pay: rows of tenant, plan, monthly price and days, added by CSV or API, read for margins."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import BadRequest
from spanledger.sql import FIRST_DAY, LAST_DAY

READ = Path(__file__).with_name("revenue.sql")
COLUMNS = ("tenant", "plan", "monthly_price_usd", "valid_from", "valid_to")
MOST_MISTAKES = 20
"""Mistakes that one answer names."""


class Revenue(BaseModel):
    """What a tenant pays a month for a plan, both days included; no `valid_to`: until further notice."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    tenant: str = Field(min_length=1, max_length=1000)
    plan: str = Field("", max_length=1000)
    monthly_price_usd: Annotated[Decimal, Field(ge=0, max_digits=18, decimal_places=6, allow_inf_nan=False)]
    valid_from: date
    valid_to: date | None = None

    @model_validator(mode="after")
    def _days_in_order(self) -> Revenue:
        if not FIRST_DAY <= self.valid_from <= (self.valid_to or LAST_DAY) <= LAST_DAY:
            raise ValueError(f"valid_from must not be after valid_to; both lie between {FIRST_DAY} and {LAST_DAY}")
        return self


def import_csv(engine: Engine, path: Path) -> int:
    """Add the rows of a CSV file with a header; how many. BadRequest names the wrong lines: none is added."""
    return add(engine, read_csv(path))


def read_csv(path: Path) -> list[Revenue]:
    """The rows of a file, checked. Empty cells count as left out."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, strict=True)
            _check_header(path, reader.fieldnames or ())
            lines = [(f"line {reader.line_num}", _filled(row)) for row in reader if any(row.values())]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadRequest(f"The file {path} can't be read: {error}") from error
    return check(lines)


def check(rows: Iterable[tuple[str, Mapping[str, Any]]]) -> list[Revenue]:
    """Rows, each with a word for where it stands, as records; BadRequest with all mistakes (the first few by name)."""
    good, mistakes = [], []
    for where, row in rows:
        try:
            good.append(Revenue.model_validate(row))
        except ValidationError as error:
            mistakes.append(f"{where}: {_sentence(error)}")
    if mistakes:
        shown = mistakes[:MOST_MISTAKES]
        more = f" … and {len(mistakes) - len(shown)} more." if len(mistakes) > len(shown) else ""
        raise BadRequest(f"Nothing was imported: {len(mistakes)} rows are wrong. {' '.join(shown)}{more}")
    return good


def add(engine: Engine, rows: Sequence[Revenue]) -> int:
    """Add rows in one insert."""
    if rows:
        engine.insert("revenue", COLUMNS, [[getattr(row, name) for name in COLUMNS] for row in rows])
    return len(rows)


def read(engine: Engine) -> list[dict[str, Any]]:
    """The rows that count: of one tenant, plan and first day the one added last. Prices in USD as exact text."""
    answer = engine.query(sql.read(READ))
    return answer.records()


def _check_header(path: Path, names: Sequence[str]) -> None:
    missing = [name for name in ("tenant", "monthly_price_usd", "valid_from") if name not in names]
    unknown = [name for name in names if name not in COLUMNS]
    if missing or unknown:
        wrong = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(unknown)}, which is not known"
        raise BadRequest(f"The header of {path} {wrong}. Columns are {', '.join(COLUMNS)}; nothing was imported.")


def _filled(row: Mapping[str | None, Any]) -> dict[str, Any]:
    """A row without its empty cells; cells beyond the header become one that is refused."""
    return {name or "more cells than the header has": value for name, value in row.items() if value}


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    name = ".".join(str(part) for part in first["loc"])
    given = f" (got {str(first['input'])[:100]!r})" if name and first["type"] != "missing" else ""
    return f"{name + ': ' if name else ''}{first['msg']}{given}."
