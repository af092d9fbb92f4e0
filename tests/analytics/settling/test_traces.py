"""One row a trace and its call graph, once it is quiet; made again when more comes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from spanledger.retention import drop_old
from spanledger.settings import Settings
from tests.analytics.settling.ledger import START, Ledger, Span, call, span, trace

A = trace(1)
S = 1_000_000_000


def agent_run() -> list[Span]:
    """An agent that asks a model, looks something up twice, and asks again; 0 to 10 s."""
    tool = {"operation": "tool", "tool_name": "search", "tool_arguments_hash": "h", "service": "shop"}
    return [
        span(A, 1, None, 0, 10, name="run", operation="agent", agent_name="planner", service="shop", tenant="acme"),
        span(A, 2, 1, 1, 4, name="POST"),
        call(A, 3, 2, 1, 3, model_revision="gpt-4o-2024", cached_input_tokens=64, prompt_version="2", prompt_name="p"),
        span(A, 4, 1, 4, 5, **tool),
        span(A, 5, 1, 5, 7, status="error", **tool),
        call(A, 6, 1, 7, 9, status="error", attempt=2, output_tokens=None, cost_usd=None, cost_status="unpriced"),
    ]


def test_a_trace_has_one_row(ledger: Ledger) -> None:
    ledger.add(*agent_run())
    assert ledger.step(50).traces == 0
    assert ledger.step(100).traces == 1
    row = ledger.one("SELECT * EXCEPT settled_at FROM traces")
    nothing = {"energy_kwh_low": None, "energy_kwh_high": None, "co2e_g": None, "client_cost_usd": None}
    assert row == nothing | {
        "trace_id": A,
        "root_span_id": f"{1:016x}",
        "root_name": "run",
        "root_service": "shop",
        "task_id": f"{1:016x}",
        "task_outcome": "ok",
        "task_outcome_source": "status",
        "tenant": "acme",
        "user_id": "",
        "session_id": "",
        "feature": "",
        "purpose": "",
        "environment": "",
        "started_at": "2026-11-20 10:00:00.000000000",
        "ended_at": "2026-11-20 10:00:10.000000000",
        "duration_ns": 10 * S,
        "critical_path_ns": {"agent": 2 * S, "chat": 4 * S, "other": S, "tool": 3 * S},
        "spans": 6,
        "llm_calls": 2,
        "tool_calls": 2,
        "retrievals": 0,
        "errors": 2,
        "depth": 2,
        "orphans": 0,
        "root_missing": False,
        "parent_cycles": False,
        "duplicates": 0,
        "input_tokens": 200,
        "cached_input_tokens": 64,
        "cache_write_tokens": None,
        "output_tokens": 10,
        "reasoning_tokens": None,
        "cost_usd": 0.25,
        "unpriced_calls": 1,
        "energy_kwh": 0.002,
        "resends": 2,
        "failed_calls": 1,
        "failed_cost_usd": None,
        "failed_tokens": 100,
        "repeated_tool_calls": 1,
        "models": ["gpt-4o", "gpt-4o-2024"],
        "prompt_versions": ["p@2"],
        "releases": [],
        "tools_hashes": [],
        "dialects": [],
    }


def test_the_call_graph(ledger: Ledger) -> None:
    ledger.add(*agent_run())
    ledger.step(100)
    found = {
        (row["type"], row["from_name"], row["to_name"]): (
            row["count"],
            row["errors"],
            row["duration_ns"] / S,
            row["cost_usd"],
        )
        for row in ledger.dicts("SELECT * FROM edges")
    }
    assert found == {
        ("nesting", "planner", "gpt-4o-2024"): (1, 0, 2, 0.25),
        ("nesting", "planner", "gpt-4o"): (1, 1, 2, None),
        ("nesting", "planner", "search"): (2, 1, 3, None),
        ("transition", "gpt-4o-2024", "search"): (1, 0, 1, None),
        ("transition", "search", "search"): (1, 1, 2, None),
        ("transition", "search", "gpt-4o"): (1, 1, 2, None),
    }
    assert {row["from_kind"] for row in ledger.dicts("SELECT from_kind FROM edges")} == {"agent", "chat", "tool"}


def test_late_spans_settle_a_trace_again(ledger: Ledger) -> None:
    first, *rest = agent_run()
    ledger.add(*rest)
    ledger.step(100)
    row = ledger.one("SELECT root_missing, orphans, spans, cost_usd, task_outcome_source FROM traces")
    assert row == {"root_missing": True, "orphans": 4, "spans": 5, "cost_usd": 0.25, "task_outcome_source": "none"}
    early = call(A, 7, 1, -3 * 86400, 1 - 3 * 86400)  # of another day: the row must be replaced all the same
    ledger.add(first, early, at=150)
    ledger.step(180)
    assert ledger.one("SELECT count() AS n FROM traces") == {"n": 1}
    assert ledger.step(300).traces == 1
    row = ledger.one("SELECT root_missing, orphans, spans, cost_usd FROM traces")
    assert row == {"root_missing": False, "orphans": 0, "spans": 7, "cost_usd": 0.5}
    assert ledger.step(400).traces == 0


def test_a_trace_that_is_never_quiet_is_settled_at_its_maximum_age(ledger: Ledger) -> None:
    settled = []
    for number in range(6):
        at = number * 30
        ledger.add(call(A, number + 1, None, at, at + 1), at=at)
        settled.append(ledger.step(at + 15).traces)
    assert sum(settled) == 0
    ledger.settler._settings = ledger.settler._settings.model_copy(update={"settle_at_most_seconds": 120.0})
    for number in range(6, 16):
        at = number * 30
        ledger.add(call(A, number + 1, None, at, at + 1), at=at)
        settled.append(ledger.step(at + 15).traces)
    assert 2 <= sum(settled) <= 3


@pytest.mark.parametrize(
    ("columns", "events", "outcome"),
    [
        ({}, [], ("ok", "status")),
        ({"status": "error"}, [], ("error", "status")),
        ({}, [("task_success", "solved", None), ("toxicity", "none", None)], ("solved", "evaluation")),
        ({}, [("task_success", "", 0.2)], ("failure", "evaluation")),
        ({"task_outcome": "gave up"}, [("task_success", "solved", None)], ("gave up", "attribute")),
    ],
)
def test_how_the_outcome_is_known(
    ledger: Ledger, columns: dict[str, Any], events: list[tuple[str, str, float | None]], outcome: tuple[str, str]
) -> None:
    ledger.add(span(A, 1, None, 0, 1, **columns))
    ledger.step(100)
    at = START + timedelta(seconds=200)
    for name, label, value in events:
        names = ["trace_id", "time", "ingested_at", "evaluation_name", "score_label", "score_value"]
        ledger.engine.insert("events", names, [[A, at, at, name, label, value]])
    ledger.step(300)
    row = ledger.one("SELECT task_outcome, task_outcome_source FROM traces")
    assert (row["task_outcome"], row["task_outcome_source"]) == outcome


def test_a_task_has_the_id_that_was_sent(ledger: Ledger) -> None:
    ledger.add(span(A, 1, None, 0, 1), span(A, 2, 1, 0, 1, task_id="ticket 7"))
    ledger.step(100)
    assert ledger.one("SELECT task_id FROM traces") == {"task_id": "ticket 7"}


def test_what_is_broken_does_not_stop_anybody(ledger: Ledger) -> None:
    cycle = [span(trace(2), 1, 2, 0, 1), span(trace(2), 2, 1, 0, 1), span(trace(2), 3, 3, 0, 1), call(trace(2), 4, 1)]
    skewed = [span(trace(3), 1, None, 5, 6), span(trace(3), 2, 1, 0, 9), span(trace(3), 3, 2, 7, 7)]
    odd = [span(trace(4), 1, 7, 0, 1, duration_ns=None), {**span(trace(4), 2), "span_id": "zz", "parent_span_id": ""}]
    no_trace = [call("0" * 32, 1), call("", 2)]
    ledger.add(*agent_run(), *cycle, *skewed, *odd, *no_trace, at=10)
    ledger.step(100)
    rows = ledger.dicts(
        "SELECT trace_id, spans, parent_cycles, root_missing, orphans, depth FROM traces ORDER BY trace_id"
    )
    assert [tuple(row.values())[1:] for row in rows] == [
        (6, False, False, 0, 2),
        (4, True, True, 0, 0),
        (3, False, False, 0, 2),
        (2, False, False, 1, 0),
    ]
    ledger.check_usage()


def test_a_trace_of_twenty_thousand_spans(ledger: Ledger) -> None:
    """Half of them one under the other, half side by side."""
    insert = """
    INSERT INTO spans (trace_id, span_id, parent_span_id, started_at, duration_ns, ingested_at, operation)
    SELECT {trace:String}, lower(hex(number + 1)),
        multiIf(number = 0, '', number < 10000, lower(hex(number)), lower(hex(toUInt64(1)))),
        toDateTime64('2026-11-20 10:00:00', 9, 'UTC') + toIntervalMillisecond(number % 10000),
        if(number < 10000, 20000 - 2 * number, 1) * 1000000, '2026-11-20 10:00:05', if(number < 10000, 'agent', 'tool')
    FROM numbers(20000)
    """
    ledger.engine.command(insert, {"trace": A})
    step = ledger.step(100)
    row = ledger.one(
        "SELECT spans, depth, orphans, parent_cycles, arraySum(mapValues(critical_path_ns)) AS critical FROM traces"
    )
    assert row == {"spans": 20000, "depth": 9999, "orphans": 0, "parent_cycles": False, "critical": 20 * S}
    assert step.seconds < 30


def test_traces_go_with_their_days(ledger: Ledger, settings: Settings) -> None:
    """Also those with rows that were updated, which lie in partitions with other names."""
    second_layer = call(A, 9, 3, 1, 3)
    ledger.add(*agent_run(), second_layer, span(trace(2), 1, None, 40 * 86400, 40 * 86400 + 1))
    while ledger.step(41 * 86400).window.more:
        pass
    assert ledger.one("SELECT count() AS n FROM traces") == {"n": 2}
    kept = settings.model_copy(update={"spans_retention_days": 30})
    dropped = drop_old(ledger.engine, kept, date(2026, 12, 31))
    assert dropped == [("spans", "20261120"), ("settled_traces", "20261120"), ("trace_times", "202611")]
    assert ledger.engine.rows("SELECT trace_id FROM traces") == [[trace(2)]]
