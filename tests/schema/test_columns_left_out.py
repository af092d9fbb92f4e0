"""A column that is empty in a whole insert is in no file of its part, and reads as empty, before and after merges."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from collector.signals import TRACES
from spanledger.engine import Engine
from tests.schema.otlp import DAY_NS, Attributes, span, store, traces

SILENT = {"gen_ai.operation.name": "chat", "tenant.id": "acme"}
TOOL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search", "gen_ai.usage.input_tokens": 7}
NUMBERS = iter(range(900, 1000))


class Day:
    """A day of its own, and so a partition, which nothing merges but the test."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.start = time.time_ns() // DAY_NS * DAY_NS - next(NUMBERS) * DAY_NS
        self.partition = f"{datetime.fromtimestamp(self.start / 1e9, UTC):%Y%m%d}"

    def send(self, attributes: Attributes) -> None:
        """One insert of one span."""
        sent = span(attributes, start_time_unix_nano=self.start, end_time_unix_nano=0)
        store(self.engine, TRACES, traces([sent], {"service.name": "left-out"}))

    def rows(self, select: str) -> list[list[object]]:
        """Of this day's spans."""
        statement = f"SELECT {select} FROM spans WHERE _partition_id = {{day:String}} ORDER BY trace_id"
        return self.engine.rows(statement, {"day": self.partition})

    def written(self) -> set[str]:
        """Columns that lie in files."""
        found = self.engine.rows(
            "SELECT DISTINCT column FROM system.parts_columns"
            " WHERE table = 'spans' AND active AND partition = {day:String}",
            {"day": self.partition},
        )
        return {column for (column,) in found}


@pytest.fixture
def day(engine: Engine) -> Iterator[Day]:
    engine.command("SYSTEM STOP MERGES spans")
    yield Day(engine)
    engine.command("SYSTEM START MERGES spans")


def test_what_one_insert_leaves_out_and_another_fills_is_the_same_after_their_merge(day: Day) -> None:
    day.send(SILENT)
    day.send(SILENT)
    assert {"tenant", "started_at"} <= day.written()
    assert not {"tool_name", "input_tokens", "events_json", "message_hashes", "temperature"} & day.written()
    day.send(TOOL)
    assert {"tool_name", "input_tokens"} <= day.written()
    before = day.rows("*")
    day.engine.command("SYSTEM START MERGES spans")
    day.engine.command(f"OPTIMIZE TABLE spans PARTITION {day.partition} FINAL")
    assert len({part for (part,) in day.rows("_part")}) == 1
    assert day.rows("*") == before
    assert sorted(day.rows("tool_name, tenant, ifNull(input_tokens, 0)")) == [["", "acme", 0]] * 2 + [["search", "", 7]]
    assert "events_json" not in day.written()


def test_a_filter_on_a_column_that_was_left_out_finds_what_is_empty(day: Day) -> None:
    day.send(SILENT)
    day.send(TOOL)
    assert sorted(day.rows("tenant, tool_name = '' AND isNull(input_tokens)")) == [["", 0], ["acme", 1]]
    found = "SELECT tenant FROM spans WHERE _partition_id = {day:String} AND tool_name = '' AND isNull(input_tokens)"
    assert day.engine.rows(found, {"day": day.partition}) == [["acme"]]
