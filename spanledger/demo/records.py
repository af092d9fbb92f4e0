"""What a workload is made of: spans, calls of a model among them, and scores."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from spanledger.demo.rates import Model

Value = str | int | float | bool | tuple[str, ...]


class Kind(StrEnum):
    """The operations that spans stand for, by their OpenTelemetry names."""

    CHAT = "chat"
    TOOL = "execute_tool"
    AGENT = "invoke_agent"
    WORKFLOW = "invoke_workflow"
    RETRIEVAL = "retrieval"


@dataclass(slots=True)
class Span:
    """One span; attributes by their OpenTelemetry names, times in nanoseconds since 1970."""

    trace_id: bytes
    span_id: bytes
    parent_id: bytes
    """Empty for a root."""
    kind: Kind
    name: str
    started: int
    ended: int
    service: str
    attributes: dict[str, Value]
    error: str = ""
    """The status message of one that failed."""
    dialect: str = ""
    """`openinference`, or empty for OpenTelemetry's GenAI conventions."""


@dataclass(slots=True)
class Score:
    """An evaluation of a trace, sent as a log record."""

    at: int
    trace_id: bytes
    span_id: bytes
    tenant: str
    service: str
    value: float


class Ledger:
    """What something cost, dollar by dollar with its time, so that any window can be asked."""

    def __init__(self) -> None:
        self._entries: list[tuple[int, float]] = []

    def add(self, at: int, usd: float) -> None:
        """Book dollars at a moment."""
        self._entries.append((at, usd))

    def total(self, since: int, until: int) -> float:
        """Dollars from `since` (included) to `until` (not included)."""
        return sum(usd for at, usd in self._entries if since <= at < until)

    @property
    def first(self) -> int | None:
        """When the first dollar was booked."""
        return min((at for at, _ in self._entries), default=None)


class Why(StrEnum):
    """What of a call's cost an incident is charged with."""

    WHOLE = "whole"
    """All of it: the call was for nothing."""
    GROWTH = "growth"
    """Input tokens that it has only because of failed attempts before it, at the price of input."""


@dataclass(slots=True)
class Call:
    """One call of a model: what its price depends on. `cached` and `cost` come when all calls are in order of time."""

    span: Span
    model: Model
    tenant: str
    prompt: str
    version: str
    static: int
    """Tokens of the part that all calls of the prompt version share: tools and system instructions."""
    history: int
    """Tokens of the conversation's earlier turns, behind the static part."""
    fresh: int
    output: int
    thread: str = ""
    """The conversation, whose earlier turns a cache may still hold."""
    batch: bool = False
    usage: bool = True
    """False: it failed and was not billed; it reports no tokens."""
    blame: list[tuple[Ledger, Why, int]] = field(default_factory=list)
    """Ledgers to charge, what of the cost, and for GROWTH by how many tokens."""
    cost: float = 0.0
    cached: int = 0

    @property
    def input(self) -> int:
        """All input tokens."""
        return self.static + self.history + self.fresh
