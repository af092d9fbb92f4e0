"""Mistakes that users of other tools complain about most (peers.md, asks 1 to 7), with their numbers."""

from __future__ import annotations

from spanledger.engine import Engine
from tests.dialects.emissions import Row, one, recognise_file, several

CALL = {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "claude-sonnet-4-5",
    "gen_ai.provider.name": "anthropic",
}
INPUT, OUTPUT = "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"
READ = "gen_ai.usage.cache_read.input_tokens"
WRITES = ("gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens")
ONE_CALL = ("01_otel_genai.json", "02_openinference.json", "03_traceloop_legacy_0.47.json", "04_vercel_ai_sdk_v5.json",
    "05_langfuse.json", "06_pydantic_ai_logfire.json", "07_litellm_proxy.json", "langsmith.json",
    "litellm_otel_v2.json",
    "mlflow.json", "openlit.json", "traceloop_0.62.json", "vercel_ai_sdk_v6.json",
    "vercel_ai_sdk_v7_otel_rollup.json", "duplicate_layers_openinference_plus_anthropic_sdk.json")  # fmt: skip


def parts(row: Row) -> list[int | None]:
    return [row[name] for name in ("input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens")]


def test_ask_1_one_call_is_the_same_number_in_every_dialect(recognised: Engine) -> None:
    for name in ONE_CALL:
        calls = [row for row in recognise_file(recognised, name) if row["billable"] and row["provider"] == "anthropic"]
        assert calls, name
        assert [parts(row) for row in calls] == [[14378, 12288, 2048, 118]] * len(calls), name


def test_ask_2_each_name_of_cache_write_is_counted_once(recognised: Engine) -> None:
    rows = several(recognised, [CALL | {INPUT: 14378, OUTPUT: 118, READ: 12288, name: 2048} for name in WRITES])
    rows += several(recognised, [CALL | {INPUT: 14378, OUTPUT: 118, READ: 12288} | dict.fromkeys(WRITES, 2048)])
    assert [parts(row) for row in rows] == [[14378, 12288, 2048, 118]] * 3


def test_ask_3_bedrock_with_a_cache_is_not_42_times_as_dear(recognised: Engine) -> None:
    """Completion as total − prompt, or prompt without its cached part: both are wrong where totals leave cached out."""
    sent = CALL | {"gen_ai.provider.name": "aws.bedrock", INPUT: 42, OUTPUT: 118, READ: 12288, WRITES[1]: 2048}
    row = one(recognised, sent | {"gen_ai.usage.total_tokens": 160}, "opentelemetry.instrumentation.bedrock")
    assert parts(row) == [14378, 12288, 2048, 118]
    assert row["raw_input_tokens"] == 42


def test_ask_4_cached_tokens_survive_translation(recognised: Engine) -> None:
    rows = [row for row in recognise_file(recognised, "mlflow.json") if row["operation"] == "chat"]
    assert [parts(row) for row in rows] == [[1210, 1024, None, 96], [14378, 12288, 2048, 118]]
    assert rows[1]["cache_write_1h_tokens"] == 512


def test_ask_5_the_senders_own_cost_is_kept(recognised: Engine) -> None:
    rows = several(recognised, [CALL | {"gen_ai.usage.cost": cost} for cost in (0.001896, 1, "0.5")])
    assert [row["client_cost_usd"] for row in rows] == [0.001896, 1, 0.5]


def test_ask_6_the_tier_that_was_served_is_told_from_the_one_asked(recognised: Engine) -> None:
    (row,) = [row for row in recognise_file(recognised, "01_otel_genai.json") if row["request_tier"]]
    assert [row["request_tier"], row["service_tier"]] == ["flex", "default"]


def test_ask_7_both_readings_of_the_spec(recognised: Engine) -> None:
    said = CALL | {OUTPUT: 118, READ: 12288, WRITES[1]: 2048}
    rows = several(recognised, [said | {INPUT: 14378}, said | {INPUT: 42}])
    assert [row["input_tokens"] for row in rows] == [14378, 14378]
    assert [row["token_semantics"] for row in rows] == ["unknown", "exclusive_inferred"]
    assert [bool({"input_mended"} & set(row["flags"])) for row in rows] == [False, True]
