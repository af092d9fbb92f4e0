"""pydantic-ai, which makes spans itself: an agent with a tool."""

from __future__ import annotations

import telemetry

PROVIDER = telemetry.start()

from pydantic_ai import Agent  # noqa: E402 - some instrumentations must come first

Agent.instrument_all()


def _ask(model: str) -> None:
    agent = Agent(model, name="weather", instructions="Be brief.")

    @agent.tool_plain
    def get_weather(city: str) -> str:
        """Weather of a city."""
        return f"18 degrees in {city}"

    agent.run_sync("What is the weather in Paris?")


def openai() -> None:
    """By the chat completions of OpenAI."""
    _ask("openai-chat:gpt-5-mini")


def anthropic() -> None:
    """By the messages of Anthropic."""
    _ask("anthropic:claude-sonnet-4-5")


CALLS = (openai, anthropic)
if __name__ == "__main__":
    telemetry.run({call.__name__: call for call in CALLS}, PROVIDER)
