"""Calls that go through the pricing view, and prices that are gone after each module."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from spanledger.engine import Engine
from spanledger.prices.load import CHANGED_BY_USERS, reload_dictionaries

Call = dict[str, Any]
Price = Callable[[Sequence[Call]], list[Call]]

DAY = datetime(2026, 11, 15, 12, 0, tzinfo=UTC)
TABLES_OF_USERS = ("price_overrides", "model_aliases", "usage_dirty", "settle_again", "repriced_days")
ANSWER = """
SELECT span_id, cost_usd, cost_input_usd, cost_cached_usd, cost_write_usd, cost_output_usd, cost_status, price_row,
    flags
FROM spans WHERE trace_id = {trace:String} ORDER BY span_id
"""


@pytest.fixture
def price(engine: Engine) -> Price:
    """Insert calls where content hands them to money; what the ledger says of each, in their order."""

    def insert(calls: Sequence[Call]) -> list[Call]:
        trace = f"{datetime.now(UTC).timestamp()}"
        usual: Call = {"billable": True, "operation": "chat", "started_at": DAY}
        columns = sorted({"trace_id", "span_id", *usual, *(name for call in calls for name in call)})
        rows = [
            [
                (usual | {"trace_id": trace, "span_id": f"{number:08d}"} | call).get(name, _empty(name))
                for name in columns
            ]
            for number, call in enumerate(calls)
        ]
        engine.insert("hashed_spans", columns, rows)
        answer = engine.query(ANSWER, {"trace": trace})
        return [dict(zip([name for name, _ in answer.columns], row, strict=True)) for row in answer.rows]

    return insert


def _empty(name: str) -> Any:
    return None if name.endswith(("_tokens", "_usd", "_ns")) else ""


@pytest.fixture(scope="module", autouse=True)
def _only_list_prices(engine: Engine) -> Iterator[None]:
    yield
    for table in TABLES_OF_USERS:
        engine.command(f"TRUNCATE TABLE {table} SYNC")
    reload_dictionaries(engine, CHANGED_BY_USERS)
