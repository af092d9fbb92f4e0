"""Runs of agents: those that get somewhere, those that wait or page through results, and those that get nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from spanledger.demo import shapes, speech
from spanledger.demo.clock import SECOND
from spanledger.demo.recorder import Recorder, Request
from spanledger.demo.records import Call, Kind, Ledger, Span, Value, Why
from spanledger.demo.rhythm import Session

RESULT = (60, 120, 180, 260, 350, 450, 600, 800, 1000, 1300, 1800, 2400, 4000, 6000)
"""Tokens of a tool's result, by the shares of `shapes`."""
LONGEST_WAIT = 30
"""Seconds: where the backoff of a polite client stops growing."""
AWAY = "Error: upstream is unavailable, try again later"


@dataclass
class Run:
    """A run of an agent under way."""

    recorder: Recorder
    session: Session
    locale: str
    conversation: str = ""
    at: int = 0
    history: int = 0
    fresh: int = 0
    messages: list[str] = field(default_factory=list)
    told: dict[str, Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        recorder, feature = self.recorder, self.session.feature
        self.conversation = self.conversation or f"run-{recorder.new_id()}"
        self.told = self.told or recorder.told(self.session, self.locale, self.conversation)
        self.at = self.at or self.session.at
        self.version, self.model = recorder.model(self.session, self.at)
        named = {**self.told, "gen_ai.agent.name": feature.agent}
        self.root = recorder.span(Kind.AGENT, f"invoke_agent {feature.agent}", self.session, self.at, named)

    def goal(self, topic: str, tokens: int) -> None:
        """What the user wants."""
        self.messages.append(speech.message("user", speech.question(self.recorder.random, topic, self.locale, 14)))
        self.fresh = tokens

    def think(self, reply: str, output: int, finish: str = "tool_call") -> Call:
        """The model is asked what to do next."""
        request = Request(
            self.session, self.root.trace_id, self.root.span_id, self.told, self.version, self.model,
            tuple(self.messages), self.history, self.fresh, output, reply, self.conversation, finish,
        )  # fmt: skip
        call = self.recorder.ask(request, self.at + SECOND // 50)
        self.at = call.span.ended
        return call

    def remember(self, *messages: str, tokens: int) -> None:
        """What was said goes into the next prompt; the newest `tokens` are not in any cache yet."""
        self.messages += messages
        self.history, self.fresh = self.history + self.fresh, tokens

    def act(self, name: str, arguments: str, result: str, tokens: int, error: str = "") -> Call:
        """The model calls a tool, the tool answers."""
        call_id = f"call-{self.recorder.new_id()}"
        call = self.think(speech.tool_call(call_id, name, arguments), 30 + len(arguments) // 4)
        self.use(call_id, name, arguments, result, error)
        self.remember(
            speech.tool_call(call_id, name, arguments), speech.tool_result(call_id, result), tokens=tokens + call.output
        )
        return call

    def use(self, call_id: str, name: str, arguments: str, result: str, error: str = "") -> Span:
        """A tool runs."""
        told = {**self.told, "gen_ai.tool.name": name, "gen_ai.tool.call.id": call_id}
        if self.recorder.traits.content:
            told |= {"gen_ai.tool.call.arguments": arguments, "gen_ai.tool.call.result": result}
        span = self.recorder.span(
            Kind.TOOL, f"execute_tool {name}", self.session, self.at, told,
            trace_id=self.root.trace_id, parent_id=self.root.span_id,
        )  # fmt: skip
        self.at += int(self.recorder.random.uniform(0.03, 1.2) * SECOND)
        span.ended = self.at
        if error:
            span.error = error
            span.attributes["error.type"] = "tool_error"
        return span

    def end(self, outcome: str, error: str = "") -> None:
        """The run is over."""
        self.root.ended = self.at
        self.root.error = error
        if self.recorder.traits.tasks:
            self.root.attributes["task.id"] = self.conversation
            self.root.attributes["task.outcome"] = outcome


def investigate(recorder: Recorder, session: Session, topic: str, locale: str) -> None:
    """A run that gets somewhere: each call of a tool asks for something else, and an error is met by another way."""
    random = recorder.random
    run = Run(recorder, session, locale)
    run.goal(topic, int(shapes.draw(random, shapes.QUESTION) * session.feature.scale))
    for step in range(shapes.draw(random, shapes.RUN_STEPS) - 1):
        name = random.choice(session.feature.tools)
        arguments = f'{{"q":"{speech.question(random, topic, locale, 4)}","step":{step}}}'
        failed = random.random() < shapes.TOOL_ERRORS
        result = f"Error: no {topic} found" if failed else f"{recorder.new_id()}: {speech.answer(random, topic)}"
        run.act(name, arguments, result, int(shapes.draw(random, RESULT) * session.feature.scale), result * failed)
    run.think(speech.message("assistant", speech.answer(random, topic)), shapes.draw(random, shapes.ANSWER), "stop")
    well = recorder.judge(run.root, session, 0.78)
    run.end("success" if well else "failure")


def go_in_circles(recorder: Recorder, session: Session, rounds: int, ledger: Ledger) -> None:
    """A, B, A, B, …: the same arguments and the same results, until a limit of steps ends it.

    Everything after the first round is for nothing.
    """
    run = Run(recorder, session, "en")
    run.goal("product", int(shapes.draw(recorder.random, shapes.QUESTION) * session.feature.scale))
    first, second = session.feature.tools[:2]
    entry = recorder.new_id()
    for turn in range(rounds):
        for name, arguments, result in (
            (first, f'{{"q":"status of {entry}"}}', f"See {entry} in the list."),
            (second, f'{{"id":"{entry}"}}', f"{entry} is not here; ask for its status."),
        ):
            call = run.act(name, arguments, result, int(300 * session.feature.scale))
            if turn:
                call.blame.append((ledger, Why.WHOLE, 0))
    run.end("failure", "The limit of steps is reached")


def wait_politely(recorder: Recorder, session: Session, until: int, ledger: Ledger, *, traces: bool) -> int:
    """One request sent again and again with a backoff that stops growing at 30 seconds, because a tool stays away.

    `traces`: each attempt is a trace of its own in one session. All but the first is for nothing. How many attempts.
    """
    random = recorder.random
    run = Run(recorder, session, "en")
    run.goal("code", int(2000 * session.feature.scale))
    arguments, name, pause, attempts = '{"job":"nightly-export"}', session.feature.tools[0], 1.0, 0
    while run.at < until:
        call_id = f"call-{attempts}"
        call = run.think(speech.tool_call("call", name, arguments), 420)
        run.use(call_id, name, arguments, AWAY, AWAY)
        if attempts:
            call.blame.append((ledger, Why.WHOLE, 0))
        attempts += 1
        run.at += int(pause * random.uniform(0.97, 1.03) * SECOND)
        pause = min(pause * 2, LONGEST_WAIT)
        if traces and run.at < until:
            run.end("failure", AWAY)
            run = _again(run)
    run.end("failure", AWAY)
    return attempts


def _again(run: Run) -> Run:
    """The same request in a trace of its own."""
    again = Run(run.recorder, replace(run.session, at=run.at), run.locale, run.conversation, told=run.told)
    again.messages, again.fresh, again.history = run.messages, run.fresh, run.history
    return again


def wait_for_job(recorder: Recorder, session: Session) -> None:
    """Polling: the same question ten times, and each time the answer is further on."""
    run = Run(recorder, session, "en")
    run.goal("product", int(shapes.draw(recorder.random, shapes.QUESTION) * session.feature.scale))
    job = recorder.new_id()
    for percent in _progress(recorder):
        run.act("get_job_status", f'{{"job":"{job}"}}', f'{{"state":"running","percent":{percent}}}', 40)
        run.at += int(recorder.random.uniform(4, 9) * SECOND)
    run.think(speech.message("assistant", "The job is done."), 40, "stop")
    run.end("success")


def page_through(recorder: Recorder, session: Session) -> None:
    """Pagination: one tool many times, each time with the next cursor."""
    run = Run(recorder, session, "en")
    run.goal("product", int(shapes.draw(recorder.random, shapes.QUESTION) * session.feature.scale))
    for page in range(recorder.random.randrange(6, 14)):
        rows = ",".join(recorder.new_id() for _ in range(4))
        run.act("list_records", f'{{"cursor":"page-{page}","limit":50}}', f'{{"rows":"{rows}"}}', 500)
    run.think(speech.message("assistant", "That is all of them."), 90, "stop")
    run.end("success")


def _progress(recorder: Recorder) -> Iterator[int]:
    percent = 0
    while percent < 100:
        percent = min(100, percent + recorder.random.randrange(6, 16))
        yield percent
