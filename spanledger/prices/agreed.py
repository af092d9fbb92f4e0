"""What users say about prices: models under other names, negotiated rates, models of their own. Rows are only added."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from spanledger.engine import Engine
from spanledger.errors import BadRequest
from spanledger.prices.formula import render
from spanledger.prices.load import CHANGED_BY_USERS, RATES, reload_dictionaries
from spanledger.sql import LAST_DAY

Usd = Annotated[Decimal, Field(ge=0, max_digits=36, decimal_places=18)]
Name = Annotated[str, Field(min_length=1, max_length=500)]


class Mapping(BaseModel):
    """A name that spans have for a model, and the known model that it stands for."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    to: Annotated[str, Field(min_length=1, max_length=500, description="`provider/model`, or a name that is known.")]


class Override(BaseModel):
    """A price that holds from a day on, in USD per million tokens; `request` per thousand requests.

    A model of one's own is paid by time: `gpu_hour_usd` x `gpus` / `concurrency` for each hour that a call takes.
    """

    model_config = ConfigDict(extra="forbid")

    model: Name
    provider: str = ""
    tenant: str = Field("", description="Empty: all tenants.")
    tier: str = Field("", pattern="^(batch|flex|priority|fast|)$", description="Empty: the standard tier.")
    valid_from: date = Field(date(1970, 1, 1), description="First day, UTC.")
    valid_to: date = Field(LAST_DAY, description="Last day, included.")
    tier_from: int = Field(0, ge=0, description="Holds for calls with at least this many input tokens.")
    input: Usd | None = None
    cached: Usd | None = None
    write: Usd | None = None
    write_1h: Usd | None = None
    output: Usd | None = None
    reasoning: Usd | None = None
    audio_input: Usd | None = None
    audio_cached: Usd | None = None
    audio_output: Usd | None = None
    request: Usd | None = None
    gpu_hour_usd: Usd | None = None
    gpus: int = Field(1, ge=1)
    concurrency: float = Field(1, gt=0, allow_inf_nan=False)
    note: str = ""

    @model_validator(mode="after")
    def _has_a_price(self) -> Override:
        if all(getattr(self, name) is None for name in (*RATES, "gpu_hour_usd")):
            raise ValueError("give at least one rate, or gpu_hour_usd")
        if not date(1970, 1, 1) <= self.valid_from <= self.valid_to <= LAST_DAY:
            raise ValueError(f"valid_from must not be after valid_to; both lie between 1970-01-01 and {LAST_DAY}")
        return self


def find_model(engine: Engine, name: str, provider: str = "") -> str:
    """`provider/model` of the price list for a name, as a span with that name would find it; '' when unknown."""
    [[key]] = engine.rows(render("find_model.sql"), {"name": name, "provider": provider})
    return str(key)


def map_model(engine: Engine, mapping: Mapping) -> str:
    """Let `name` stand for the model `to` from now on; the model's `provider/model`. BadRequest when it is unknown."""
    known = engine.rows("SELECT 1 FROM prices WHERE model_key = {key:String} LIMIT 1", {"key": mapping.to.lower()})
    key = mapping.to.lower() if known else find_model(engine, mapping.to)
    if not key:
        raise BadRequest(
            f"No price is known for {mapping.to!r}, so nothing can be mapped to it. Name a model as "
            "`spanledger prices list` shows it, or set a price with `spanledger prices set`."
        )
    engine.insert("model_aliases", ["name", "model_key"], [[mapping.name.lower(), key]])
    reload_dictionaries(engine, CHANGED_BY_USERS)
    return key


def set_price(engine: Engine, override: Override) -> str:
    """Add a price; `provider/model` that it is for. A model that the price list does not know becomes known."""
    provider, model = override.provider.lower(), override.model.lower()
    known = engine.rows("SELECT 1 FROM prices WHERE model_key = {key:String} LIMIT 1", {"key": model})
    key = model if known else find_model(engine, model, provider) or f"{provider or '*'}/{model}"
    values: dict[str, Any] = override.model_dump(exclude={"tier"})
    values |= {"provider": provider, "model": model, "mode": override.tier, "model_key": key}
    values["price_provider"] = _price_provider(engine, provider) if provider else "*"
    engine.insert("price_overrides", list(values), [list(values.values())])
    reload_dictionaries(engine, CHANGED_BY_USERS)
    return key


def _price_provider(engine: Engine, provider: str) -> str:
    """Under which provider a span with this provider's name is looked up."""
    rows = engine.rows(
        "SELECT dictGetOrDefault('price_providers', 'price_provider', {name:String}, '')", {"name": provider}
    )
    return str(rows[0][0])


def unpriced(engine: Engine) -> list[dict[str, Any]]:
    """Models with traffic and no price, most calls first."""
    answer = engine.query("SELECT * FROM unpriced_models ORDER BY calls DESC, model")
    return answer.records()
