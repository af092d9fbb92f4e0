"""Each provider call is billed once, whatever saw it, in whatever order its spans come."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from tests.analytics.settling.ledger import Ledger, Span, call, span, trace

A = trace(1)
OUTER, INNER = call(A, 1, None, 0, 2), call(A, 2, 1, 0.1, 1.9)
BETWEEN = span(A, 3, 1, 0.05, 1.95)


def test_an_inner_layer_is_billed_and_the_outer_one_says_so(ledger: Ledger) -> None:
    ledger.add(OUTER, INNER)
    assert ledger.step(20).duplicates == 1
    assert ledger.billed() == {"1": "2", "2": ""}
    row = ledger.one(
        f"SELECT usage_role, cost_usd, cost_status, energy_kwh, energy_source FROM spans WHERE span_id = '{1:016x}'"
    )
    assert row == {
        "usage_role": "duplicate", "cost_usd": None, "cost_status": "none", "energy_kwh": None, "energy_source": "none",
    }  # fmt: skip
    ledger.check_usage()


MUTE: dict[str, Any] = {"input_tokens": None, "output_tokens": None, "cost_usd": None}
CASES: dict[str, tuple[list[Span], dict[str, str]]] = {
    "a span between": ([OUTER, BETWEEN, call(A, 2, 3, 0.1, 1.9)], {"1": "2", "2": ""}),
    "three layers": ([OUTER, INNER, call(A, 4, 2, 0.2, 1.8)], {"1": "4", "2": "4", "4": ""}),
    "a cost from the client wins": ([call(A, 1, None, 0, 2, client_cost_usd=0.3), INNER], {"1": "", "2": "1"}),
    "the split of writes wins": ([call(A, 1, None, 0, 2, cache_write_1h_tokens=0), INNER], {"1": "", "2": "1"}),
    "an inner layer without tokens": ([OUTER, call(A, 2, 1, 0.1, 1.9, **MUTE)], {"1": "", "2": "1"}),
    "an outer layer without tokens": ([call(A, 1, None, 0, 2, **MUTE), INNER], {"1": "2", "2": ""}),
    "two calls in one without tokens": (
        [
            call(A, 1, None, 0, 2, **MUTE),
            call(A, 2, 1, 0.1, 0.9, output_tokens=3),
            call(A, 4, 1, 1, 1.9, output_tokens=4),
        ],
        {"1": "", "2": "", "4": ""},
    ),
    "a failed try and a good one in one call": (
        [OUTER, call(A, 2, 1, 0.1, 0.9, status="error", **MUTE), call(A, 4, 1, 1, 1.9)],
        {"1": "4", "2": "4", "4": ""},
    ),
    "one response in two places": (
        [call(A, 1, 9, 0, 2, response_id="r"), call(A, 2, 8, 0.1, 1.9, response_id="r", output_tokens=11)],
        {"1": "2", "2": ""},
    ),
    "one response id, one after the other": (
        [call(A, 1, 9, 0, 1, response_id="r"), call(A, 2, 8, 2, 3, response_id="r")],
        {"1": "", "2": ""},
    ),
    "hedged calls are two": ([call(A, 1, 9, 0, 2), call(A, 2, 9, 0, 2)], {"1": "", "2": ""}),
    "another model": ([OUTER, call(A, 2, 1, 0.1, 1.9, request_model="gpt-4o-mini")], {"1": "", "2": ""}),
    "the model in another column": (
        [OUTER, call(A, 2, 1, 0.1, 1.9, request_model="", model_revision="gpt-4o")],
        {"1": "2", "2": ""},
    ),
    "other tokens": ([OUTER, call(A, 2, 1, 0.1, 1.9, output_tokens=11)], {"1": "", "2": ""}),
    "not within": ([OUTER, call(A, 2, 1, 5, 6)], {"1": "", "2": ""}),
    "another trace": ([OUTER, call(trace(2), 2, 1, 0.1, 1.9)], {"1": "", "2": ""}),
}


def test_what_is_one_call(ledger: Ledger) -> None:
    for number, (_, (spans, _)) in enumerate(CASES.items(), 1):
        ids = {trace(1): trace(1000 + number), trace(2): trace(2000 + number)}
        ledger.add(*({**each, "trace_id": ids[each["trace_id"]]} for each in spans))
    ledger.step(20)
    for number, (name, (_, billed)) in enumerate(CASES.items(), 1):
        assert (name, ledger.billed(f"{1000 + number:x}", f"{2000 + number:x}")) == (name, billed)
    ledger.check_usage()


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_layers_in_any_order_each_in_a_step_of_its_own(ledger: Ledger, order: tuple[int, ...]) -> None:
    spans = [OUTER, BETWEEN, call(A, 2, 3, 0.1, 1.9)]
    for number, index in enumerate(order):
        ledger.add(spans[index], at=number * 30)
        ledger.step(number * 30 + 20)
        ledger.check_usage()
    assert ledger.billed() == {"1": "2", "2": ""}
    ledger.step(200)
    ledger.check_usage()


def test_a_span_that_is_sent_twice_is_billed_once(ledger: Ledger) -> None:
    ledger.add(OUTER)
    ledger.step(20)
    ledger.add(OUTER, at=300)
    ledger.step(320)
    assert ledger.engine.rows("SELECT billable FROM spans ORDER BY ingested_at") == [[True], [False]]
    ledger.check_usage()
    ledger.step(500)
    assert ledger.one("SELECT spans, llm_calls, cost_usd FROM traces") == {"spans": 1, "llm_calls": 1, "cost_usd": 0.25}


def test_a_roll_up_is_billed_only_while_nothing_below_it_is(ledger: Ledger) -> None:
    sums = {
        "usage_role": "rollup",
        "input_tokens": 100,
        "output_tokens": 10,
        "provider": "openai",
        "request_model": "gpt-4o",
    }
    agent = span(A, 1, None, 0, 3, operation="agent", **sums)
    chain = span(A, 2, None, 0, 9, operation="workflow", **sums)
    ledger.add({**agent, "parent_span_id": chain["span_id"]}, chain)
    ledger.step(100)
    rows = """
    SELECT usage_role, billable, cost_status, has(flags, 'usage_from_rollup') FROM spans
    WHERE operation != 'chat' ORDER BY span_id
    """
    assert ledger.engine.rows(rows) == [["leaf", True, "priced", True], ["rollup", False, "none", False]]
    price = {
        "input_tokens": 100,
        "unpriced_calls": 0,
        "cost_usd": pytest.approx((100 * 2.5 + 10 * 10) / 1e6, abs=1e-12),
    }
    assert ledger.one("SELECT input_tokens, unpriced_calls, cost_usd FROM traces") == price
    assert ledger.one("SELECT energy_kwh > 0 AS modelled, energy_source FROM spans WHERE billable") == {
        "modelled": 1, "energy_source": "modelled",
    }  # fmt: skip
    ledger.check_usage()
    ledger.add(call(A, 3, 1, 1, 2), at=150)
    ledger.step(170)
    ledger.step(300)
    assert ledger.engine.rows(rows) == [["rollup", False, "none", False]] * 2
    assert ledger.one("SELECT llm_calls, cost_usd, unpriced_calls FROM traces") == {
        "llm_calls": 1, "cost_usd": 0.25, "unpriced_calls": 0,
    }  # fmt: skip
    ledger.check_usage()


def test_a_call_without_a_model_takes_the_one_of_its_turn(ledger: Ledger) -> None:
    turn = span(A, 1, None, 0, 9, operation="agent", dialect="codex", request_model="gpt-4o", usage_role="rollup")
    between = span(A, 2, 1, 0, 9, dialect="codex")
    nameless: Any = {"request_model": "", "cost_usd": None, "cost_status": "unpriced", "energy_kwh": None}
    ledger.add(
        turn,
        between,
        call(A, 3, 2, 1, 2, dialect="codex", **nameless),
        call(A, 4, 2, 2, 3, dialect="otel", **nameless),
        call(trace(9), 5, dialect="codex", **nameless),
    )
    ledger.step(100)
    columns = "request_model, cost_status, has(flags, 'model_inferred'), energy_kwh > 0"
    rows = f"SELECT {columns} FROM spans WHERE billable ORDER BY span_id"
    assert ledger.engine.rows(rows) == [
        ["gpt-4o", "priced", True, 1],
        ["", "unpriced", False, None],
        ["", "unpriced", False, None],
    ]
    ledger.check_usage()
    assert ledger.engine.rows("SELECT model, calls FROM usage ORDER BY model") == [["", 2], ["gpt-4o", 1]]


def test_a_tool_whose_execution_failed_is_an_error(ledger: Ledger) -> None:
    """Claude Code says it of the execution only; which of the two came first does not matter."""
    ours: Any = {"dialect": "claude_code"}
    failed: Any = {"name": "claude_code.tool.execution", "operation": "other", "status": "error", **ours}
    tool: Any = {"name": "claude_code.tool", "operation": "tool", "tool_name": "Bash", **ours}
    ledger.add(
        span(A, 1, None, 0, 9, operation="agent", **ours),
        span(A, 2, 1, 0, 3, **tool),
        span(A, 3, 2, 1, 2, error_type="Shell Error", error_kind="other", **failed),
        span(A, 4, 1, 3, 5, **tool),
        span(A, 5, 4, 3, 5, **failed | {"status": "unset"}),
        span(A, 6, 1, 5, 7, **tool | {"dialect": "otel"}),
        span(A, 7, 6, 5, 7, **failed | {"dialect": "otel"}),
        span(A, 8, 1, 7, 9, **tool),
    )
    ledger.step(100)
    ledger.add(span(A, 9, 8, 7, 8, error_type="Denied", error_kind="other", **failed), at=200)
    ledger.step(300)
    rows = "SELECT span_id, error_kind, error_type FROM spans WHERE operation = 'tool' AND status = 'error' ORDER BY 1"
    assert ledger.engine.rows(rows) == [[f"{2:016x}", "other", "Shell Error"], [f"{8:016x}", "other", "Denied"]]
    assert ledger.engine.rows("SELECT sum(errors) FROM edges WHERE type = 'nesting' AND to_name = 'Bash'") == [[2]]
