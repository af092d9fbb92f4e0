"""The thirty traps of the reference (semconv.md, part 13), each by its number."""

from __future__ import annotations

import json
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

from spanledger.engine import Engine
from tests.dialects.emissions import Row, one, recognise, recognise_file, several
from tests.schema.otlp import key_values, span, traces

CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "anthropic",
    "gen_ai.request.model": "claude-sonnet-4-5",
}
INPUT, OUTPUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
READ, WRITE = "gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_creation.input_tokens"
USED = CALL | {INPUT: 14378, OUTPUT: 118, READ: 12288, WRITE: 2048}


def tokens(row: Row) -> list[Any]:
    return [row[name] for name in ("input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens")]


WHOLE = [14378, 12288, 2048, 118]


def test_01_the_same_name_means_something_else_by_emitter_and_version(recognised: Engine) -> None:
    v5 = CALL | {INPUT: 42, OUTPUT: 118, "ai.usage.promptTokens": 42, READ: 12288, WRITE: 2048}
    v6 = USED | {"ai.usage.inputTokenDetails.noCacheTokens": 42, "ai.usage.inputTokens": 14378}
    rows = several(recognised, [v5, v6], "ai")
    openlit = one(recognised, USED | {INPUT: 42}, "openlit.instrumentation.anthropic")
    assert [tokens(row) for row in [*rows, openlit]] == [WHOLE] * 3
    assert [row["token_rule"] for row in [*rows, openlit]] == ["vercel_v5/anthropic", "vercel_v6", "openlit/anthropic"]
    assert [row["token_semantics"] for row in [*rows, openlit]] == ["exclusive", "inclusive", "exclusive"]


def test_02_spellings_of_cache_write_are_one_number(recognised: Engine) -> None:
    names = [
        "gen_ai.usage.cache_write.input_tokens",
        "gen_ai.usage.cache_creation.input_tokens",
        "gen_ai.usage.cache_creation_input_tokens",
        "gen_ai.usage.cache_write_input_tokens",
    ]
    rows = several(recognised, [CALL | {INPUT: 14378, READ: 12288} | dict.fromkeys(names[:n], 2048) for n in (1, 2, 4)])
    rows += several(recognised, [CALL | {INPUT: 14378, name: 2048} for name in names])
    assert {row["cache_write_tokens"] for row in rows} == {2048}


def test_03_details_repeat_tokens_and_are_not_added(recognised: Engine) -> None:
    for row in recognise_file(recognised, "06_pydantic_ai_logfire.json"):
        if row["operation"] == "chat":
            assert tokens(row) == WHOLE


def test_04_prompt_tokens_beside_input_tokens(recognised: Engine) -> None:
    rows = recognise_file(recognised, "litellm_otel_v2.json")
    assert [row["input_tokens"] for row in rows] == [14378, 1210]


def test_05_sums_of_agents_are_not_billed(recognised: Engine) -> None:
    for name in (
        "vercel_ai_sdk_v7_otel_rollup.json",
        "vercel_ai_sdk_v6.json",
        "04_vercel_ai_sdk_v5.json",
        "codex_cli.json",
    ):
        rows = recognise_file(recognised, name)
        assert {row["usage_role"] for row in rows if row["operation"] in ("agent", "workflow")} <= {"rollup", "none"}
        assert not [row for row in rows if row["billable"] and row["operation"] in ("agent", "workflow")]
    billed = [row for row in recognise_file(recognised, "vercel_ai_sdk_v7_otel_rollup.json") if row["billable"]]
    assert sum(row["input_tokens"] for row in billed) == 28756
    assert one(recognised, USED | {"gen_ai.operation.name": "invoke_agent"})["usage_role"] == "rollup"


def test_06_two_layers_of_one_call_share_what_settling_compares(recognised: Engine) -> None:
    rows = recognise_file(recognised, "duplicate_layers_openinference_plus_anthropic_sdk.json")
    assert {row["dialect"] for row in rows} == {"openinference", "anthropic_sdk"}
    for name in ("response_id", "model_revision", "input_tokens", "output_tokens", "trace_id", "provider"):
        assert len({row[name] for row in rows}) == 1, name
    assert [row["usage_role"] for row in recognise_file(recognised, "07_litellm_proxy.json")].count("leaf") == 1


