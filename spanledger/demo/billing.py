"""The provider's side of a workload: what each call reads from the prompt cache, and what it costs.

A prefix is in the cache for an hour after it was last used. A call reads the longest one that is: what its conversation
has said so far, else the static part of its prompt.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random

from spanledger.demo.clock import HOUR
from spanledger.demo.conditions import Conditions, Eviction, PrefixBreak
from spanledger.demo.rates import Tokens, cacheable
from spanledger.demo.records import Call, Ledger, Why

TIME_TO_LIVE = HOUR
"""Anthropic offers 5 minutes and an hour, OpenAI keeps prefixes for up to an hour or, on request, a day."""


@dataclass
class PrefixCache:
    """When each prefix was last used."""

    used: dict[str, int] = field(default_factory=dict)

    def read(self, call: Call) -> int:
        """Tokens of the longest prefix of a call that the cache holds; from then on it holds the call's."""
        at = call.span.started
        static = f"{call.model.name}/{call.prompt}/{call.version}"
        found = 0
        if call.thread and call.history and self._holds(f"{static}/{call.thread}", at):
            found = call.static + call.history
        elif self._holds(static, at):
            found = call.static
        self.used[static] = at
        if call.thread:
            self.used[f"{static}/{call.thread}"] = at
        return cacheable(found)

    def _holds(self, key: str, at: int) -> bool:
        return at - self.used.get(key, -TIME_TO_LIVE) < TIME_TO_LIVE


def bill(calls: Iterable[Call], conditions: Conditions, random: Random) -> None:
    """Give each call its cached tokens and its price, tell its span, and book what incidents cost."""
    cache = PrefixCache()
    breaks, evictions = conditions.all(PrefixBreak), conditions.all(Eviction)
    for call in sorted(calls, key=lambda call: call.span.started):
        if not call.usage:
            continue
        healthy = cache.read(call) if call.model.cached is not None and not call.batch else 0
        call.cached, fault = _faulty(call, healthy, breaks, evictions, random)
        tokens = _tokens(call, call.cached)
        call.cost = call.model.cost(tokens, batch=call.batch)
        if fault and call.cached != healthy:
            fault.add(call.span.started, call.cost - call.model.cost(_tokens(call, healthy), batch=call.batch))
        _charge(call)
        _report(call, tokens)


def _faulty(
    call: Call, healthy: int, breaks: list[PrefixBreak], evictions: list[Eviction], random: Random
) -> tuple[int, Ledger | None]:
    """What is read from the cache when something is wrong with it, and whose fault that is."""
    at = call.span.started
    for fault in breaks:
        if fault.when.holds(at) and (call.tenant, call.prompt) == (fault.tenant, fault.prompt):
            return cacheable(int(healthy * fault.keep)), fault.ledger
    for eviction in evictions:
        hit = eviction.when.holds(at) and call.model.provider == eviction.provider and call.tenant != eviction.spared
        if hit and random.random() < eviction.chance:
            return 0, eviction.ledger
    return healthy, None


def _tokens(call: Call, cached: int) -> Tokens:
    """With what is written to the cache: where writes have a price, all but the newest part of the prompt."""
    written = max(call.static + call.history - cached, 0) if call.model.write and not call.batch else 0
    return Tokens(call.input, call.output, cached, written)


def _charge(call: Call) -> None:
    for ledger, why, tokens in call.blame:
        usd = call.cost if why is Why.WHOLE else tokens * call.model.input / 1e6
        ledger.add(call.span.started, usd)


def _report(call: Call, tokens: Tokens) -> None:
    """The usage on the span."""
    told = call.span.attributes
    told["gen_ai.usage.input_tokens"] = tokens.input
    told["gen_ai.usage.output_tokens"] = tokens.output
    if call.model.cached is not None:
        told["gen_ai.usage.cache_read.input_tokens"] = tokens.cached
    if call.model.write:
        told["gen_ai.usage.cache_creation.input_tokens"] = tokens.written
