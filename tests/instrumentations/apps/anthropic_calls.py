"""The Anthropic SDK as an application uses it. ANTHROPIC_BASE_URL says where the provider is."""

from __future__ import annotations

import telemetry

PROVIDER = telemetry.start()

import anthropic  # noqa: E402 - some instrumentations must come first

MODEL = "claude-sonnet-4-5"
QUESTION = {"role": "user", "content": "What is the weather in Paris?"}
TOOL = {
    "name": "get_weather",
    "description": "Weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def chat() -> None:
    """A plain call."""
    anthropic.Anthropic().messages.create(model=MODEL, max_tokens=256, system="Be brief.", messages=[QUESTION])


def tools() -> None:
    """An answer that asks for a tool."""
    anthropic.Anthropic().messages.create(model=MODEL, max_tokens=256, messages=[QUESTION], tools=[TOOL])


def stream() -> None:
    """Pieces by the plain call."""
    for _ in anthropic.Anthropic().messages.create(model=MODEL, max_tokens=256, messages=[QUESTION], stream=True):
        pass


def stream_helper() -> None:
    """Pieces by the SDK's helper."""
    with anthropic.Anthropic().messages.stream(model=MODEL, max_tokens=256, messages=[QUESTION]) as pieces:
        for _ in pieces.text_stream:
            pass


def busy() -> None:
    """Refused once, and asked again by the SDK."""
    anthropic.Anthropic(max_retries=2).messages.create(
        model=MODEL, max_tokens=256, messages=[{"role": "user", "content": "Are you busy now?"}]
    )


def refused() -> None:
    """Refused once, and asked again by the application."""
    client = anthropic.Anthropic(max_retries=0)
    messages = [{"role": "user", "content": "Are you busy today?"}]
    try:
        client.messages.create(model=MODEL, max_tokens=256, messages=messages)
    except anthropic.RateLimitError:
        client.messages.create(model=MODEL, max_tokens=256, messages=messages)


CALLS = (chat, tools, stream, stream_helper, busy, refused)
if __name__ == "__main__":
    telemetry.run({call.__name__: call for call in CALLS}, PROVIDER)
