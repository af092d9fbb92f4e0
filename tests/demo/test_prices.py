"""What the engine bills for a workload is what its labels were made with."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

import pytest

from collector.insert import insert
from collector.signals import TRACES
from spanledger.demo.clock import nanoseconds
from spanledger.demo.scenarios import Scenario
from spanledger.demo.workload import play
from spanledger.engine import Engine

START = nanoseconds(datetime(2026, 10, 16, tzinfo=UTC))


@pytest.mark.parametrize(("seed", "incident"), [(1, "eviction"), (2, "circles"), (3, "storm"), (4, "heavy_model")])
def test_each_call_costs_what_the_generator_says(engine: Engine, seed: int, incident: str) -> None:
    workload = play(Scenario(seed, (incident,), ("batches", "hiccup", "evaluation_runs")).plan(START, 6))
    insert(engine, TRACES, b"".join(workload.requests()), secrets.token_hex(8))
    own = {call.span.span_id.hex(): call for call in workload.calls}
    found = engine.rows(
        "SELECT span_id, cost_usd, cost_status, input_tokens, cached_input_tokens FROM spans "
        "WHERE billable AND span_id IN {ids:Array(String)}",
        {"ids": list(own)},
    )
    assert len(found) == len(own)
    for span_id, cost, status, tokens, cached in found:
        call = own[span_id]
        if not call.usage:
            assert (cost, status) == (None, "partial")
            continue
        assert cost == pytest.approx(call.cost, rel=1e-9, abs=1e-12), (call, status)
        assert status == "priced"
        assert tokens == call.input
        assert cached == (None if call.model.cached is None else call.cached)


def test_another_dialect_is_read_as_the_same(engine: Engine) -> None:
    workload = play(Scenario(5, (), ("weekends",), dialect="openinference").plan(START, 6))
    insert(engine, TRACES, b"".join(workload.requests()), secrets.token_hex(8))
    own = {call.span.span_id.hex(): call for call in workload.calls if call.span.dialect}
    found = engine.rows(
        "SELECT span_id, dialect, operation, cost_usd, tenant, prompt_name, prompt_version, feature FROM spans "
        "WHERE billable AND span_id IN {ids:Array(String)}",
        {"ids": list(own)},
    )
    assert len(found) == len(own) > 100
    for span_id, dialect, operation, cost, *names in found:
        call = own[span_id]
        assert (dialect, operation) == ("openinference", "chat")
        assert cost == pytest.approx(call.cost, rel=1e-9)
        assert names == [call.tenant, call.prompt, call.version, call.span.attributes["app.feature"]]