def test_07_litellm_writes_onto_a_server_span(recognised: Engine) -> None:
    found = one(recognised, USED | {"gen_ai.operation.name": "acompletion", "litellm.call_id": "1"}, "my.web", kind=2)
    assert [found[name] for name in ("kind", "operation", "dialect", "billable")] == ["server", "chat", "litellm", True]


def test_08_thoughts_outside_of_output(recognised: Engine) -> None:
    gemini = one(recognised, CALL | {INPUT: 10, OUTPUT: 24, "gen_ai.usage.reasoning_tokens": 8}, "gemini-cli")
    other = one(recognised, CALL | {INPUT: 10, OUTPUT: 24, "gen_ai.usage.reasoning.output_tokens": 30})
    inside = one(recognised, CALL | {INPUT: 10, OUTPUT: 24, "gen_ai.usage.reasoning.output_tokens": 20})
    assert [row["output_tokens"] for row in (gemini, other, inside)] == [32, 54, 24]
    assert ["output_excluded_reasoning" in row["flags"] for row in (gemini, other, inside)] == [True, True, False]


def test_09_numbers_as_text_and_text_as_numbers(recognised: Engine) -> None:
    sent = CALL | {INPUT: "14378", OUTPUT: 118.0, "gen_ai.request.temperature": 1, "gen_ai.prompt.version": 3}
    found = one(recognised, sent)
    assert [found[name] for name in ("input_tokens", "output_tokens", "temperature", "prompt_version")] == [
        14378,
        118,
        1,
        "3",
    ]
    quoted = one(recognised, {"mlflow.spanType": '"CHAT_MODEL"', "temperature": "0.2", "model": '"gpt-5-mini"'})
    assert [quoted[name] for name in ("operation", "temperature", "request_model")] == ["chat", 0.2, "gpt-5-mini"]


def test_10_python_instead_of_json(recognised: Engine) -> None:
    repr_ = "{'cache_read': 12288, 'note': \"it's\", 'none': None, 'yes': True, 'ephemeral_1h_input_tokens': 512}"
    found = one(recognised, CALL | {INPUT: 14378, "gen_ai.usage.input_token_details": repr_}, "langsmith")
    assert [found[name] for name in ("cached_input_tokens", "cache_write_1h_tokens")] == [12288, 512]
    tenant = one(recognised, {"metadata.requester_metadata": "{'tenant': \"O'Neil\", 'n': [1, (2, 'a')]}"}, "litellm")
    assert tenant["tenant"] == "O'Neil"
    broken = ["{'cache_read': ", "{'a'", "[{'", "{'" * 40_000, "{'a': \"" + "x" * 70_000]
    rows = several(recognised, [CALL | {INPUT: 1, "gen_ai.usage.input_token_details": text} for text in broken])
    assert [row["cached_input_tokens"] for row in rows] == [None] * len(broken)


def test_11_an_empty_text_is_null(recognised: Engine) -> None:
    sent = {
        "metadata.user_api_key_team_id": "",
        "litellm.team.id": "",
        "metadata.requester_metadata": "{'tenant': 'acme'}",
    }
    assert one(recognised, sent, "litellm")["tenant"] == "acme"
    assert one(recognised, CALL | {"gen_ai.request.user": ""}, "openlit.x")["user_id"] == ""
    assert one(recognised, CALL | {"llm.user": "None", "traceloop.span.kind": "task"})["user_id"] == ""


def test_12_json_within_json(recognised: Engine) -> None:
    rows = recognise_file(recognised, "05_langfuse.json")
    assert {row["tenant"] for row in rows} == {"acme"}
    assert [row["time_to_first_token_ns"] for row in rows if row["time_to_first_token_ns"]] == [94_690_450]


