"""The three public workloads, replayed as they are, and counted back exactly."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Service
from tests.waiting import until

SHARED = Path(__file__).resolve().parents[3] / "shared"
FILES = {
    "azure": "AzureLLMInferenceTrace_conv.csv",
    "mooncake": "mooncake_conversation_trace.jsonl",
    "taubench": "taubench_gpt-4o-airline.json",
}
FACTS = """
SELECT
    countIf(operation = 'chat') AS calls,
    sumIf(input_tokens, operation = 'chat') AS input_tokens,
    sumIf(output_tokens, operation = 'chat') AS output_tokens,
    sumIf(cached_input_tokens, operation = 'chat') AS cached_input_tokens,
    countIf(operation = 'tool') AS tool_calls,
    countIf(operation = 'tool' AND error_type = 'tool_error' AND status = 'error') AS tool_errors,
    countIf(operation = 'agent') AS runs,
    countIf(operation = 'agent' AND task_outcome = 'success') AS solved,
    (
        SELECT countIf(repeats > 1) FROM
        (
            SELECT trace_id, max(times) AS repeats FROM
            (
                SELECT trace_id, tool_name, tool_arguments_hash, count() AS times
                FROM spans WHERE service = {service:String} AND operation = 'tool'
                GROUP BY trace_id, tool_name, tool_arguments_hash
            )
            GROUP BY trace_id
        )
    ) AS runs_repeating_a_call,
    count() AS spans,
    uniqExact(tenant) AS tenants,
    topK(1)(tenant)[1] AS largest_tenant,
    (SELECT max(calls) FROM (SELECT count() AS calls FROM spans WHERE service = {service:String} GROUP BY tenant))
        AS largest_tenant_calls
FROM spans
WHERE service = {service:String}
"""

pytestmark = pytest.mark.skipif(not SHARED.exists(), reason=f"The public workloads are not at {SHARED}.")


def _replay(service: Service, source: str) -> dict[str, Any]:
    """The facts that the replay counts in the source itself."""
    command = [sys.executable, str(SHARED / "replay" / "replay.py"), source]
    command += ["--file", str(SHARED / "data" / FILES[source]), "--endpoint", service.otlp_url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize("source", FILES)
def test_facts_come_back_exactly(service: Service, source: str) -> None:
    facts = _replay(service, source)
    assert facts["spans"] > 3_000
    until(lambda: service.count(f"replay-{source}") == facts["spans"], what=f"{facts['spans']} spans")
    [answers] = service.records(FACTS, service=f"replay-{source}")
    assert {name: answers[name] for name in facts} == facts
    [[distinct, problems]] = service.rows(
        "SELECT uniqExact(trace_id, span_id), countIf(problem_bits != 0) FROM spans WHERE service = {service:String}",
        service=f"replay-{source}",
    )
    assert (distinct, problems) == (facts["spans"], 0)
