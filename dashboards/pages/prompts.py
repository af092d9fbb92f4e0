"""Prompts of a range, and models with what they cost, those without a price among them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter

from dashboards.asked import Asked
from dashboards.forms import add_form
from dashboards.page import Page
from dashboards.versions import MODEL, PROMPT
from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import BadRequest
from spanledger.figures import money, plural
from spanledger.prices import agreed

QUERIES = Path(__file__).parent.parent / "queries"
PROMPTS_SHEET = ("prompt_name", "versions", "newest_version", "models", "tenants", "calls", "errors", "unpriced_calls",
    "cost_usd", "cost_per_call", "energy_kwh", "hit_rate", "first_hour", "last_hour")  # fmt: skip
MODELS_SHEET = ("provider", "model", "tenants", "calls", "errors", "unpriced_calls", "input_tokens", "output_tokens",
    "cost_usd", "cost_per_call", "energy_kwh", "hit_rate")  # fmt: skip


@dataclass(frozen=True)
class PromptsView:
    """What prompts.html is given."""

    title: str
    question: str
    prompts: list[dict[str, Any]]
    path: str
    """Of the page of one prompt."""
    sql: str


@dataclass(frozen=True)
class ModelsView:
    """What models.html is given."""

    title: str
    question: str
    models: list[dict[str, Any]]
    names: list[dict[str, Any]]
    """Names by which models were asked for, with the revisions that answered."""
    unpriced: list[dict[str, Any]]
    path: str
    sql: str


def pages(engine: Engine) -> list[Page]:
    """Both pages over an engine."""

    def prompts(asked: Asked, _path: dict[str, str]) -> PromptsView:
        return read_prompts(engine, asked)

    def models(asked: Asked, _path: dict[str, str]) -> ModelsView:
        return read_models(engine, asked)

    return [
        Page(PROMPT.list_path, "prompts.html", prompts, rows=prompts_sheet, default_range="7d", nav=PROMPT.nav),
        Page(MODEL.list_path, "models.html", models, rows=models_sheet, default_range="7d", nav=MODEL.nav),
    ]


def add_forms(routes: APIRouter, engine: Engine) -> None:
    """Mapping a model without a price to one that has some."""

    def map_model(given: dict[str, str], _path: dict[str, str]) -> str:
        name, to = given.get("name", "").strip(), given.get("to", "").strip()
        if not name or not to or max(len(name), len(to)) > 500:
            raise BadRequest(
                "Name the model as its spans do, and a model that has a price, both in up to 500 characters."
            )
        agreed.map_model(engine, agreed.Mapping(name=name, to=to))
        return "/models?mapped=1#unpriced"

    add_form(routes, "/models/map", map_model)


def read_prompts(engine: Engine, asked: Asked) -> PromptsView:
    """Prompts by what they cost."""
    found = _rows(engine, "prompts", asked)
    named = [row for row in found if row["prompt_name"]]
    changed = sum(row["versions"] > 1 for row in named)
    cost = sum(row["cost_usd"] or 0 for row in found)
    title = (
        f"{plural(len(named), 'prompt')}, {money(cost)}, {changed or 'none'} with a new version"
        if found
        else "No calls"
    )
    return PromptsView(
        title, "What do prompts cost, and which changed?", found, PROMPT.path, sql.read(QUERIES / "prompts.sql")
    )


def read_models(engine: Engine, asked: Asked) -> ModelsView:
    """Models by what they cost, and those without a price."""
    found, unpriced = _rows(engine, "models", asked), _rows(engine, "unpriced_models", asked)
    calls = sum(row["calls"] for row in unpriced)
    title = f"{plural(len(found), 'model')}, {money(sum(row['cost_usd'] or 0 for row in found))}"
    if unpriced:
        title += f"; {plural(calls, 'call')} of {plural(len(unpriced), 'model')} have no price"
    question = "What do models cost, and which have no price?"
    names = _rows(engine, "asked_models", asked)
    return ModelsView(title, question, found, names, unpriced, MODEL.path, sql.read(QUERIES / "models.sql"))


def prompts_sheet(view: PromptsView) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    """As a table for CSV."""
    return PROMPTS_SHEET, [[row[name] for name in PROMPTS_SHEET] for row in view.prompts]


def models_sheet(view: ModelsView) -> tuple[Sequence[str], Sequence[Sequence[object]]]:
    """As a table for CSV."""
    return MODELS_SHEET, [[row[name] for name in MODELS_SHEET] for row in view.models]


def _rows(engine: Engine, name: str, asked: Asked) -> list[dict[str, Any]]:
    return engine.query_guarded(sql.read(QUERIES / f"{name}.sql"), asked.parameters()).records()
