"""A chain: what was tried again, which of it was for nothing, and what it cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from analytics.retry_waste.span import Span


class Cause(StrEnum):
    """Why something was tried again; a span is counted under the first that fits, in this order."""

    TRANSPORT = "transport"
    """The request failed on its way or at the provider."""
    VALIDATION = "validation"
    """The answer did not have the form that it should have."""
    LOOP = "loop"
    """An agent went round in circles."""
    POLITE = "polite"
    """The same request again and again, with pauses."""
    RERUN = "rerun"
    """Somebody asked the same once more."""


@dataclass(frozen=True)
class Chain:
    """One operation that took more than it should."""

    cause: Cause
    spans: Sequence[Span]
    """What was tried, from first to last: model calls, tools, HTTP requests."""
    wasted: Sequence[Span]
    """Of them, those that were for nothing."""
    retries: int
    """How often it was tried again."""
    by: Span
    """The call that says whose it was: tenant, prompt, model."""
    growth_usd: float = 0.0
    """What the last, good call cost more than the first, since it carried the history of the others."""
    estimated_usd: float = 0.0
    """Calls that broke off in the middle of their answer, at their sibling's price of input."""
    tools: tuple[str, ...] = ()
    error: str = ""
    certain: bool = True
    """False: it only looks like it; counted apart, never as waste."""
    circumstantial: bool = False
    """Told from sizes and times alone, because content was not sent: believed if its prompt's other chains agree."""

    @property
    def cost_usd(self) -> float | None:
        """What was wasted; None when nothing of it has a price though it was billed. A failed call that reported no
        usage was not billed."""
        known = [span.cost_usd for span in self.wasted if span.cost_usd is not None]
        extra = self.growth_usd + self.estimated_usd
        if not known and not extra and any(span.unpriced and span.input_tokens is not None for span in self.wasted):
            return None
        return sum(known) + extra

    @property
    def energy_kwh(self) -> float | None:
        """Energy of the wasted calls; None when it is known of none."""
        known = [span.energy_kwh for span in self.wasted if span.energy_kwh is not None]
        return sum(known) if known else None

    @property
    def seconds(self) -> float:
        """How long the wasted spans took, one after the other."""
        return sum(span.lasted_us for span in self.wasted) / 1e6

    @property
    def wasted_calls(self) -> int:
        """Wasted requests to models."""
        return sum(span.is_attempt for span in self.wasted)

    @property
    def trace_ids(self) -> list[str]:
        """Its traces, in order."""
        return list(dict.fromkeys(span.trace_id for span in self.spans))

    def as_cause(self, cause: Cause, wasted: Sequence[Span]) -> Chain:
        """The same chain, seen as another cause."""
        return replace(self, cause=cause, wasted=wasted, growth_usd=0.0, estimated_usd=0.0)

    def doubted(self) -> Chain:
        """The same chain, no longer certain."""
        return replace(self, certain=False)
