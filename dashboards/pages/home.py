"""The first page: is anything coming in, from where, what was found in it, and what came last?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboards.asked import Asked
from dashboards.page import Page
from spanledger import sql
from spanledger.engine import Engine
from spanledger.figures import ago, plural
from spanledger.settings import Settings

QUERIES = Path(__file__).parent.parent / "queries"
WINDOW_HOURS = 24
NEWEST = 20
"""Rows of the table."""
MOST_FINDINGS = 20


@dataclass(frozen=True)
class Facts:
    """What came in the window. A token sum is None when no span reported any."""

    spans: int
    services: int
    tenants: int
    models: int
    input_tokens: int | None
    output_tokens: int | None
    age_seconds: int | None
    """Since the newest span of all started; None when there is none at all."""


@dataclass(frozen=True)
class Home:
    """What home.html is given."""

    title: str
    question: str
    facts: Facts
    spans: list[dict[str, Any]]
    """Rows of queries/home_spans.sql by column."""
    findings: list[dict[str, Any]]
    """Rows of queries/home_findings.sql by column."""
    otlp_http: str
    """Base URL that an exporter is given."""
    otlp_grpc: str
    """host:port for OTLP/gRPC."""
    window_hours: int = WINDOW_HOURS


def page(engine: Engine, settings: Settings) -> Page:
    """The page over an engine."""

    def read(_asked: Asked, _path: dict[str, str]) -> Home:
        return load(engine, settings)

    return Page("/", "home.html", read, nav="Now")


def load(engine: Engine, settings: Settings) -> Home:
    """Read the page from the engine."""
    window = {"hours": WINDOW_HOURS}
    facts = Facts(*engine.query_guarded(sql.read(QUERIES / "home_facts.sql"), window).rows[0])
    newest = engine.query_guarded(sql.read(QUERIES / "home_spans.sql"), window | {"limit": NEWEST})
    found = engine.query_guarded(sql.read(QUERIES / "home_findings.sql"), {"limit": MOST_FINDINGS})
    return Home(
        title=title(facts),
        question="What is coming in?",
        facts=facts,
        spans=newest.records(),
        findings=found.records(),
        otlp_http=f"http://{settings.host}:{settings.otlp_http_port}",
        otlp_grpc=f"{settings.host}:{settings.otlp_grpc_port}",
    )


def title(facts: Facts) -> str:
    """The answer in one line."""
    if facts.age_seconds is None:
        return "No span yet: send the first one"
    if not facts.spans:
        return f"No span in the last {WINDOW_HOURS} h, the newest {ago(facts.age_seconds)} ago"
    spans, services = plural(facts.spans, "span"), plural(facts.services, "service")
    return f"{spans} from {services} in the last {WINDOW_HOURS} h, the newest {ago(facts.age_seconds)} ago"
