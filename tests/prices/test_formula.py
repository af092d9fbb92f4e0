"""What calls cost: golden values, the mistakes of other tools, and what must hold for all numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.prices.conftest import Call, Price

GPT_4O = {"provider": "openai", "request_model": "gpt-4o"}
SONNET = {"provider": "anthropic", "request_model": "claude-sonnet-4-5"}
BEDROCK_SONNET = {"provider": "aws.bedrock", "request_model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0"}
GLOBAL_SONNET = {"provider": "aws.bedrock", "request_model": "global.anthropic.claude-sonnet-4-5-20250929-v1:0"}


def tokens(total: int | None, cached: int | None, written: int | None, output: int | None) -> Call:
    return {
        "input_tokens": total, "cached_input_tokens": cached, "cache_write_tokens": written, "output_tokens": output,
    }  # fmt: skip


def close(value: float) -> Any:
    return pytest.approx(value, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize(
    ("call", "usd"),
    [
        (GPT_4O, 0.0200),
        (SONNET, 0.0159),
        ({"provider": "openai", "request_model": "gpt-4.1-nano"}, 0.0006),
        ({"provider": "gcp.gemini", "request_model": "gemini-2.5-flash"}, 0.00209),
    ],
)
def test_reference_values(price: Price, call: Call, usd: float) -> None:
    """10,000 input of which 8,000 cached, 500 output; input includes cached."""
    [span] = price([call | tokens(10_000, 8_000, None, 500)])
    assert (span["cost_usd"], span["cost_status"]) == (close(usd), "priced")


ASKS = [
    # 1: cached tokens counted twice (langfuse 12306): 5 uncached + 128,955 read + 1,253 written
    (SONNET, tokens(130_213, 128_955, 1_253, None), [5 * 3, 128_955 * 0.3, 1_253 * 3.75, None]),
    # 1: the same with another provider (langfuse 10592): 86 uncached + 17,817 cached
    (GPT_4O, tokens(17_903, 17_817, None, 0), [86 * 2.5, 17_817 * 1.25, None, 0]),
    # 2: cache writes not recognised and priced at nothing (langfuse 17117)
    (SONNET, tokens(300, 40, 25, 0), [235 * 3, 40 * 0.3, 25 * 3.75, 0]),
    # 3: 42 times too much with Bedrock's cache (phoenix 10036): about $0.0048, not $0.20
    (BEDROCK_SONNET, tokens(13_244, 13_216, 25, 12), [3 * 3.3, 13_216 * 0.33, 25 * 4.125, 12 * 16.5]),
    # 3: output taken to be total - input (phoenix 10783): $0.00663, not $0.1306
    (GLOBAL_SONNET, tokens(8_270, 7_917, 350, 442), [3 * 3, 7_917 * 0.3, 350 * 3.75, 442 * 15]),
    # 3: cached tokens charged as output (phoenix 13379)
    (GLOBAL_SONNET, tokens(57_660, 35_574, 17_787, 631), [4_299 * 3, 35_574 * 0.3, 17_787 * 3.75, 631 * 15]),
    # 4: the cached share dropped on the way, 6.7 times too much (mlflow 24869): input costs $0.001575, not $0.0105
    (
        {"provider": "anthropic", "request_model": "claude-haiku-4-5"},
        tokens(10_500, 10_000, 60, 0), [440 * 1, 10_000 * 0.1, 60 * 1.25, 0],
    ),
    # 5: cached tokens at full price (pi 2148)
    (
        {"provider": "gcp.gemini", "request_model": "gemini-3-flash-preview"},
        tokens(20_212, 16_298, None, 931), [3_914 * 0.5, 16_298 * 0.05, None, 931 * 3],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("call", "usage", "parts"), ASKS)
def test_mistakes_of_others(price: Price, call: Call, usage: Call, parts: list[float | None]) -> None:
    [span] = price([call | usage])
    found = [span[f"cost_{part}_usd"] for part in ("input", "cached", "write", "output")]
    assert found == [None if usd is None else close(usd / 1e6) for usd in parts]
    assert span["cost_usd"] == close(sum(usd for usd in parts if usd is not None) / 1e6)


def test_bedrock_example_in_dollars(price: Price) -> None:
    [span] = price([BEDROCK_SONNET | tokens(13_244, 13_216, 25, 12)])
    assert round(span["cost_usd"], 4) == 0.0047  # the report rounds its rates up to $0.0048; charged was $0.20


def test_a_threshold_switches_all_tokens(price: Price) -> None:
    below, above = price(
        [SONNET | tokens(200_000, 50_000, 10_000, 1_000), SONNET | tokens(200_001, 50_000, 10_000, 1_000)]
    )
    assert below["cost_usd"] == close((140_000 * 3 + 50_000 * 0.3 + 10_000 * 3.75 + 1_000 * 15) / 1e6)
    assert above["cost_usd"] == close((140_001 * 6 + 50_000 * 0.6 + 10_000 * 7.5 + 1_000 * 22.5) / 1e6)
    assert above["price_row"] == "genai-prices 0.2.3 anthropic/claude-sonnet-4-5 tier>200000"


def test_prices_have_dates(price: Price) -> None:
    """gpt-5.6-sol became cheaper on 2026-08-21; claude-sonnet-4-6 lost its long-context tier on 2026-03-13."""
    sol = {"provider": "openai", "request_model": "gpt-5.6-sol"} | tokens(1_000_000, 0, 0, 0)
    tier = {"provider": "anthropic", "request_model": "claude-sonnet-4-6"} | tokens(300_000, 0, 0, 0)
    days = [datetime(2026, 8, 20, 23, 59, tzinfo=UTC), datetime(2026, 8, 21, tzinfo=UTC)]
    tier_days = [datetime(2026, 3, 12, tzinfo=UTC), datetime(2026, 3, 13, tzinfo=UTC)]
    spans = price([sol | {"started_at": day} for day in days] + [tier | {"started_at": day} for day in tier_days])
    assert [span["cost_usd"] for span in spans] == [close(usd) for usd in (10, 8, 1.8, 0.9)]
    assert spans[1]["price_row"] == "genai-prices 0.2.3 openai/gpt-5.6-sol from 2026-08-21 tier>272000"


def test_prices_by_the_hour(price: Price) -> None:
    call = {"provider": "deepseek", "request_model": "deepseek-chat"} | tokens(1_000_000, 0, None, 0)
    at = [datetime(2026, 11, 2, hour, minute, tzinfo=UTC) for hour, minute in ((0, 29), (0, 30), (16, 29), (16, 30))]
    assert [span["cost_usd"] for span in price([call | {"started_at": moment} for moment in at])] == [
        close(usd) for usd in (0.135, 0.27, 0.27, 0.135)
    ]


@pytest.mark.parametrize(
    ("tier", "usd", "row"),
    [
        ("", 2.5, "openai/gpt-4o"),
        ("default", 2.5, "openai/gpt-4o"),
        ("batch", 1.25, "openai/gpt-4o from 2026-10-14 batch"),
        ("priority", 4.25, "openai/gpt-4o from 2026-10-12 priority"),
        ("flex", 2.5, "openai/gpt-4o (no price for flex)"),
    ],
)
def test_service_tiers(price: Price, tier: str, usd: float, row: str) -> None:
    [span] = price([GPT_4O | tokens(1_000_000, 0, None, 0) | {"service_tier": tier}])
    assert (span["cost_usd"], span["price_row"]) == (close(usd), f"genai-prices 0.2.3 {row}")
    assert span["cost_status"] == ("partial" if "no price" in row else "priced")


def test_batch_is_half_where_the_list_is_silent(price: Price) -> None:
    early = {"started_at": datetime(2025, 6, 1, tzinfo=UTC), "service_tier": "batch"}
    opus, gpt_4 = price([
        early | {"provider": "anthropic", "request_model": "claude-3-opus-20240229"} | tokens(1000, 0, 0, 1000),
        early | {"provider": "openai", "request_model": "gpt-4-turbo"} | tokens(1000, 0, None, 1000),
    ])  # fmt: skip
    assert (opus["cost_usd"], opus["cost_status"]) == (close((7.5 + 37.5) / 1000), "priced")
    assert (gpt_4["cost_usd"], gpt_4["cost_status"]) == (close((5 + 15) / 1000), "priced")


def test_one_hour_writes(price: Price) -> None:
    [span, older] = price([
        SONNET | tokens(3_000, 0, 2_000, 0) | {"cache_write_1h_tokens": 500},
        {"provider": "anthropic", "request_model": "claude-3-7-sonnet-20250219"} | tokens(3_000, 0, 2_000, 0)
        | {"cache_write_1h_tokens": 2_000},
    ])  # fmt: skip
    assert span["cost_write_usd"] == close((1_500 * 3.75 + 500 * 6) / 1e6)
    assert older["cost_write_usd"] == close(2_000 * 6 / 1e6)


def test_audio_and_reasoning(price: Price) -> None:
    audio, cached_audio, reasoning = price([
        {"provider": "openai", "request_model": "gpt-realtime"} | tokens(1000, None, None, 500)
        | {"audio_input_tokens": 800, "audio_output_tokens": 400},
        {"provider": "openai", "request_model": "gpt-realtime-mini"} | tokens(1000, 600, None, 0)
        | {"audio_input_tokens": 800},
        {"provider": "perplexity", "request_model": "sonar-deep-research"} | tokens(100, None, None, 500)
        | {"reasoning_tokens": 300},
    ])  # fmt: skip
    assert audio["cost_input_usd"] == close((200 * 4 + 800 * 32) / 1e6)
    assert audio["cost_output_usd"] == close((100 * 16 + 400 * 64) / 1e6)
    # 400 uncached tokens can hold half of the audio; the other half must have been cached
    assert cached_audio["cost_input_usd"] == close(400 * 10 / 1e6)
    assert cached_audio["cost_cached_usd"] == close((200 * 0.06 + 400 * 0.3) / 1e6)
    assert reasoning["cost_output_usd"] == close((200 * 8 + 300 * 3) / 1e6)


def test_a_fee_by_request(price: Price) -> None:
    [span] = price([{"provider": "perplexity", "request_model": "sonar"} | tokens(1000, None, None, 1000)])
    assert span["cost_usd"] == close(0.012 + 0.001 + 0.001)
    assert span["cost_input_usd"] == close(0.013)


def test_what_is_not_known_is_not_zero(price: Price) -> None:
    nothing, half, unknown, rollup, no_cache_price = price([
        GPT_4O,
        GPT_4O | tokens(None, None, None, 100),
        {"provider": "vllm", "request_model": "our-own"} | tokens(10, None, None, 10),
        GPT_4O | tokens(10, None, None, 10) | {"billable": False},
        {"provider": "openai", "request_model": "gpt-4-turbo"} | tokens(1000, 400, None, 0),
    ])  # fmt: skip
    assert (nothing["cost_usd"], nothing["cost_status"]) == (None, "partial")
    assert (half["cost_usd"], half["cost_input_usd"], half["cost_status"]) == (close(0.001), None, "partial")
    assert (unknown["cost_usd"], unknown["cost_status"], unknown["price_row"]) == (None, "unpriced", "")
    assert (rollup["cost_usd"], rollup["cost_status"], rollup["price_row"]) == (None, "none", "")
    assert (no_cache_price["cost_cached_usd"], no_cache_price["cost_status"]) == (None, "partial")
    assert no_cache_price["cost_usd"] == close(600 * 10 / 1e6)


def test_embeddings_have_no_output(price: Price) -> None:
    call = {"provider": "openai", "request_model": "text-embedding-3-small", "operation": "embeddings"}
    [span] = price([call | tokens(1_000_000, None, None, None)])
    assert (span["cost_usd"], span["cost_status"]) == (close(0.02), "priced")


@pytest.mark.parametrize(
    ("client", "flagged"),
    [(None, False), (0.0200, False), (0.0219, False), (0.0221, True), (0.0179, True), (0.0, True)],
)
def test_a_cost_that_the_client_saw_otherwise(price: Price, client: float | None, flagged: bool) -> None:
    [span] = price([GPT_4O | tokens(10_000, 8_000, None, 500) | {"client_cost_usd": client, "flag_bits": 1}])
    assert span["flags"] == ["cached_over_input"] + ["cost_mismatch"] * flagged


MODELS = st.sampled_from([GPT_4O, SONNET, BEDROCK_SONNET, {"provider": "openai", "request_model": "gpt-5.6-sol"},
                          {"provider": "gcp.gemini", "request_model": "gemini-2.5-pro"}])  # fmt: skip
COUNT = st.none() | st.integers(0, 1_000_000_000)
COUNTED = (
    "input_tokens", "cached_input_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_tokens",
    "reasoning_tokens", "audio_input_tokens", "audio_output_tokens",
)  # fmt: skip
USAGE = st.fixed_dictionaries(dict.fromkeys(COUNTED, COUNT))
PARTS = ("cost_input_usd", "cost_cached_usd", "cost_write_usd", "cost_output_usd")
SEVERAL = settings(
    max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@SEVERAL
@given(st.lists(st.tuples(MODELS, USAGE), min_size=1, max_size=40))
def test_parts_sum_to_the_whole(price: Price, calls: list[tuple[Call, Call]]) -> None:
    for span in price([model | usage for model, usage in calls]):
        known = [span[part] for part in PARTS if span[part] is not None]
        assert all(part >= 0 for part in known)
        assert span["cost_usd"] == (close(sum(known)) if known else None)


@SEVERAL
@given(st.lists(st.tuples(MODELS, st.integers(0, 99_999), st.integers(0, 1_000)), min_size=1, max_size=20))
def test_more_tokens_never_cost_less(price: Price, calls: list[tuple[Call, int, int]]) -> None:
    """Within a tier: all of these are below the first threshold."""
    for name in ("input_tokens", "output_tokens"):
        usual = tokens(1_000, 0, 0, 1_000)
        less = price([model | usual | {name: count} for model, count, _ in calls])
        more = price([model | usual | {name: count + extra} for model, count, extra in calls])
        assert all(a["cost_usd"] <= b["cost_usd"] for a, b in zip(less, more, strict=True))
