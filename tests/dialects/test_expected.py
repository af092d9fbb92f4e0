"""Eight files of which another hand derived what they must give (emissions/expected.json)."""

from __future__ import annotations

from typing import Any

import pytest

from spanledger.engine import Engine
from tests.dialects.emissions import EXPECTED, Row, recognise_file

SEMANTICS = {"inc": "inclusive", "exc": "exclusive"}
COLUMNS = {
    "kind": "operation",
    "provider": "provider",
    "request_model": "request_model",
    "response_model": "model_revision",
    "usage_role": "usage_role",
    "conversation_id": "session_id",
    "user_id": "user_id",
    "tenant_id": "tenant",
    "prompt_version": "prompt_version",
    "tool_name": "tool_name",
    "tool_call_id": "tool_call_id",
    "agent_name": "agent_name",
    "service_tier_request": "request_tier",
    "service_tier_response": "service_tier",
    "cost_usd": "client_cost_usd",
    "release": "release",
    "environment": "environment",
    "resend_count": "attempt",
}
TOKENS = {
    "input_total": "input_tokens",
    "cache_read": "cached_input_tokens",
    "cache_write_1h": "cache_write_1h_tokens",
    "output_total": "output_tokens",
}
NOT_OF_ONE_SPAN = {"status"}
"""A failure of a child is its parent's too: settling knows, a single span does not."""


def told(want: dict[str, Any], rows: list[Row]) -> list[Row]:
    """The spans that an expectation is of."""
    found = [row for row in rows if row["name"] == want["span"]]
    if "which" in want:
        found = [row for row in found if row["request_tier"] == "flex"]
    if "n" in want:
        return [sorted(found, key=lambda row: str(row["started_at"]))[want["n"] - 1]]
    assert len(found) == want.get("count", 1)
    return found


CASES = [(name, index) for name, wants in EXPECTED.items() for index in range(len(wants))]


@pytest.mark.parametrize(("name", "index"), CASES)
def test_as_expected(recognised: Engine, name: str, index: int) -> None:
    want = EXPECTED[name][index]
    for row in told(want, recognise_file(recognised, name)):
        for key, value in want.items():
            if key in COLUMNS:
                assert row[COLUMNS[key]] == value, key
        if "tokens" in want:
            _tokens(want["tokens"], row)
        if "documents" in want:
            assert row["retrieved_ids"] == [item["id"] for item in want["documents"]]
            assert row["retrieved_scores"] == [item["score"] for item in want["documents"]]
        if "ttft_ms" in want:
            assert row["time_to_first_token_ns"] == want["ttft_ms"] * 10**6
        known = {*COLUMNS, *NOT_OF_ONE_SPAN, "span", "which", "n", "count", "note", "tokens", "documents", "ttft_ms"}
        assert set(want) <= known


def _tokens(want: dict[str, Any], row: Row) -> None:
    assert {key: row[column] for key, column in TOKENS.items()} == {key: want[key] for key in TOKENS}
    assert row["token_semantics"] == SEMANTICS[want["input_semantics"]]
    # the file says 0 where OpenAI has no cache writes, and nothing where LiteLLM reports a 0: here not reported is null
    for key, column in (("cache_write", "cache_write_tokens"), ("reasoning", "reasoning_tokens")):
        assert (row[column] or 0) == (want[key] or 0)
    assert (
        row["input_tokens"] - (row["cached_input_tokens"] or 0) - (row["cache_write_tokens"] or 0)
        == (want["input_uncached"])
    )
    if want["cache_write_5m"] is not None:
        assert row["cache_write_tokens"] - row["cache_write_1h_tokens"] == want["cache_write_5m"]
    assert row["billable"] == (row["usage_role"] == "leaf")
