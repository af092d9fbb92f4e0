"""The Langfuse SDK, its spans sent to any OTLP endpoint."""

from __future__ import annotations

import telemetry
from langfuse import Langfuse, get_client, observe, propagate_attributes
from langfuse.openai import OpenAI
from opentelemetry.sdk.trace import TracerProvider

PROVIDER = TracerProvider()
Langfuse(
    public_key="pk-lf-local",
    secret_key="sk-lf-local",
    base_url="http://127.0.0.1:9",  # nobody: spans go where the exporter says
    tracer_provider=PROVIDER,
    span_exporter=telemetry.Exporter(),
)


@observe(name="handle-question", as_type="agent")
def _ask() -> None:
    with propagate_attributes(user_id="u-1042", session_id="sess-8f31", metadata={"tenant": "acme"}):
        OpenAI().chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": "Weather?"}])


def openai() -> None:
    """By the wrapper around the OpenAI SDK."""
    _ask()


def anthropic() -> None:
    """A generation that the application reports itself, in Langfuse's disjoint buckets."""
    with get_client().start_as_current_observation(
        name="claude-call", as_type="generation", model="claude-sonnet-4-5"
    ) as generation:
        generation.update(
            output="18 degrees",
            usage_details={
                "input": 42,
                "input_cached_tokens": 12288,
                "input_cache_creation_5m": 1536,
                "input_cache_creation_1h": 512,
                "output": 118,
            },
        )


CALLS = (openai, anthropic)
if __name__ == "__main__":
    telemetry.run({call.__name__: call for call in CALLS}, PROVIDER)
