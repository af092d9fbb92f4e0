"""What users say about prices wins over the list, by dates, by tenant, and for models of their own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from spanledger.engine import Engine
from spanledger.errors import BadRequest
from spanledger.prices.agreed import Mapping, Override, find_model, map_model, set_price, unpriced
from tests.prices.conftest import Price

USAGE = {"input_tokens": 1_000_000, "cached_input_tokens": 0, "output_tokens": 1_000_000}


def override(model: str, **values: Any) -> Override:
    return Override.model_validate({"model": model} | values)


def test_an_agreed_price_wins_from_its_day_on(engine: Engine, price: Price) -> None:
    call = {"provider": "openai", "request_model": "gpt-4.1-mini-2025-04-14"} | USAGE
    set_price(engine, override("gpt-4.1-mini", input="0.2", cached="0.05", output="0.8", valid_from=date(2026, 5, 1)))
    set_price(engine, override("gpt-4.1-mini", input="0.1", cached="0.05", output="0.4", valid_from=date(2026, 6, 1)))
    days = [datetime(2026, month, day, tzinfo=UTC) for month, day in ((4, 30), (5, 1), (5, 31), (6, 1))]
    spans = price([call | {"started_at": day} for day in days])
    assert [span["cost_usd"] for span in spans] == pytest.approx([2.0, 1.0, 1.0, 0.5], rel=1e-12)
    assert spans[0]["price_row"] == "genai-prices 0.2.3 openai/gpt-4.1-mini"
    assert "openai/gpt-4.1-mini from 2026-05-01" in spans[1]["price_row"]
    assert spans[1]["price_row"].startswith("override 20")


def test_of_two_prices_for_a_day_the_last_one_counts(engine: Engine, price: Price) -> None:
    call = {"provider": "openai", "request_model": "gpt-4.1"} | USAGE
    for usd in ("9", "7"):
        set_price(engine, override("gpt-4.1", input=usd, cached="1", output="1", valid_from=date(2026, 1, 1)))
    assert price([call])[0]["cost_usd"] == pytest.approx(8)
    assert engine.rows("SELECT count() FROM price_overrides WHERE model = 'gpt-4.1'") == [[2]]


def test_a_tenant_may_have_a_price_of_its_own(engine: Engine, price: Price) -> None:
    call = {"provider": "anthropic", "request_model": "claude-haiku-4-5"} | USAGE
    set_price(
        engine, override("claude-haiku-4-5", provider="anthropic", tenant="acme", input="0.5", cached="0", output="2")
    )
    acme, other = price([call | {"tenant": "acme"}, call | {"tenant": "globex"}])
    assert (acme["cost_usd"], other["cost_usd"]) == (pytest.approx(2.5), pytest.approx(6))
    assert "for acme" in acme["price_row"]


def test_an_agreed_standard_price_leaves_batch_alone(engine: Engine, price: Price) -> None:
    call = {"provider": "openai", "request_model": "gpt-4o-mini"} | USAGE
    set_price(engine, override("gpt-4o-mini", input="0.1", cached="0", output="0.1"))
    standard, batch = price([call, call | {"service_tier": "batch"}])
    assert standard["cost_usd"] == pytest.approx(0.2)
    assert batch["price_row"] == "genai-prices 0.2.3 openai/gpt-4o-mini from 2026-10-14 batch"


def test_tiers_of_an_agreed_price(engine: Engine, price: Price) -> None:
    set_price(engine, override("in-house", provider="acme-ai", input="1", output="1"))
    set_price(engine, override("in-house", provider="acme-ai", input="2", output="2", tier_from=1001))
    call = {"provider": "acme-ai", "request_model": "In-House", "output_tokens": 0}
    below, above = price([call | {"input_tokens": 1000}, call | {"input_tokens": 1001}])
    assert (below["cost_usd"], above["cost_usd"]) == (pytest.approx(0.001), pytest.approx(0.002002))


def test_a_model_paid_by_gpu_hour(engine: Engine, price: Price) -> None:
    set_price(engine, override("llama-3-70b", provider="vllm", gpu_hour_usd="2.50", gpus=4, concurrency=8))
    call = {"provider": "vllm", "request_model": "llama-3-70b", "input_tokens": 100, "output_tokens": 20}
    spans = price([call | {"duration_ns": 36_000_000_000}, call, {**call, "provider": "ollama"}])
    assert spans[0]["cost_usd"] == pytest.approx(2.50 * 4 * 36 / 3600 / 8, rel=1e-12)
    assert (spans[0]["cost_input_usd"], spans[0]["cost_status"]) == (0, "priced")
    assert spans[1]["cost_status"] == "partial"  # how long it took is not known
    assert spans[2]["cost_status"] == "unpriced"


def test_unpriced_models_can_be_mapped(engine: Engine, price: Price) -> None:
    call = {"provider": "azure.ai.openai", "request_model": "prod-Deployment-7", "tenant": "acme"} | USAGE
    assert price([call, call | {"tenant": "globex"}])[0]["cost_status"] == "unpriced"
    [listed] = [row for row in unpriced(engine) if row["model"] == "prod-Deployment-7"]
    assert (listed["provider"], listed["calls"], listed["tokens"], listed["tenants"]) == (
        "azure.ai.openai", 2, 4_000_000, 2,
    )  # fmt: skip
    assert map_model(engine, Mapping(name="prod-Deployment-7", to="gpt-4.1-nano")) == "openai/gpt-4.1-nano"
    assert price([call])[0]["cost_usd"] == pytest.approx(0.5)
    assert (
        map_model(engine, Mapping(name="prod-deployment-7", to="anthropic/claude-opus-4-5"))
        == "anthropic/claude-opus-4-5"
    )
    assert price([call])[0]["price_row"] == "genai-prices 0.2.3 anthropic/claude-opus-4-5"


def test_nothing_is_mapped_to_an_unknown_model(engine: Engine) -> None:
    with pytest.raises(BadRequest, match="No price is known for 'nobody/knows'"):
        map_model(engine, Mapping(name="x", to="nobody/knows"))
    assert find_model(engine, "nobody/knows") == ""


@pytest.mark.parametrize(
    "values",
    [{}, {"input": "-1"}, {"input": "1", "valid_from": "2026-02-01", "valid_to": "2026-01-01"}, {"input": "NaN"}],
)
def test_a_price_must_make_sense(values: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        override("m", **values)


def test_prices_are_kept_to_the_last_digit(engine: Engine) -> None:
    set_price(engine, override("exact", provider="acme-ai", input=Decimal("0.123456789012345678")))
    stored = engine.rows("SELECT toString(input) FROM price_overrides WHERE model = 'exact'")
    assert stored == [["0.123456789012345678"]]
