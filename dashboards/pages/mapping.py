"""The mapping box: paste a span, see which rule fills which column. What is pasted is posted, never in an address."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from dashboards import asked as urls
from dashboards.asked import Asked
from dashboards.forms import Posted
from dashboards.page import Page, answer
from dashboards.rooms import Explain
from spanledger.errors import SpanledgerError
from spanledger.figures import plural
from spanledger.mapping.paste import FORMS, as_request

PATH = "/settings/mapping"
EXAMPLE = """{
  "gen_ai.operation.name": "chat",
  "gen_ai.provider.name": "anthropic",
  "gen_ai.request.model": "claude-opus-4-1",
  "gen_ai.usage.input_tokens": 1200,
  "gen_ai.usage.cache_read.input_tokens": 800,
  "gen_ai.usage.output_tokens": 150,
  "tenant.id": "acme"
}"""


@dataclass(frozen=True)
class MappingView:
    """What mapping.html is given."""

    title: str
    question: str
    forms: str
    """What may be pasted."""
    pasted: str
    scope: str
    spans: list[dict[str, Any]]
    """Explained, each with `name`, `recognised`, `columns`, `tokens`, `flags`."""
    problem: str


def page() -> Page:
    """The box, empty but for an example."""

    def load(_asked: Asked, _path: dict[str, str]) -> MappingView:
        return _view("Paste a span to see how it is read", EXAMPLE, "", [])

    return Page(PATH, "mapping.html", load, nav="Settings")


def add_form(routes: APIRouter, explain: Explain) -> None:
    """What becomes of what was pasted."""

    def post(request: Request, given: Posted) -> Response:
        text, scope = given.get("span", ""), given.get("scope", "")
        try:
            view, status = _explained(text, scope, explain(as_request(text, scope))), 200
        except SpanledgerError as error:
            view, status = _view("This can't be mapped", text, scope, [], str(error)), 422
        asked = urls.read(PATH, {}, datetime.now(UTC), theme=request.cookies.get("theme", ""))
        return answer("mapping.html", {"page": view, "asked": asked, "nav": "Settings", "twins": {}}, status)

    routes.add_api_route(PATH, post, methods=["POST"])


def _explained(text: str, scope: str, spans: list[dict[str, Any]]) -> MappingView:
    filled = sum(len(span["columns"]) for span in spans)
    known = ", ".join(dict.fromkeys(span["recognised"] for span in spans)) or "no span"
    return _view(f"{known}: {plural(filled, 'column')} filled", text, scope, spans)


def _view(title: str, text: str, scope: str, spans: list[dict[str, Any]], problem: str = "") -> MappingView:
    return MappingView(title, "Which rule fills which column?", FORMS, text, scope, spans, problem)
