"""Workloads in few words, sent as OTLP through the views, settled, and looked at by the job."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from opentelemetry.proto.trace.v1.trace_pb2 import Span as OtlpSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from analytics.jobs.contract import Candidate, Report, Severity, Window
from analytics.jobs.source import Source
from analytics.retry_waste.job import JOB
from analytics.settling.step import Settler
from collector.signals import TRACES
from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.schema.otlp import key_values, store, traces

START = datetime(2026, 11, 20, 6, 0, tzinfo=UTC)
"""All times are seconds since."""
WINDOW = Window(START, START + timedelta(hours=6))
INPUT_PRICE, OUTPUT_PRICE = 2.5e-6, 10e-6
"""Of gpt-4o, for a token."""


NOTHING: Mapping[str, Any] = {}


def time(seconds: float) -> datetime:
    """That many seconds after START."""
    return START + timedelta(seconds=seconds)


def usd(input_tokens: int, output_tokens: int) -> float:
    """What a call to gpt-4o costs."""
    return input_tokens * INPUT_PRICE + output_tokens * OUTPUT_PRICE


def talk(*turns: str) -> list[dict[str, Any]]:
    """Messages of user and assistant in turn."""
    roles = ("user", "assistant")
    return [{"role": roles[n % 2], "parts": [{"type": "text", "content": text}]} for n, text in enumerate(turns)]


@dataclass
class World:
    """Spans to be sent."""

    engine: Engine
    settings: Settings
    spans: list[Any] = field(default_factory=list)
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    def new_trace(self) -> int:
        """A trace id."""
        return next(self._ids)

    def span(
        self, trace: int, parent: int, at: float, lasts: float, attributes: dict[str, Any], *, error: str = "",
        name: str = "span", kind: Any = OtlpSpan.SPAN_KIND_INTERNAL,
    ) -> int:  # fmt: skip
        """Any span; gives its id."""
        number = next(self._ids)
        begin = int((START.timestamp() + at) * 1e9)
        status = Status(code=Status.STATUS_CODE_ERROR, message=error) if error else Status()
        if error:
            attributes = {**attributes, "error.type": error}
        self.spans.append(
            OtlpSpan(
                trace_id=trace.to_bytes(16, "big"), span_id=number.to_bytes(8, "big"),
                parent_span_id=parent.to_bytes(8, "big") if parent else b"", name=name, kind=kind, status=status,
                start_time_unix_nano=begin, end_time_unix_nano=begin + int(lasts * 1e9),
                attributes=key_values({key: value for key, value in attributes.items() if value is not None}),
            )
        )  # fmt: skip
        return number

    def agent(self, trace: int, at: float, lasts: float, parent: int = 0, more: Mapping[str, Any] = NOTHING) -> int:
        """An agent's span."""
        return self.span(trace, parent, at, lasts, {"gen_ai.operation.name": "invoke_agent", **more})

    def call(
        self, trace: int, parent: int, at: float, lasts: float = 1.0, tokens: tuple[int, int] | None = (1000, 100), *,
        error: str = "", asked: Sequence[Any] | None = None, answer: str | None = None, prompt: str = "extract",
        tenant: str = "acme", json_output: bool = False, model: str = "gpt-4o", more: Mapping[str, Any] = NOTHING,
    ) -> int:  # fmt: skip
        """A call to a model."""
        said = {"gen_ai.input.messages": json.dumps(asked)} if asked is not None else {}
        if answer is not None:
            parts = [{"type": "text", "content": answer}]
            said["gen_ai.output.messages"] = json.dumps([{"role": "assistant", "parts": parts}])
        usage = {"gen_ai.usage.input_tokens": tokens[0], "gen_ai.usage.output_tokens": tokens[1]} if tokens else {}
        common = {
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": model,
            "gen_ai.prompt.name": prompt or None, "tenant.id": tenant or None,
            "gen_ai.output.type": "json" if json_output else None,
        }  # fmt: skip
        return self.span(
            trace, parent, at, lasts, common | usage | said | dict(more), error=error, kind=OtlpSpan.SPAN_KIND_CLIENT
        )

    def tool(
        self, trace: int, parent: int, at: float, name: str, *said: str,
        lasts: float = 0.2, error: str = "", more: Mapping[str, Any] = NOTHING,
    ) -> int:  # fmt: skip
        """A tool's execution; `said`: its arguments, then its result."""
        content = dict(zip(("gen_ai.tool.call.arguments", "gen_ai.tool.call.result"), said, strict=False))
        common = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": name}
        return self.span(trace, parent, at, lasts, common | content | dict(more), error=error)

    def healthy(self, number: int, *, every: float = 20, prompt: str = "extract", json_output: bool = False) -> None:
        """Operations that need one call each, all different, over the window."""
        for index in range(number):
            trace = self.new_trace()
            root = self.agent(trace, index * every, 3)
            tokens = (900 + 37 * index % 400, 80 + 13 * index % 60)
            self.call(trace, root, index * every + 0.1, 2, tokens, prompt=prompt, json_output=json_output)

    def send(self) -> None:
        """Everything that was made, as requests."""
        for first in range(0, len(self.spans), 2000):
            store(self.engine, TRACES, traces(self.spans[first : first + 2000], {"service.name": "shop"}))
        self.spans.clear()

    def settle(self) -> None:
        """Bill each call once."""
        now = datetime.now(UTC) + timedelta(seconds=60)
        Settler(self.engine, self.settings).step(round(now.timestamp() * 1000))

    def look(self, window: Window = WINDOW) -> Report:
        """What the job says of what was sent."""
        self.send()
        return JOB.run(Source(self.engine), window, self.settings)


def of(report: Report, kind: str) -> list[Candidate]:
    """Candidates of one kind."""
    return [candidate for candidate in report.candidates if candidate.kind == kind]


def only(report: Report, kind: str) -> Candidate:
    """The one candidate of a kind."""
    [candidate] = of(report, kind)
    return candidate


def loud(report: Report) -> list[Candidate]:
    """Pages and tickets."""
    return [candidate for candidate in report.candidates if candidate.severity is not Severity.DIGEST]


def wasted(report: Report, cause: str) -> dict[str, Any]:
    """What the report says of a cause; nothing where it does not name it."""
    found = of(report, "retry_waste")
    return dict(found[0].details["by_cause"].get(cause, {})) if found else {}
