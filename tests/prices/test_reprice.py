"""Repricing: the same formula over stored spans, only where the cost changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from spanledger import again
from spanledger.engine import Engine
from spanledger.prices.agreed import Mapping, Override, map_model, set_price
from spanledger.prices.reprice import days, reprice, reprice_day
from tests.prices.conftest import Price

DAY = date(2026, 9, 3)
MODELS = ["gpt-4o", "gpt-4o-mini", "gpt-4.1", "our-own-7b"]
STORED = """
SELECT span_id, cost_usd, cost_input_usd, cost_cached_usd, cost_write_usd, cost_output_usd, cost_status, price_row,
    flag_bits
FROM spans WHERE toDate(started_at) = {day:Date} ORDER BY span_id
"""


def calls(day: date, count: int = 400) -> list[dict[str, Any]]:
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return [
        {
            "started_at": start + timedelta(seconds=n * 200), "provider": "openai", "request_model": MODELS[n % 4],
            "input_tokens": 1000 + n, "cached_input_tokens": None if n % 3 else n, "output_tokens": n,
            "billable": n % 10 != 0, "client_cost_usd": 0.001 if n % 7 == 0 else None,
        }
        for n in range(count)
    ]  # fmt: skip


def stored(engine: Engine, day: date) -> list[list[Any]]:
    return engine.rows(STORED, {"day": day})


def test_nothing_changes_when_prices_did_not(engine: Engine, price: Price) -> None:
    price(calls(DAY))
    before = stored(engine, DAY)
    assert [(day.calls, day.changed) for day in reprice(engine, DAY, DAY)] == [(360, 0)]
    assert stored(engine, DAY) == before
    assert engine.rows("SELECT count() FROM usage_dirty") == [[0]]


def test_repriced_spans_are_as_if_they_came_in_now(
    engine: Engine, price: Price, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also in several steps, after a lightweight update, and with flags that come and go."""
    monkeypatch.setattr(again, "CALLS_A_STEP", 100)
    old, new = DAY + timedelta(days=1), DAY + timedelta(days=2)
    price(calls(old))
    engine.command(
        "UPDATE spans SET billable = false, cost_usd = NULL, duplicate_of = 'x' WHERE toDate(started_at) = {d:Date}"
        " AND span_id = '00000001'", {"d": old},
    )  # fmt: skip
    map_model(engine, Mapping(name="our-own-7b", to="gpt-4.1-nano"))
    set_price(engine, Override.model_validate({"model": "gpt-4o", "input": 1, "cached": 1, "output": 1}))
    [done] = reprice(engine, old, old)
    assert done.changed == 80 + 100, "billable calls of gpt-4o and of our own model"
    price(calls(new))
    now, fresh = stored(engine, old), stored(engine, new)
    assert now[1][1] is None
    assert [row[1:] for row in now if row[0] != "00000001"] == [row[1:] for row in fresh if row[0] != "00000001"]
    dirty = engine.rows("SELECT min(from), max(to), any(reason) FROM usage_dirty")
    assert dirty == [[f"{old} 00:00:00", f"{old} 23:00:00", "repriced"]]
    assert engine.rows("SELECT count() FROM usage_dirty") == [[23]], "one row an hour"


def test_a_finished_day_is_left_out_until_prices_change(engine: Engine, price: Price) -> None:
    day = DAY - timedelta(days=10)
    price(calls(day, 8))
    assert days(engine, day, day) == [day]
    reprice_day(engine, day)
    assert days(engine, day, day) == []
    set_price(engine, Override.model_validate({"model": "gpt-4.1", "input": 3, "cached": 1, "output": 3}))
    assert days(engine, day, day) == [day]


def test_sums_are_exact(engine: Engine) -> None:
    """A sum over the ledger and a sum of the parts differ by less than 1e-9."""
    [[whole, parts]] = engine.rows(
        "SELECT sumKahan(cost_usd), sumKahan(ifNull(cost_input_usd, 0) + ifNull(cost_cached_usd, 0)"
        " + ifNull(cost_write_usd, 0) + ifNull(cost_output_usd, 0)) FROM spans WHERE billable"
    )
    assert whole == pytest.approx(parts, rel=1e-9)
