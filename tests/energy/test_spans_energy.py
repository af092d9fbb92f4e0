"""The energy view: what a span gets, from which source, and what is said where something is not known."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from spanledger.engine import Engine
from tests.energy.spans import call, store

USA = 369.473
WORLD = 458.29

ECOLOGITS = [
    # EcoLogits 0.11.3, llm_impacts(provider, model, 300, inf, "USA"): kWh low and high
    ("openai", "gpt-4o", 4.360616e-04, 7.246861e-04),
    ("openai", "gpt-4o-mini", 1.961910e-05, 2.371888e-05),
    ("openai", "gpt-4.1-nano", 2.011266e-05, 5.129473e-05),
    ("anthropic", "claude-haiku-4-5-20251001", 1.816469e-05, 4.773285e-05),
]


@pytest.mark.parametrize(("provider", "model", "low", "high"), ECOLOGITS)
def test_the_golden_values_of_ecologits(engine: Engine, provider: str, model: str, low: float, high: float) -> None:
    [span] = store(engine, call(provider=provider, request_model=model))
    assert (f"{span['energy_kwh_low']:.6e}", f"{span['energy_kwh_high']:.6e}") == (f"{low:.6e}", f"{high:.6e}")
    assert span["energy_kwh"] == pytest.approx((low + high) / 2, rel=1e-6)
    assert (span["energy_source"], span["energy_factors"]) == ("modelled", "ecologits-0.11.3")


NAMES = [
    ("gpt-4o-2024-08-06", ""),
    ("my-deployment", "gpt-4o-2024-11-20"),
    ("openrouter/openai/gpt-4o", ""),
    ("GPT-4o", ""),
    ("ft:gpt-4o-mini-2024-07-18:acme:support:9aBc", ""),
    ("us.anthropic.claude-haiku-4-5-20251001-v1:0", ""),
    ("anthropic/claude-haiku-4.5", ""),
    ("claude-haiku-4-5@20251001", ""),
    ("claude-haiku-4-5-latest", ""),
    ("models/gemini-2.5-flash-preview-05-20", ""),
    ("gemini-2.5-flash", "gemini-2.5-flash-001"),
]


@pytest.mark.parametrize(("requested", "answered"), NAMES)
def test_a_model_is_found_by_the_names_that_gateways_give_it(engine: Engine, requested: str, answered: str) -> None:
    [span] = store(engine, call(request_model=requested, model_revision=answered))
    assert span["energy_source"] == "modelled"


def test_a_dated_model_has_its_own_row_and_the_model_that_answered_counts(engine: Engine) -> None:
    undated, dated, answered = store(
        engine,
        call(),
        call(request_model="gpt-4o-2024-08-06"),
        call(request_model="gpt-4o", model_revision="gpt-4o-2024-08-06"),
    )
    assert dated["energy_kwh"] == answered["energy_kwh"] != undated["energy_kwh"]


@pytest.mark.parametrize("model", ["", "gpt-4o-realtime", "my-own-model", "gpt", "o", "claude-3-7-sonnet-20250219"])
def test_a_model_that_the_set_does_not_know_has_no_energy(engine: Engine, model: str) -> None:
    [span] = store(engine, call(request_model=model))
    assert span == {
        "energy_kwh": None,
        "energy_kwh_low": None,
        "energy_kwh_high": None,
        "energy_source": "none",
        "energy_factors": "",
        "co2e_g": None,
        "grid": "",
    }


def test_no_count_of_tokens_is_no_energy_and_not_zero(engine: Engine) -> None:
    without_out, without_in = store(engine, call(output_tokens=None), call(input_tokens=None))
    assert (without_out["energy_kwh"], without_out["energy_source"]) == (None, "none")
    assert without_in["energy_kwh"] > 0  # EcoLogits does not ask for tokens in


@pytest.mark.parametrize("role", ["rollup", "duplicate", "none"])
def test_what_is_not_billable_is_not_modelled(engine: Engine, role: str) -> None:
    [span] = store(engine, call(billable=False, usage_role=role))
    assert (span["energy_kwh"], span["energy_source"], span["grid"]) == (None, "none", "")


def test_measured_energy_wins(engine: Engine) -> None:
    [span] = store(engine, call(energy_kwh=0.002, energy_source="measured"))
    assert (span["energy_kwh_low"], span["energy_kwh"], span["energy_kwh_high"]) == (0.002, 0.002, 0.002)
    assert (span["energy_source"], span["energy_factors"]) == ("measured", "")
    assert span["co2e_g"] == pytest.approx(0.002 * USA)


def test_measured_energy_of_what_is_no_call_is_kept_and_of_a_rollup_is_not(engine: Engine) -> None:
    tool, rollup, broken = store(
        engine,
        call(billable=False, usage_role="none", operation="tool", energy_kwh=0.5, energy_source="measured"),
        call(billable=False, usage_role="rollup", energy_kwh=0.5, energy_source="measured"),
        call(energy_kwh=-1.0, energy_source="measured"),
    )
    assert (tool["energy_kwh"], tool["energy_source"]) == (0.5, "measured")
    assert (rollup["energy_kwh"], rollup["energy_source"], rollup["grid"]) == (None, "none", "")
    assert (broken["energy_kwh"], broken["energy_source"]) == (None, "none")


def test_a_generation_ends_when_the_span_does(engine: Engine) -> None:
    """gpt-4o: 0.61 s and 74 tokens a second, so 300 tokens take 4.66 s. GPUs follow the tokens, the server the time."""
    free, long, short, none = store(
        engine,
        call(),
        call(duration_ns=10_000_000_000),
        call(duration_ns=1_000_000_000),
        call(duration_ns=0),
    )
    assert long == free
    server = 1.2 * (0.61 + 300 / 74) / 3600 * 1.2 * 16 / 8 / 64
    assert free["energy_kwh_low"] - none["energy_kwh_low"] == pytest.approx(server, rel=1e-9)
    assert free["energy_kwh_low"] - short["energy_kwh_low"] == pytest.approx(
        server * (1 - 1 / (0.61 + 300 / 74)), rel=1e-9
    )
    made = free["co2e_g"] - free["energy_kwh"] * USA
    assert made == pytest.approx((5_700_000 * 2 + 273_000 * 16) / (3 * 365 * 86400 * 64) * (0.61 + 300 / 74))
    assert none["co2e_g"] == pytest.approx(none["energy_kwh"] * USA)


PLACES = [
    ("openai", "us-east-1", "us-east-1 244.758 location (US-VA 2023, EPA eGRID2023)", 244.758),
    ("azure.ai.openai", "eastus", "eastus 244.758 location (US-VA 2023, EPA eGRID2023)", 244.758),
    ("azure.ai.openai", "Sweden Central", "swedencentral 40.695 location (SWE 2023, codecarbon 3.3.2)", 40.695),
    ("gcp.vertex_ai", "us-central1", "us-central1 430 location (Google by codecarbon 3.3.2)", 430),
    ("openai", "", "USA 369.473 location (2023, codecarbon 3.3.2), default of openai, region unknown (assumed)", USA),
    (
        "openai",
        "moon-1",
        "USA 369.473 location (2023, codecarbon 3.3.2), default of openai, region moon-1 not in the table (assumed)",
        USA,
    ),
    ("groq", "", "world 458.29 location (EcoLogits 0.11.3), region unknown (assumed)", WORLD),
]


@pytest.mark.parametrize(("provider", "region", "grid", "intensity"), PLACES)
def test_the_grid_is_said_with_its_source(
    engine: Engine, provider: str, region: str, grid: str, intensity: float
) -> None:
    [span] = store(engine, call(provider=provider, provider_region=region, energy_kwh=1.0, energy_source="measured"))
    assert (span["grid"], span["co2e_g"]) == (grid, pytest.approx(intensity))


def test_the_region_of_the_client_is_not_the_region_of_the_provider(engine: Engine) -> None:
    [span] = store(engine, call(region="eu-north-1"))
    assert "region unknown (assumed)" in span["grid"]


def test_sums_over_requests_and_over_tenants_are_the_same(engine: Engine) -> None:
    calls = [
        call(tenant=f"reconcile-{index % 7}", output_tokens=index * 37 % 4001, trace_id=f"{99:032x}")
        for index in range(2000)
    ]
    spans = store(engine, *calls)
    for column in ("energy_kwh", "energy_kwh_low", "energy_kwh_high", "co2e_g"):
        total = math.fsum(span[column] for span in spans)
        [[by_tenant]] = engine.rows(
            f"SELECT sum(s) FROM (SELECT sum({column}) AS s FROM spans WHERE tenant LIKE 'reconcile-%' GROUP BY tenant)"
        )
        assert by_tenant == pytest.approx(total, rel=1e-12, abs=1e-9)


TOKENS = st.integers(0, 2_000_000)


@hypothesis_settings(max_examples=5, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "request_model": st.sampled_from(
                    ["gpt-4o", "gpt-5-nano", "nobody", "claude-haiku-4-5", "command-r-08-2024"]
                ),
                "input_tokens": TOKENS,
                "cached_input_tokens": st.none() | TOKENS,
                "output_tokens": TOKENS,
                "duration_ns": st.none() | st.integers(0, 10**12),
                "service_tier": st.sampled_from(["", "batch", "default"]),
            }
        ),
        min_size=10,
        max_size=40,
    )
)
def test_figures_are_in_order_and_grow_with_tokens(engine: Engine, drawn: list[dict[str, Any]]) -> None:
    more = [one | {"output_tokens": one["output_tokens"] + 1000} for one in drawn]
    spans = store(engine, *(call(**one) for one in drawn + more))
    for less, greater in zip(spans[: len(drawn)], spans[len(drawn) :], strict=True):
        if less["energy_kwh"] is None:
            assert less["energy_source"] == "none"
            continue
        assert 0 <= less["energy_kwh_low"] <= less["energy_kwh"] <= less["energy_kwh_high"]
        assert less["co2e_g"] >= less["energy_kwh"] * USA * (1 - 2.4e-10)
        for column in ("energy_kwh_low", "energy_kwh", "energy_kwh_high", "co2e_g"):
            assert greater[column] >= less[column]
