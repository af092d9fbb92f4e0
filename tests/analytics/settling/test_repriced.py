"""A new price reaches all that is summed: hours, traces and their call graphs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from analytics.settling import step, traces, usage
from spanledger import again
from spanledger.engine import Engine
from spanledger.prices import reprice as module
from spanledger.prices.agreed import Override, set_price
from spanledger.prices.load import CHANGED_BY_USERS, reload_dictionaries
from tests.analytics.settling.ledger import Ledger, call, span, trace

DAY = date(2026, 11, 20)
TRACES = "SELECT trace_id, round(cost_usd, 9) FROM traces ORDER BY trace_id"
SPANS = "SELECT trace_id, round(sum(cost_usd), 9) FROM spans WHERE billable GROUP BY trace_id ORDER BY trace_id"
EDGES = "SELECT round(sum(cost_usd), 9) FROM edges WHERE type = 'nesting' AND to_name = 'gpt-4o'"


@pytest.fixture
def settled(ledger: Ledger, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """Three traces by list price, settled; one of a model whose price does not change."""
    monkeypatch.setattr(usage, "VISIBLE_SECONDS", 0)
    for number in (1, 2):
        ledger.add(span(trace(number), 1, operation="agent"), call(trace(number), 2, 1), at=5)
    ledger.add(call(trace(3), 1, request_model="gpt-4o-mini"), at=5)
    ledger.step(20)
    module.reprice_day(engine, DAY)
    ledger.step(100)
    assert engine.rows("SELECT count() FROM settle_again") == [[0]]
    yield ledger
    for table in ("price_overrides", "repriced_days"):
        engine.command(f"TRUNCATE TABLE {table} SYNC")
    reload_dictionaries(engine, CHANGED_BY_USERS)


def agree(engine: Engine) -> None:
    set_price(engine, Override.model_validate({"model": "gpt-4o", "input": 1000, "cached": 1, "output": 1000}))


def check(ledger: Ledger) -> None:
    ledger.check_usage()
    assert ledger.engine.rows(TRACES) == ledger.engine.rows(SPANS)
    assert [row[1] for row in ledger.engine.rows(TRACES)][:2] == [pytest.approx(0.11)] * 2
    assert ledger.engine.rows(EDGES) == [[pytest.approx(0.22)]]


def test_a_new_price_is_in_usage_traces_and_edges(settled: Ledger, engine: Engine) -> None:
    agree(engine)
    assert module.reprice_day(engine, DAY).changed == 2
    assert engine.rows("SELECT trace_id FROM settle_again ORDER BY trace_id") == [[trace(1)], [trace(2)]]
    settled.step(130)
    check(settled)
    assert engine.rows("SELECT count() FROM settle_again") == [[0]]


def test_a_run_that_was_killed_after_its_change_is_finished_by_the_next(
    settled: Ledger, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree(engine)
    calls = 0

    def killed(*arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        again.finish(*arguments)

    monkeypatch.setattr(module, "finish", killed)
    with pytest.raises(KeyboardInterrupt):
        module.reprice_day(engine, DAY)
    monkeypatch.setattr(module, "finish", again.finish)
    assert module.reprice_day(engine, DAY).changed == 0
    settled.step(130)
    check(settled)


def test_who_asks_while_a_trace_settles_is_answered_by_the_next_step(
    settled: Ledger, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.insert("settle_again", ["trace_id"], [[trace(1)]])
    settle = traces.settle_traces

    def settle_and_be_asked(*arguments: Any) -> int:
        done = settle(*arguments)
        engine.insert("settle_again", ["trace_id"], [[trace(1)]])
        return done

    monkeypatch.setattr(step, "settle_traces", settle_and_be_asked)
    assert settled.step(130).traces == 1
    monkeypatch.setattr(step, "settle_traces", settle)
    assert engine.rows("SELECT trace_id FROM settle_again") == [[trace(1)]]
    assert settled.step(140).traces == 1
    assert engine.rows("SELECT trace_id FROM settle_again") == []