def test_13_an_invented_temperature_is_none(recognised: Engine) -> None:
    found = [row["temperature"] for row in recognise_file(recognised, "openlit.json")]
    assert found == [0.2, None, 0.2]
    assert one(recognised, CALL | {"gen_ai.request.temperature": 1.0})["temperature"] == 1


def test_14_a_reported_zero_is_zero_and_silence_is_null(recognised: Engine) -> None:
    rows = several(recognised, [CALL | {INPUT: 10, READ: 0}, CALL | {INPUT: 10}])
    assert [row["cached_input_tokens"] for row in rows] == [0, None]


def test_15_names_with_an_index_become_lists(recognised: Engine) -> None:
    sent: dict[str, Any] = {"openinference.span.kind": "LLM", "llm.token_count.prompt": 5}
    for index in reversed(range(12)):
        sent[f"llm.input_messages.{index}.message.role"] = "user"
        sent[f"llm.input_messages.{index}.message.content"] = f"words {index}"
    sent["llm.tools.0.tool.json_schema"] = '{"name": "f"}'
    found = one(recognised, sent | {"gen_ai.tool.0.name": "not this", "keep": "1"}, dropped_attributes_count=3)
    assert [item["content"] for item in json.loads(found["content_input"])] == [f"words {n}" for n in range(12)]
    assert json.loads(found["content_tools"]) == [{"json_schema": {"name": "f"}}]
    assert not [key for key in found["attributes"] if key.startswith(("llm.input_messages.", "llm.tools."))]
    assert found["attributes"]["keep"] == "1"
    assert found["tool_name"] == ""
    assert "attributes_dropped" in found["flags"]


def test_16_content_and_first_tokens_in_events(recognised: Engine) -> None:
    sent = span(CALL | {INPUT: 1, OUTPUT: 1, "gen_ai.system": "openai"})
    sent.events.add(name="gen_ai.user.message", attributes=key_values({"content": "hello"}))
    sent.events.add(name="gen_ai.choice", attributes=key_values({"message": "hi"}))
    sent.events.add(name="gen_ai.content.completion.chunk", time_unix_nano=sent.start_time_unix_nano + 7)
    (found,) = recognise(recognised, TracesData.FromString(traces([sent])))
    assert json.loads(found["content_input"]) == [{"event": "gen_ai.user.message", "content": "hello"}]
    assert json.loads(found["content_output"]) == [{"event": "gen_ai.choice", "message": "hi"}]
    assert found["time_to_first_token_ns"] == 7


def test_17_structured_values_as_well_as_json(recognised: Engine) -> None:
    messages = [json.dumps({"role": "user", "content": "a"}), json.dumps({"role": "user", "content": "b"})]
    found = one(recognised, CALL | {"gen_ai.input.messages": messages})
    assert len(json.loads(found["content_input"])) == 2


def test_18_cut_messages_are_kept_as_text(recognised: Engine) -> None:
    cut = '[{"role":"user","parts":[{"text":"abc...[TRUNCATED'
    found = one(recognised, CALL | {"gen_ai.input.messages": cut}, "gemini-cli")
    assert json.loads(found["content_input"]) == [cut]


def test_19_a_model_named_once(recognised: Engine) -> None:
    only = one(recognised, {"gen_ai.operation.name": "chat", "gen_ai.response.model": "m-1", INPUT: 1, OUTPUT: 1})
    assert [only["request_model"], only["model_revision"], "model_inferred" in only["flags"]] == ["m-1", "m-1", True]
    both = one(recognised, CALL | {"gen_ai.response.model": "m-1", INPUT: 1, OUTPUT: 1})
    assert "model_inferred" not in both["flags"]


def test_20_names_of_metrics_are_not_tokens(recognised: Engine) -> None:
    found = one(recognised, CALL | {"gen_ai.client.token.usage": 160, "gen_ai.client.operation.duration": 0.5})
    assert [found["input_tokens"], found["output_tokens"]] == [None, None]


def test_21_claude_code_is_joined_by_session(recognised: Engine) -> None:
    rows = recognise_file(recognised, "08_claude_code.json")
    assert len({row["session_id"] for row in rows}) == 1
    assert {row["user_id"] for row in rows} == {"c0ffee00-1234-4abc-8def-001122334455"}


