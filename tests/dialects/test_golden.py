"""A golden file for each captured request: all that its spans become. REGENERATE=1 writes them, to be read by a person."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from spanledger.engine import Engine
from spanledger.mapping.model import load
from tests.dialects.emissions import FILES, Row, recognise_file

GOLDEN = Path(__file__).with_name("golden")
OF_THE_RUN = {
    "span_id",
    "parent_span_id",
    "ingested_at",
    "flag_bits",
    "resource",
    "scope_json",
    "events_json",
    "links_json",
}
FILLED_LATER = ("cost_status", "duplicate_of")
NOTHING: tuple[Any, ...] = (None, "", [], {}, "none", False)


def told(row: Row) -> dict[str, Any]:
    """What is worth reading of a span: all that is not empty; of attributes, the names."""
    row = {key: value for key, value in row.items() if key not in OF_THE_RUN and not key.endswith("_hash")}
    row["attributes"] = sorted(row["attributes"])
    return {
        key: value
        for key, value in row.items()
        if not any(value == nothing and type(value) is type(nothing) for nothing in NOTHING)
        and key not in {*FILLED_LATER, "flag_bits"}
    }


@pytest.mark.parametrize("name", FILES)
def test_golden(recognised: Engine, name: str) -> None:
    found = [told(row) for row in recognise_file(recognised, name)]
    path = GOLDEN / name
    if os.environ.get("REGENERATE"):
        path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    assert json.loads(path.read_text()) == json.loads(json.dumps(found)), "REGENERATE=1, and read what changed"


def test_each_dialect_has_a_golden_file() -> None:
    seen = {
        row["dialect"] for path in GOLDEN.glob("*.json") for row in json.loads(path.read_text()) if "dialect" in row
    }
    assert seen >= {dialect.name for dialect in load().dialects}
