"""The models of the demo and what they cost, written down once more so that a label's dollars are not the engine's.

USD per million tokens, as in the price lists of November 2026; a test holds them against the engine's own prices.
"""

from __future__ import annotations

from dataclasses import dataclass

CACHE_MINIMUM, CACHE_STEP = 1024, 128
"""OpenAI counts cached input from 1,024 tokens on, in steps of 128; the demo lets all providers do so."""


@dataclass(frozen=True)
class Model:
    """A model as spans name it, its rates, and how fast it writes."""

    name: str
    revision: str
    provider: str
    input: float
    output: float
    cached: float | None
    """None: no prompt cache, and spans say nothing of one."""
    write: float = 0.0
    """For cache writes; 0: they cost as input and are not reported."""
    tokens_per_second: float = 80.0

    def cost(self, tokens: Tokens, *, batch: bool = False) -> float:
        """USD of one call; batches cost half and have no cache."""
        fresh = tokens.input - tokens.cached - tokens.written
        parts = fresh * self.input + tokens.cached * (self.cached or 0.0) + tokens.written * self.write
        return (parts + tokens.output * self.output) / 1e6 * (0.5 if batch else 1.0)


@dataclass(frozen=True)
class Tokens:
    """Tokens of one call. `input` includes what was read from and written to the cache."""

    input: int
    output: int
    cached: int = 0
    written: int = 0


MODELS = {
    model.name: model
    for model in (
        Model("gpt-4o", "gpt-4o-2024-08-06", "openai", 2.5, 10.0, 1.25, tokens_per_second=75),
        Model("gpt-4o-mini", "gpt-4o-mini-2024-07-18", "openai", 0.15, 0.6, 0.075, tokens_per_second=95),
        Model("gpt-4.1", "gpt-4.1-2025-04-14", "openai", 2.0, 8.0, 0.5, tokens_per_second=80),
        Model("gpt-4.1-mini", "gpt-4.1-mini-2025-04-14", "openai", 0.4, 1.6, 0.1, tokens_per_second=90),
        Model("gpt-4-turbo", "gpt-4-turbo-2024-04-09", "openai", 10.0, 30.0, None, tokens_per_second=35),
        Model("claude-haiku-4-5", "claude-haiku-4-5-20251001", "anthropic", 1.0, 5.0, 0.1, 1.25, 110),
        Model("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "anthropic", 3.0, 15.0, 0.3, 3.75, 65),
        Model("claude-opus-4-5", "claude-opus-4-5-20251101", "anthropic", 5.0, 25.0, 0.5, 6.25, 50),
        Model("claude-opus-4-1", "claude-opus-4-1-20250805", "anthropic", 15.0, 75.0, 1.5, 18.75, 40),
        Model("gemini-2.5-flash", "gemini-2.5-flash", "gcp.gemini", 0.3, 2.5, 0.03, tokens_per_second=140),
    )
}


def cacheable(tokens: int) -> int:
    """So many of a prompt's first tokens a cache can give back."""
    return tokens // CACHE_STEP * CACHE_STEP if tokens >= CACHE_MINIMUM else 0
