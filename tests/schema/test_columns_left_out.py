"""A column that is empty in a whole insert is in no file of its part, and reads as empty, before and after merges."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.signals import TRACES
from spanledger.engine import Engine, open_engine
from spanledger.settings import Settings
from spanledger.upgrade import upgrade
from tests.schema.otlp import span, store, traces

SILENT = {"gen_ai.operation.name": "chat", "tenant.id": "acme"}
TOOL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search", "gen_ai.usage.input_tokens": 7}
WRITTEN = "SELECT DISTINCT column FROM system.parts_columns WHERE table = 'spans' AND active"
ALL = "SELECT * EXCEPT ingested_at FROM spans ORDER BY trace_id"


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Engine]:
    """An engine whose merges nothing starts but the test."""
    settings = Settings(data_dir=tmp_path)
    engine = open_engine(settings, role="test")
    try:
        for _ in upgrade(engine, settings):
            pass
        engine.command("SYSTEM STOP MERGES spans")
        yield engine
    finally:
        engine.close()


def send(engine: Engine, attributes: dict[str, object]) -> None:
    sent = span(attributes, start_time_unix_nano=time.time_ns(), end_time_unix_nano=0)
    store(engine, TRACES, traces([sent], {"service.name": "left-out"}))


def test_what_one_insert_leaves_out_and_another_fills_is_the_same_after_their_merge(alone: Engine) -> None:
    send(alone, SILENT)
    send(alone, SILENT)
    written = {column for (column,) in alone.rows(WRITTEN)}
    assert {"tenant", "started_at"} <= written
    assert not {"tool_name", "input_tokens", "events_json", "message_hashes", "temperature"} & written
    send(alone, TOOL)
    assert {"tool_name", "input_tokens"} <= {column for (column,) in alone.rows(WRITTEN)}
    before = alone.query(ALL).records()
    assert sorted((row["tool_name"], row["input_tokens"], row["tenant"]) for row in before) == [
        ("", None, "acme"),
        ("", None, "acme"),
        ("search", 7, ""),
    ]
    alone.command("SYSTEM START MERGES spans")
    alone.command("OPTIMIZE TABLE spans FINAL")
    assert alone.rows("SELECT uniq(_part) FROM spans") == [[1]]
    assert alone.query(ALL).records() == before
    assert "events_json" not in {column for (column,) in alone.rows(WRITTEN)}


def test_a_filter_on_a_column_that_was_left_out_finds_what_is_empty(alone: Engine) -> None:
    send(alone, SILENT)
    send(alone, TOOL)
    assert alone.rows("SELECT tenant FROM spans WHERE tool_name = '' AND isNull(input_tokens)") == [["acme"]]
    assert alone.rows("SELECT count(), countIf(tool_name = 'search'), sum(input_tokens) FROM spans") == [[2, 1, 7]]
