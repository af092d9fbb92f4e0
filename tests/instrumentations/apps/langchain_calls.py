"""LangChain with the chat models of both providers: a chain that asks, calls a tool, and asks again."""

from __future__ import annotations

import telemetry

PROVIDER = telemetry.start()

from langchain_core.language_models import BaseChatModel  # noqa: E402 - some instrumentations must come first
from langchain_core.prompts import ChatPromptTemplate  # noqa: E402
from langchain_core.runnables import RunnableLambda  # noqa: E402
from langchain_core.tools import tool  # noqa: E402

PROMPT = ChatPromptTemplate.from_messages([("system", "Be brief."), ("user", "What is the weather in {city}?")])


@tool
def get_weather(city: str) -> str:
    """Weather of a city."""
    return f"18 degrees in {city}"


def _ask(model: BaseChatModel) -> None:
    """Two calls of the model and one of the tool, within one chain."""
    able = model.bind_tools([get_weather])

    def answer(messages: list) -> object:
        asked = able.invoke(messages)
        results = [get_weather.invoke(call) for call in asked.tool_calls]
        return able.invoke([*messages, asked, *results])

    chain = PROMPT | RunnableLambda(lambda prompt: prompt.to_messages()) | RunnableLambda(answer)
    chain.invoke({"city": "Paris"}, config={"metadata": {"session_id": "sess-8f31"}})


def openai() -> None:
    """By the chat completions of OpenAI."""
    from langchain_openai import ChatOpenAI  # noqa: PLC0415 - a second to load, like the other, for those who use it

    _ask(ChatOpenAI(model="gpt-5-mini"))


def anthropic() -> None:
    """By the messages of Anthropic."""
    from langchain_anthropic import ChatAnthropic  # noqa: PLC0415

    _ask(ChatAnthropic(model="claude-sonnet-4-5", max_tokens=256))


def openai_stream() -> None:
    """Pieces."""
    from langchain_openai import ChatOpenAI  # noqa: PLC0415

    for _ in (PROMPT | ChatOpenAI(model="gpt-5-mini", stream_usage=True)).stream({"city": "Paris"}):
        pass


CALLS = (openai, anthropic, openai_stream)
if __name__ == "__main__":
    telemetry.run({call.__name__: call for call in CALLS}, PROVIDER)
