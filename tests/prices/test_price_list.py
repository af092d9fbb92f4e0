"""The exported list against genai-prices itself: the same model for every name, the same cost for every usage."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from genai_prices import types
from genai_prices.data import providers

from spanledger.engine import Engine
from spanledger.lookups import apply_lookups
from spanledger.prices.export import BY_ID, SNAPSHOT, find
from spanledger.prices.formula import render
from spanledger.prices.load import FOLDER, load_prices, read_about
from spanledger.prices.match_rules import expression, leaves
from spanledger.prices.price_rows import CONTEXTS
from spanledger.settings import Settings
from tests.prices.conftest import Call, Price

OURS = {
    "openai": "openai", "anthropic": "anthropic", "aws": "aws.bedrock", "google": "gcp.gemini",
    "azure": "azure.ai.openai",
    "x-ai": "x_ai", "mistral": "mistral_ai", "groq": "groq", "deepseek": "deepseek", "cohere": "cohere",
    "moonshotai": "moonshot_ai", "openrouter": "openrouter", "fireworks": "fireworks", "perplexity": "perplexity",
}  # fmt: skip
"""Providers of genai-prices to the names that spans have for them."""

CHOICE = random.Random(20261121)
MOMENTS = [datetime(2025, 3, 1, 3, 15, tzinfo=UTC), datetime(2026, 11, 15, 17, 45, tzinfo=UTC)]


def names() -> Iterator[tuple[str, str]]:
    """Names for models: spelled out, after a prefix, dated, in capitals, and some that nobody sells."""
    for provider_id in OURS:
        models = BY_ID[provider_id].models
        for model in CHOICE.sample(models, min(len(models), 40)):
            for clause in leaves(model.match):
                match clause:
                    case types.ClauseEquals():
                        yield provider_id, clause.equals
                    case types.ClauseStartsWith():
                        yield (
                            provider_id,
                            clause.starts_with + CHOICE.choice(["", "-20260101", "-tts", "-preview-tts-x", "zz"]),
                        )
                    case types.ClauseContains():
                        yield provider_id, CHOICE.choice(["", "x."]) + clause.contains + CHOICE.choice(["", "-v1:0"])
                    case types.ClauseEndsWith():
                        yield provider_id, "arn/" + clause.ends_with
                    case types.ClauseRegex():
                        dated = clause.regex.replace(r"\d{4}-\d{2}-\d{2}", "2026-01-31").replace(r"\d{8}", "20260131")
                        yield provider_id, dated.strip("^$").replace("\\", "").replace("[-@]", "@")
        yield provider_id, "nobody-sells-this"


def test_names_lead_to_the_same_models(engine: Engine) -> None:
    cases = sorted({(provider, name.upper() if CHOICE.random() < 0.1 else name) for provider, name in names()})
    assert len(cases) > 700
    found = engine.rows(
        render("find_model.sql").replace(
            "(SELECT {provider:String} AS provider, '' AS model_revision, {name:String} AS request_model)",
            "(SELECT c.1 AS provider, '' AS model_revision, c.2 AS request_model FROM (SELECT arrayJoin("
            "arrayZip({providers:Array(String)}, {names:Array(String)})) AS c))",
        ),
        {"providers": [OURS[provider] for provider, _ in cases], "names": [name for _, name in cases]},
    )
    wrong = []
    for (provider, name), (ours,) in zip(cases, found, strict=True):
        theirs = find(name.lower(), BY_ID[provider])
        # where genai-prices knows none, a name with a path may still say where it is sold
        if ours != theirs and (theirs or "/" not in name):
            wrong.append((provider, name, theirs, ours))
    assert not wrong


@pytest.mark.parametrize(
    ("provider", "name", "key"),
    [
        ("openai", "gpt-4o-2024-08-06", "openai/gpt-4o"),
        ("anthropic", "claude-sonnet-4-5-20250929", "anthropic/claude-sonnet-4-5"),
        ("aws.bedrock", "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
         "aws/regional.anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ("", "openai/gpt-4o", "openai/gpt-4o"),
        ("litellm", "gemini/gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("gcp.gemini", "models/gemini-2.5-flash", "google/gemini-2.5-flash"),
        ("azure.ai.openai", "gpt-4o-2024-08-06", "openai/gpt-4o"),
        ("", "claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"),
        ("my-gateway", "gpt-4o", "openai/gpt-4o"),
        ("openai", "claude-sonnet-4-5", "anthropic/claude-sonnet-4-5"),
        ("ollama", "deepseek-chat", ""),
        ("vllm", "openai/gpt-4o", ""),
        ("openai", "my-deployment", ""),
        ("", "", ""),
    ],
)  # fmt: skip
def test_raw_model_strings(engine: Engine, provider: str, name: str, key: str) -> None:
    assert engine.rows(render("find_model.sql"), {"provider": provider, "name": name}) == [[key]]


def usages(provider_id: str, model: types.ModelInfo, at: datetime, mode: str) -> tuple[Call, types.Usage] | None:
    """A usage of random size, for us and for genai-prices; None where we price by another rule."""
    context = CONTEXTS[mode][0]
    price = model.get_prices(at, context)
    if price.cache_read_mtok is None or price.output_mtok is None or price.input_mtok is None:
        return None  # we make no price for cached input up
    total = CHOICE.choice([900, 150_000, 250_000, 600_000])
    cached, written, output = CHOICE.randrange(total // 2), CHOICE.randrange(total // 4), CHOICE.randrange(9_000)
    one_hour = written // 3 if price.cache_write_1h_mtok is not None else 0
    call = {
        "provider": OURS[provider_id], "request_model": model.id, "started_at": at, "service_tier": mode,
        "input_tokens": total, "cached_input_tokens": cached, "cache_write_tokens": written,
        "cache_write_1h_tokens": one_hour, "output_tokens": output,
    }  # fmt: skip
    usage = types.Usage(
        input_tokens=total, cache_read_tokens=cached, cache_write_tokens=written, cache_write_1h_tokens=one_hour,
        output_tokens=output, output_reasoning_tokens=0,
    )  # fmt: skip
    return call, usage


def test_costs_are_those_of_genai_prices(price: Price) -> None:
    """Hundreds of models, both days, every tier with a price of its own: equal to 1e-9 of the cost."""
    calls, expected = [], []
    for provider_id in OURS:
        for model in BY_ID[provider_id].models:
            if find(model.id, BY_ID[provider_id]) != f"{provider_id}/{model.id.lower()}":
                continue  # its own id leads to another model
            for at in MOMENTS:
                for mode in _modes(model, at):
                    if (pair := usages(provider_id, model, at, mode)) is None:
                        continue
                    calls.append(pair[0])
                    provider = BY_ID[provider_id]
                    theirs = model.calc_price(
                        pair[1], provider, genai_request_timestamp=at, price_context=CONTEXTS[mode][0] or None
                    )
                    expected.append(theirs.total_price)
    assert len(calls) > 900
    for call, span, usd in zip(calls, price(calls), expected, strict=True):
        assert span["cost_status"] == "priced", (call, span)
        assert abs(Decimal(span["cost_usd"]) - usd) <= usd * Decimal("1e-9"), (call, span, usd)


def _modes(model: types.ModelInfo, at: datetime) -> list[str]:
    """Tiers that genai-prices has a price of its own for at a moment."""
    modes = [""]
    for mode in ("batch", "flex", "priority"):
        for variant in model.price_variants or ():
            if variant.when == CONTEXTS[mode][0] and (variant.constraint is None or variant.constraint.active(at)):
                modes.append(mode)
    return modes


def test_every_rule_can_be_written_for_the_engine(engine: Engine) -> None:
    """The dictionary holds them all, and none of them is a pattern that RE2 reads otherwise."""
    rules = engine.rows("SELECT id, regexp FROM price_rules FINAL ORDER BY id")
    assert len(rules) == len((FOLDER / "rules.csv").read_text().splitlines()) - 1
    for provider in providers:
        for model in provider.models:
            for clause in leaves(model.match):
                if not isinstance(clause, types.ClauseEquals):
                    assert "(?!" not in expression(clause)


def test_the_files_are_what_their_digest_says() -> None:
    """A hand-made change of a file would not be loaded: export again instead."""
    files = ("providers.csv", "rows.csv", "names.csv", "rules.csv")
    assert hashlib.sha256(b"".join((FOLDER / name).read_bytes() for name in files)).hexdigest() == read_about().sha256
    assert "MIT License" in (FOLDER / "LICENSE.genai-prices").read_text()


def test_a_list_is_loaded_once(engine: Engine, tmp_path: Path) -> None:
    assert load_prices(engine) is None
    assert not list(tmp_path.iterdir())
    [[lists]] = engine.rows("SELECT count() FROM price_lists")
    assert lists == 1


def test_the_snapshot_is_the_bundled_one() -> None:
    assert SNAPSHOT.providers is providers


def test_lookups_are_replaced_under_the_views_that_ask_them(engine: Engine, settings: Settings, price: Price) -> None:
    assert list(apply_lookups(engine, settings)) == []
    engine.insert("applied_views", ["name", "checksum"], [["price_lookups", "of another version"]])
    assert list(apply_lookups(engine, settings)) == ["price_lookups"]
    assert list(apply_lookups(engine, settings)) == []
    [span] = price([{"provider": "openai", "request_model": "gpt-4o", "input_tokens": 1_000_000, "output_tokens": 0}])
    assert span["cost_usd"] == pytest.approx(2.5)
