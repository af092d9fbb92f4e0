"""Writes down what applications do: spans with what instrumentations send, calls for the bill, scores."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from spanledger.demo import speech
from spanledger.demo.clock import MINUTE, SECOND, moment
from spanledger.demo.conditions import Conditions, PrefixBreak, Storm
from spanledger.demo.rates import MODELS, Model
from spanledger.demo.records import Call, Kind, Score, Span, Value, Why
from spanledger.demo.rhythm import Session

BACKOFF = SECOND
SCORED = 0.4
"""Of traces that have a score."""
PREFILL = 12_000
"""Tokens of input that a provider reads in a second."""


@dataclass(frozen=True)
class Traits:
    """What the senders of a workload tell, besides tokens, models, tenants and prompts."""

    content: bool = True
    users: bool = True
    tasks: bool = True
    scores: bool = True


@dataclass(frozen=True)
class Request:
    """What an application asks a model for."""

    session: Session
    trace_id: bytes
    parent_id: bytes
    told: Mapping[str, Value]
    """Attributes that all spans of the session have."""
    version: str
    model: Model
    messages: tuple[str, ...]
    history: int
    fresh: int
    output: int
    reply: str
    thread: str = ""
    finish: str = "stop"
    json: bool = False
    batch: bool = False


@dataclass
class Recorder:
    """All that happened in a workload, in the order in which it was written down."""

    random: Random
    traits: Traits
    conditions: Conditions
    spans: list[Span] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)

    def new_id(self) -> str:
        """Some hex digits for names of conversations, tasks and jobs."""
        return self.random.randbytes(5).hex()

    def told(self, session: Session, locale: str = "", conversation: str = "") -> dict[str, Value]:
        """Attributes of a session, as far as its senders tell them."""
        tenant, feature = session.tenant, session.feature
        told: dict[str, Value] = {"tenant.id": tenant.name, "app.feature": feature.name}
        if self.traits.users:
            told["user.id"] = f"{tenant.name}-u{int(tenant.users * self.random.random() ** 2)}"
        if locale:
            told["user.locale"] = locale
        if conversation:
            told["gen_ai.conversation.id"] = conversation
        if feature.purpose:
            told["purpose"] = feature.purpose
        return told

    def span(  # noqa: PLR0913  (a span is that many things)
        self,
        kind: Kind,
        name: str,
        session: Session,
        at: int,
        told: Mapping[str, Value],
        *,
        trace_id: bytes = b"",
        parent_id: bytes = b"",
    ) -> Span:
        """A span that has begun; whoever asked for it says when it ended."""
        span = Span(
            trace_id or self.random.randbytes(16), self.random.randbytes(8), parent_id, kind, name, at, at,
            session.feature.service, {"gen_ai.operation.name": kind.value, **told}, dialect=session.feature.dialect,
        )  # fmt: skip
        self.spans.append(span)
        return span

    def model(self, session: Session, at: int) -> tuple[str, Model]:
        """Version of the prompt and model of a session's feature at a moment."""
        version, name = self.conditions.release(session.feature, at)
        return version, MODELS[name]

    def ask(self, request: Request, at: int) -> Call:
        """A call that works, behind the attempts that did not."""
        feature = request.session.feature
        if self.conditions.outage(request.model.provider, at):
            for attempt in range(self.random.choice((1, 1, 2))):
                self._unavailable(request, at)
                at += BACKOFF * 2**attempt + SECOND // 2
        storm = self.conditions.at(Storm, at, feature.name)
        if storm and self.random.random() < storm.chance:
            for _ in range(self.random.choice((1, 2, 3))):
                call = self._timeout(request, at)
                call.blame.append((storm.ledger, Why.WHOLE, 0))
                at = call.span.ended + BACKOFF
        return self.call(request, at)

    def call(self, request: Request, at: int) -> Call:
        """One call that works."""
        span = self._chat(request, at)
        first = int(self.random.uniform(0.25, 0.7) * SECOND) + request.fresh * SECOND // PREFILL
        span.ended = at + first + int(request.output / request.model.tokens_per_second * SECOND)
        span.attributes["gen_ai.response.time_to_first_chunk"] = round(first / SECOND, 3)
        span.attributes["gen_ai.response.finish_reasons"] = (request.finish,)
        span.attributes["gen_ai.response.id"] = f"resp-{self.new_id()}"
        if self.traits.content:
            span.attributes["gen_ai.output.messages"] = f"[{request.reply}]"
        return self._called(span, request, request.output)

    def _unavailable(self, request: Request, at: int) -> None:
        span = self._chat(request, at)
        span.ended = at + int(self.random.uniform(0.1, 0.5) * SECOND)
        span.error = "The provider is overloaded"
        span.attributes |= {"error.type": "503", "http.response.status_code": 503}
        self._called(span, request, 0).usage = False

    def _timeout(self, request: Request, at: int) -> Call:
        """Cut off by the client after the provider has written half of the answer."""
        span = self._chat(request, at)
        span.ended = at + MINUTE // 2 + int(self.random.uniform(0, 2) * SECOND)
        span.error = "The read operation timed out"
        span.attributes["error.type"] = "timeout"
        return self._called(span, request, request.output // 2)

    def _chat(self, request: Request, at: int) -> Span:
        feature = request.session.feature
        told: dict[str, Value] = {
            **request.told,
            "gen_ai.provider.name": request.model.provider,
            "gen_ai.request.model": request.model.name,
            "gen_ai.response.model": request.model.revision,
            "gen_ai.prompt.name": feature.prompt,
            "gen_ai.prompt.version": request.version,
            "gen_ai.request.temperature": 0.2,
        }
        if request.json:
            told["gen_ai.output.type"] = "json"
        if request.batch:
            told["gen_ai.response.service_tier"] = "batch"
        if feature.agent and feature.tools:
            told["gen_ai.agent.name"] = feature.agent
        if self.traits.content:
            told |= self._content(request, at)
        return self.span(
            Kind.CHAT, f"chat {request.model.name}", request.session, at, told,
            trace_id=request.trace_id, parent_id=request.parent_id,
        )  # fmt: skip

    def _content(self, request: Request, at: int) -> dict[str, Value]:
        feature, tenant = request.session.feature, request.session.tenant.name
        broken = any(
            fault.when.holds(at) and (fault.tenant, fault.prompt) == (tenant, feature.prompt)
            for fault in self.conditions.all(PrefixBreak)
        )
        nonce = f"It is {moment(at):%Y-%m-%d %H:%M:%S}. " if broken else ""
        told: dict[str, Value] = {
            "gen_ai.system_instructions": speech.instructions(feature.prompt, request.version, nonce),
            "gen_ai.input.messages": f"[{','.join(request.messages)}]",
        }
        if feature.tools:
            told["gen_ai.tool.definitions"] = speech.definitions(feature.tools)
        return told

    def _called(self, span: Span, request: Request, output: int) -> Call:
        feature = request.session.feature
        call = Call(
            span, request.model, request.session.tenant.name, feature.prompt, request.version,
            feature.static, request.history, request.fresh, output, request.thread, request.batch,
        )  # fmt: skip
        self.calls.append(call)
        return call

    def judge(self, span: Span, session: Session, quality: float) -> bool:
        """Whether a task went well, with a score of its trace where senders have scores."""
        value = min(max(self.random.gauss(quality, 0.15), 0.0), 1.0)
        if self.traits.scores and self.random.random() < SCORED:
            self.scores.append(
                Score(
                    span.ended + SECOND,
                    span.trace_id,
                    span.span_id,
                    session.tenant.name,
                    span.service,
                    round(value, 3),
                )
            )
        return value >= 0.5
