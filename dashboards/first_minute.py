"""What somebody copies to send the first span: variables, Python, JavaScript, an OpenTelemetry Collector."""

from __future__ import annotations

from dataclasses import dataclass

from dashboards.render import render_text
from spanledger.settings import Settings

MADE = (
    ("variables", "Environment variables", "Most programs with an OpenTelemetry SDK need nothing else."),
    ("python", "Python", "A span of a model call, by hand. Instrumentations of LLM libraries make the same."),
    ("javascript", "JavaScript", "The same with Node.js."),
    ("collector", "OpenTelemetry Collector", "When spans go through one already."),
)
"""(template in templates/first/, heading, what for)."""


@dataclass(frozen=True)
class Snippet:
    """Something to copy."""

    name: str
    heading: str
    what: str
    install: str
    """A command to run before, or ''."""
    text: str


INSTALL = {
    "python": "pip install opentelemetry-sdk opentelemetry-exporter-otlp-proto-http",
    "javascript": "npm install @opentelemetry/sdk-trace-base @opentelemetry/exporter-trace-otlp-http",
}


def snippets(settings: Settings) -> list[Snippet]:
    """For the ports that this service listens on. A key is never shown: where one is needed, its place is named."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104  (compared, not bound)
    values = {
        "otlp_http": f"http://{host}:{settings.otlp_http_port}",
        "otlp_grpc": f"{host}:{settings.otlp_grpc_port}",
        "keys": bool(settings.api_keys),
    }
    return [
        Snippet(name, heading, what, INSTALL.get(name, ""), render_text(f"first/{name}.txt", values).strip())
        for name, heading, what in MADE
    ]