def test_22_codex_calls_have_no_model_of_their_own(recognised: Engine) -> None:
    rows = recognise_file(recognised, "codex_cli.json")
    calls = [row for row in rows if row["operation"] == "chat"]
    assert [(row["request_model"], row["billable"]) for row in calls] == [("", True)] * 2
    assert one(recognised, {"db.system": "sqlite"}, "codex_cli_rs")["billable"] is False


def test_23_a_project_is_no_session(recognised: Engine) -> None:
    assert {row["session_id"] for row in recognise_file(recognised, "langsmith.json")} == {"sess-8f31"}


def test_24_a_service_on_a_span_is_not_the_resource(recognised: Engine) -> None:
    found = one(recognised, CALL | {"service.name": "span's"}, "openlit.x", {"service.name": "resource's"})
    assert found["service"] == "resource's"


def test_25_a_copied_name_does_not_make_a_workflow(recognised: Engine) -> None:
    rows = recognise_file(recognised, "03_traceloop_legacy_0.47.json")
    assert {row["workflow"] for row in rows} == {"weather_flow"}
    assert [row["operation"] for row in rows].count("workflow") == 1


def test_26_a_total_is_not_believed(recognised: Engine) -> None:
    found = one(
        recognised, USED | {INPUT: 42, "gen_ai.usage.total_tokens": 160}, "opentelemetry.instrumentation.bedrock"
    )
    aws = one(
        recognised,
        USED | {INPUT: 42, "gen_ai.provider.name": "aws.bedrock", "gen_ai.usage.total_tokens": 160},
        "opentelemetry.instrumentation.bedrock",
    )
    assert [tokens(found), tokens(aws)] == [WHOLE] * 2
    assert aws["token_rule"] == "traceloop/aws.bedrock"


ERRORS = [
    ("anthropic.RateLimitError", "", "rate_limited"),
    ("RateLimitError", "", "rate_limited"),
    ("rate_limit_error", "", "rate_limited"),
    ("rate_limited", "", "rate_limited"),
    ("openai.APITimeoutError", "", "timeout"),
    ("AuthenticationError", "", "auth"),
    ("authentication", "", "auth"),
    ("BadRequestError", "maximum context length is 8192 tokens", "context_length"),
    ("overloaded_error", "", "unavailable"),
    ("ValueError", "no", "other"),
]


def test_27_errors_in_many_spellings(recognised: Engine) -> None:
    spans = []
    for error, message, _ in ERRORS:
        sent = span(CALL)
        sent.status.code, sent.status.message = 2, message
        sent.events.add(name="exception", attributes=key_values({"exception.type": error}))
        spans.append(sent)
    rows = recognise(recognised, TracesData.FromString(traces(spans)))
    assert [[row["error_type"], row["error_kind"]] for row in rows] == [[error, kind] for error, _, kind in ERRORS]


def test_28_streams_without_usage(recognised: Engine) -> None:
    assert "usage_missing" in one(recognised, CALL, "opentelemetry.instrumentation.openai.v1")["flags"]
    guess = CALL | {INPUT: 9, OUTPUT: 4, "gen_ai.request.stream": True, READ: 0}
    assert "usage_estimated" in one(recognised, guess, "openlit.instrumentation.openai")["flags"]
    assert "usage_estimated" not in one(recognised, guess)["flags"]


def test_29_a_stream_that_ended_early(recognised: Engine) -> None:
    found = one(recognised, CALL | {INPUT: 14378}, "com.anthropic.sdk.python")
    assert [found["output_tokens"], found["billable"], "usage_missing" in found["flags"]] == [None, True, True]


def test_30_tries_of_one_call(recognised: Engine) -> None:
    rows = [row for row in recognise_file(recognised, "08_claude_code.json") if row["operation"] == "chat"]
    assert [row["attempt"] for row in rows] == [1, 0]
    assert one(recognised, CALL | {"http.request.resend_count": 2})["attempt"] == 2
