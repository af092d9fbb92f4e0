"""One span of a suspicious trace, as the rules look at it, and the traces that they make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any

import polars as pl

CALLS = frozenset({"chat", "completion", "embeddings", "rerank"})


@dataclass(slots=True, kw_only=True, eq=False)  # not frozen: that makes one of 40 fields three times as dear
class Span:
    """Columns of `calls.sql`; a number that is None was not reported. Times are microseconds since 1970."""

    trace_id: str
    span_id: str
    began_us: int
    lasted_us: int
    operation: str
    parent_span_id: str = ""
    billable: bool = False
    duplicate_of: str = ""
    failed: bool = False
    error: str = ""
    error_kind: str = ""
    malformed: bool = False
    """Its error reads as if an answer could not be parsed or was not valid."""
    http_status: str = ""
    attempt: int = 0
    retry_events: int = 0
    tenant: str = ""
    user_id: str = ""
    session_id: str = ""
    task_id: str = ""
    agent_name: str = ""
    feature: str = ""
    service: str = ""
    purpose: str = ""
    provider: str = ""
    prompt_name: str = ""
    model: str = ""
    tool_name: str = ""
    arguments: str = ""
    result: str = ""
    structured: bool = False
    """The answer had to have a form: JSON, or a schema."""
    called_tool: bool = False
    """The model stopped to have a tool called."""
    input_tokens: int | None = None
    visible_output_tokens: int | None = None
    """Output without reasoning: as much comes back with the history."""
    cost_usd: float | None = None
    input_usd: float | None = None
    """The part of the cost that is input, from a cache or not."""
    unpriced: bool = False
    energy_kwh: float | None = None
    answered: bool = False
    """A first token came."""
    messages: int = 0
    request: int = 0
    beginnings: tuple[int, ...] = ()
    last_message: str = ""
    output: int = 0

    @property
    def ended_us(self) -> int:
        """When it was over."""
        return self.began_us + self.lasted_us

    @property
    def is_attempt(self) -> bool:
        """One request to a model: a billed call, or one that failed inside of a call that went well."""
        return self.operation in CALLS and (self.billable or (self.failed and bool(self.duplicate_of)))

    @property
    def place(self) -> tuple[int, str, str]:
        """Its place in time; spans that begin at once have the order of their ids."""
        return self.began_us, self.trace_id, self.span_id

    @property
    def who(self) -> tuple[str, str]:
        """Whose it was: the tenant and the run, conversation or user within it; ('', '') when nothing says so."""
        return self.tenant, self.task_id or self.session_id or self.user_id or self.agent_name


@dataclass(frozen=True)
class Trace:
    """The spans of one trace by start."""

    trace_id: str
    spans: Sequence[Span]

    @cached_property
    def by_id(self) -> Mapping[str, Span]:
        """Spans by their ids."""
        return {span.span_id: span for span in self.spans}

    @cached_property
    def attempts(self) -> list[Span]:
        """Requests to models. Where two layers saw the same failed request, the outer one stands for both."""
        attempts = [span for span in self.spans if span.is_attempt]
        failed_copies = {span.span_id for span in attempts if span.failed and not span.billable}
        return [
            span
            for span in attempts
            if span.span_id not in failed_copies
            or not any(above.failed and above.is_attempt for above in self.above(span))
        ]

    @cached_property
    def tools(self) -> list[Span]:
        """Calls of tools."""
        return [span for span in self.spans if span.operation == "tool" and not span.duplicate_of]

    def above(self, span: Span) -> Iterator[Span]:
        """The spans around it, the nearest first; those that are not there end it, circles too."""
        seen = {span.span_id}
        while (parent := self.by_id.get(span.parent_span_id)) and parent.span_id not in seen:
            seen.add(parent.span_id)
            yield parent
            span = parent

    @cached_property
    def _work_below(self) -> Mapping[str, int]:
        """How many attempts and tools there are below each span."""
        below: dict[str, int] = {}
        for span in (*self.attempts, *self.tools):
            for above in self.above(span):
                below[above.span_id] = below.get(above.span_id, 0) + 1
        return below

    def asker(self, span: Span) -> str:
        """The id of the span on whose behalf a request was made. Spans around this one request alone are its wrapping,
        and so is the call that it is a failed try of; the operation is what is around them."""
        parent = span.parent_span_id
        for above in self.above(span):
            wrapping = above.operation == "other" and self._work_below[above.span_id] == 1
            if not (wrapping or above.operation in CALLS) or not above.parent_span_id.strip("0"):
                break
            parent = above.parent_span_id
        return parent


@dataclass(frozen=True)
class Replies:
    """What is known of the texts at the end of requests, by their hashes."""

    complaints: frozenset[str] = frozenset()
    """They read like a program's complaint about the form of an answer."""
    from_tools: frozenset[str] = frozenset()
    """Their role is that of a tool."""


@dataclass(frozen=True)
class Spans:
    """All spans that were read, by trace."""

    traces: Sequence[Trace]
    replies: Replies = field(default_factory=Replies)

    @property
    def all(self) -> Iterator[Span]:
        """Every span."""
        return (span for trace in self.traces for span in trace.spans)


def spans_of(frame: pl.DataFrame) -> list[Trace]:
    """The traces in a frame of `calls.sql`."""
    columns = {name: frame[name].to_list() for name in frame.columns}  # half the time of rows by name
    columns["beginnings"] = [tuple(one) for one in columns["beginnings"]]
    return traces_of(Span(**dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True))


def traces_of(spans: Iterable[Span]) -> list[Trace]:
    """Spans in any order as traces; a span that came twice counts once."""
    unique: dict[Any, Span] = {(span.trace_id, span.span_id): span for span in spans}
    ordered = sorted(unique.values(), key=lambda span: (span.trace_id, *span.place))
    return [Trace(trace_id, list(group)) for trace_id, group in groupby(ordered, lambda span: span.trace_id)]
