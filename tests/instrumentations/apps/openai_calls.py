"""The OpenAI SDK as an application uses it. OPENAI_BASE_URL says where the provider is."""

from __future__ import annotations

import telemetry

PROVIDER = telemetry.start()

import openai  # noqa: E402 - some instrumentations must come first

MODEL = "gpt-5-mini"
QUESTION = {"role": "user", "content": "What is the weather in Paris?"}
TOOL = {
    "name": "get_weather",
    "description": "Weather of a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


def chat() -> None:
    """A call that asks for a cheaper tier than it is served."""
    openai.OpenAI().chat.completions.create(
        model=MODEL, messages=[{"role": "system", "content": "Be brief."}, QUESTION], service_tier="flex"
    )


def tools() -> None:
    """An answer that asks for a tool."""
    tool = {"type": "function", "function": TOOL}
    openai.OpenAI().chat.completions.create(model=MODEL, messages=[QUESTION], tools=[tool])


def stream() -> None:
    """Pieces, with the usage as the last one."""
    for _ in openai.OpenAI().chat.completions.create(
        model=MODEL, messages=[QUESTION], stream=True, stream_options={"include_usage": True}
    ):
        pass


def stream_without_usage() -> None:
    """Pieces, and nobody says how many tokens they were."""
    for _ in openai.OpenAI().chat.completions.create(model=MODEL, messages=[QUESTION], stream=True):
        pass


def responses() -> None:
    """The newer API."""
    openai.OpenAI().responses.create(model=MODEL, input="What is the weather in Paris?", instructions="Be brief.")


def embed() -> None:
    """A vector."""
    openai.OpenAI().embeddings.create(model="text-embedding-3-small", input="weather in Paris")


def busy() -> None:
    """Refused once, and asked again by the SDK."""
    openai.OpenAI(max_retries=2).chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": "Are you busy now?"}]
    )


def refused() -> None:
    """Refused once, and asked again by the application."""
    client = openai.OpenAI(max_retries=0)
    messages = [{"role": "user", "content": "Are you busy today?"}]
    try:
        client.chat.completions.create(model=MODEL, messages=messages)
    except openai.RateLimitError:
        client.chat.completions.create(model=MODEL, messages=messages)


CALLS = (chat, tools, stream, stream_without_usage, responses, embed, busy, refused)
if __name__ == "__main__":
    telemetry.run({call.__name__: call for call in CALLS}, PROVIDER)
