"""LiteLLM as a library, which makes spans itself: its first format, or the second with LITELLM_OTEL_V2=1."""

from __future__ import annotations

import os

import telemetry

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or it asks for one over the network
PROVIDER = telemetry.start()

import litellm  # noqa: E402 - it reads the environment when it is imported
from litellm.litellm_core_utils.thread_pool_executor import executor  # noqa: E402

litellm.callbacks = ["otel"]
QUESTION = {"role": "user", "content": "What is the weather in Paris?"}


def openai() -> None:
    """By the chat completions of OpenAI."""
    litellm.completion(model="openai/gpt-5-mini", messages=[QUESTION])


def anthropic() -> None:
    """By the messages of Anthropic."""
    litellm.completion(model="anthropic/claude-sonnet-4-5", max_tokens=256, messages=[QUESTION])


def finish() -> None:
    """Wait for the threads that make spans of what was called."""
    executor.shutdown(wait=True)


CALLS = (openai, anthropic, finish)
if __name__ == "__main__":
    telemetry.run({call.__name__: call for call in CALLS}, PROVIDER, in_traces=False)
