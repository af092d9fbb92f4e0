"""Price rows of one model: what holds from which day, at which hours, from how many tokens on, for which tier.

genai-prices' own code is asked for the price at every point where it can change, so a row can't differ from it.
Derived by a rule of ours, and said in the row's note: Anthropic's 1-hour cache writes where no price is given, and
batch prices of OpenAI and Anthropic for the time before genai-prices lists them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import groupby

from genai_prices.types import (
    ConditionalPrice,
    ModelInfo,
    ModelPrice,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from spanledger.prices.load import DAY_MINUTES
from spanledger.sql import FIRST_DAY, LAST_DAY

CONTEXTS: dict[str, list[dict[str, str]]] = {
    "": [{}],
    "batch": [{"processing": "batch"}],
    "flex": [{"service_tier": "flex"}],
    "priority": [{"service_tier": "priority"}],
    "fast": [{"service_tier": "fast"}, {"speed": "fast"}],
}
"""Our name of a tier to the request contexts of genai-prices that mean it."""

RATES = {
    "input": "input_mtok",
    "cached": "cache_read_mtok",
    "write": "cache_write_mtok",
    "write_1h": "cache_write_1h_mtok",
    "output": "output_mtok",
    "reasoning": "output_reasoning_mtok",
    "audio_input": "input_audio_mtok",
    "audio_cached": "cache_audio_read_mtok",
    "audio_output": "output_audio_mtok",
    "request": "requests_kcount",
}
"""Our rates to the price keys of genai-prices; USD per million tokens, `request` in USD per thousand requests."""

HALF_IN_BATCH = {
    "openai": "openai.com/api/pricing: Batch API, 50 % of input and output",
    "anthropic": "docs.anthropic.com, Message Batches: 50 % of the standard price",
}
ANTHROPIC_1H = "docs.anthropic.com, Prompt caching: a 1-hour write costs 2 x the input price"

Prices = dict[str, Decimal | TieredPrices]


@dataclass(frozen=True)
class Row:
    """One price: the key (model, tier, minutes of the UTC day), days, input tokens from which it holds, and rates."""

    mode: str
    from_minute: int
    to_minute: int
    valid_from: date
    valid_to: date
    tier_from: int
    rates: tuple[Decimal | None, ...]
    note: str = ""


def rows_of(provider: str, model: ModelInfo) -> Iterator[Row]:
    """All rows of a model; none where genai-prices has no price by tokens or requests."""
    days, minutes = _days(model), _minutes(model)
    for mode in CONTEXTS:
        for start, end in zip(minutes, [*minutes[1:], DAY_MINUTES], strict=True):
            found = [(day, _price(provider, model, mode, day, start)) for day in days]
            for prices, group in groupby(found, key=lambda pair: pair[1]):
                held = [day for day, _ in group]
                if prices is None:
                    continue
                next_change = next((day for day in days if day > held[-1]), None)
                last = next_change - timedelta(days=1) if next_change else LAST_DAY
                base = Row(mode, start, end, held[0], last, 0, (), prices[1])
                yield from _tiers(base, prices[0], model)


def _price(provider: str, model: ModelInfo, mode: str, day: date, minute: int) -> tuple[Prices, str] | None:
    """Prices of one moment and a note; None where this tier has no price of its own."""
    moment = datetime.combine(day, time(minute // 60, minute % 60), UTC)
    standard = model.get_prices(moment)
    if not mode:
        return _listed(standard)
    for context in CONTEXTS[mode]:
        if _active(model, context, moment) and (listed := _listed(model.get_prices(moment, context))):
            return listed
    if mode == "batch" and provider in HALF_IN_BATCH and (listed := _listed(standard)):
        return _batch(provider, model, standard, listed[0])
    return None


def _listed(price: ModelPrice) -> tuple[Prices, str] | None:
    prices = {ours: value for ours, key in RATES.items() if (value := getattr(price, key)) is not None}
    return (prices, "") if set(prices) else None


def _active(model: ModelInfo, context: dict[str, str], moment: datetime) -> bool:
    return any(
        variant.when == context and (variant.constraint is None or variant.constraint.active(moment))
        for variant in model.price_variants or ()
    )


def _batch(provider: str, model: ModelInfo, standard: ModelPrice, listed: Prices) -> tuple[Prices, str]:
    """The batch price before genai-prices lists one: the listed one if the standard price is the same, else half."""
    note = f"batch: {HALF_IN_BATCH[provider]}"
    for variant in model.price_variants or ():
        if variant.when == {"processing": "batch"} and isinstance(variant.constraint, StartDateConstraint):
            then = datetime.combine(variant.constraint.start_date, time(), UTC)
            later = _listed(model.get_prices(then, variant.when))
            if later and model.get_prices(then) == standard:
                return later[0], note
    return {rate: price if rate == "request" else _half(price) for rate, price in listed.items()}, note


def _half(price: Decimal | TieredPrices) -> Decimal | TieredPrices:
    if isinstance(price, Decimal):
        return price / 2
    return TieredPrices(base=price.base / 2, tiers=[replace(tier, price=tier.price / 2) for tier in price.tiers])


def _tiers(base: Row, prices: Prices, model: ModelInfo) -> Iterator[Row]:
    """One row a tier. genai-prices' tier starts above its number of tokens; ours from the next one on."""
    starts = sorted(
        {tier.start for price in prices.values() if isinstance(price, TieredPrices) for tier in price.tiers}
    )
    for start in [0, *[start + 1 for start in starts]]:
        at = {rate: _at(price, start) for rate, price in prices.items()}
        note = base.note
        if "claude" in model.id and "write" in at and "write_1h" not in at and "input" in at:
            at["write_1h"] = 2 * at["input"]
            note = "; ".join(filter(None, [note, f"write_1h: {ANTHROPIC_1H}"]))
        yield replace(base, tier_from=start, rates=tuple(at.get(rate) for rate in RATES), note=note)


def _at(price: Decimal | TieredPrices, tokens: int) -> Decimal:
    if isinstance(price, Decimal):
        return price
    return next((tier.price for tier in reversed(price.tiers) if tokens > tier.start), price.base)


def _days(model: ModelInfo) -> list[date]:
    """Days on which the price can change, the first of all days included."""
    constraints = [variant.constraint for variant in model.price_variants or ()]
    constraints += [price.constraint for price in _conditional(model)]
    return sorted({FIRST_DAY, *(c.start_date for c in constraints if isinstance(c, StartDateConstraint))})


def _minutes(model: ModelInfo) -> list[int]:
    """Minutes of the UTC day at which the price can change, midnight included."""
    minutes = {0}
    for price in _conditional(model):
        if isinstance(price.constraint, TimeOfDateConstraint):
            for edge in (price.constraint.start_time, price.constraint.end_time):
                if edge.utcoffset() not in (None, timedelta(0)) or edge.second:
                    raise ValueError(f"{model.id} has a price from {edge}; only whole minutes of UTC are handled.")
                minutes.add(edge.hour * 60 + edge.minute)
    return sorted(minutes)


def _conditional(model: ModelInfo) -> list[ConditionalPrice]:
    return [] if isinstance(model.prices, ModelPrice) else list(model.prices)
