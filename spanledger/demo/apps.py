"""The applications: what a session of each does, turned into spans."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from spanledger.demo import shapes, speech
from spanledger.demo.agents import investigate
from spanledger.demo.cast import App
from spanledger.demo.clock import SECOND
from spanledger.demo.conditions import Reprompts, Shift
from spanledger.demo.recorder import Recorder, Request
from spanledger.demo.records import Kind, Ledger, Span, Why
from spanledger.demo.rhythm import Session

QUALITY = 0.82
"""Mean score of an answer when nothing is wrong."""
MOST_TURNS = 8
GOES_ON = 0.62
"""Chance of another turn."""
RETRIEVES = 0.4
REFUSED = 0.003
"""Answers that a validator refuses once, on any day."""
COMPLAINT = "That is not valid JSON: expecting a comma in line 3. Send the JSON only."


def play(recorder: Recorder, session: Session) -> None:
    """One session of a feature."""
    PLAYS[session.feature.app](recorder, session)


def assistant(recorder: Recorder, session: Session) -> None:
    """A conversation: each turn is a trace, resends what was said, and may look something up."""
    random = recorder.random
    topic, locale, shift = subject(recorder, session)
    thread = f"conversation-{recorder.new_id()}"
    told = recorder.told(session, locale, thread)
    at, history = session.at, 0
    messages: tuple[str, ...] = ()
    for _ in range(MOST_TURNS):
        version, model = recorder.model(session, at)
        fresh = _size(random, session, shapes.QUESTION, shift)
        text = speech.question(random, topic, locale, _words(random, shift))
        root = recorder.span(
            Kind.WORKFLOW, f"chat turn {session.feature.name}", session, at,
            {**told, "gen_ai.workflow.name": session.feature.name},
        )  # fmt: skip
        if random.random() < RETRIEVES:
            at = _look_up(recorder, session, root, topic, at + SECOND // 50)
        request = Request(
            session, root.trace_id, root.span_id, told, version, model, (*messages, speech.message("user", text)),
            history, fresh, shapes.draw(random, shapes.ANSWER),
            speech.message("assistant", speech.answer(random, topic)), thread,
        )  # fmt: skip
        call = recorder.ask(request, at + SECOND // 20)
        _finish(recorder, session, root, call.span.ended, _worse(shift, topic))
        if random.random() > GOES_ON:
            return
        messages, history = (*request.messages, request.reply), history + fresh + request.output
        at = root.ended + int(random.uniform(15, 150) * SECOND)


def extraction(recorder: Recorder, session: Session) -> None:
    """One document, JSON wanted; when it is refused, the answer and a complaint go back in the same conversation."""
    random = recorder.random
    topic, locale, shift = subject(recorder, session)
    told = recorder.told(session, locale)
    version, model = recorder.model(session, session.at)
    root = recorder.span(
        Kind.WORKFLOW, f"review {session.feature.name}", session, session.at,
        {**told, "gen_ai.workflow.name": session.feature.name},
    )  # fmt: skip
    document = _size(random, session, shapes.DOCUMENT, shift)
    question = speech.message("user", speech.question(random, topic, locale, 24))
    wrong, ledger = _refusals(recorder, session)
    at, history, fresh = session.at + SECOND // 10, 0, document
    messages: tuple[str, ...] = (question,)
    thread = root.trace_id.hex()
    for left in range(wrong, -1, -1):
        output = shapes.draw(random, shapes.ANSWER) + 150
        reply = speech.message("assistant", "{" + speech.answer(random, topic))
        call = recorder.ask(
            Request(session, root.trace_id, root.span_id, told, version, model, messages, history, fresh, output, reply,
                    thread, json=True), at,
        )  # fmt: skip
        if ledger:
            call.blame.append((ledger, Why.WHOLE if left else Why.GROWTH, history + fresh - document))
        history, fresh = history + fresh + output, 40
        messages = (*messages, reply, speech.message("user", COMPLAINT))
        at = call.span.ended + int(random.uniform(0.1, 0.8) * SECOND)
    _finish(recorder, session, root, at, _worse(shift, topic))


def tagging(recorder: Recorder, session: Session) -> None:
    """One small call, which is its own trace."""
    random = recorder.random
    topic, locale, shift = subject(recorder, session)
    version, model = recorder.model(session, session.at)
    question = speech.message("user", speech.question(random, topic, locale, _words(random, shift)))
    request = Request(
        session, random.randbytes(16), b"", recorder.told(session, locale), version, model, (question,),
        0, _size(random, session, shapes.QUESTION, shift), random.randrange(5, 25), speech.message("assistant", topic),
    )  # fmt: skip
    recorder.ask(request, session.at)


def agent(recorder: Recorder, session: Session) -> None:
    """A run of an agent that gets somewhere."""
    topic, locale, _ = subject(recorder, session)
    investigate(recorder, session, topic, locale)


def subject(recorder: Recorder, session: Session) -> tuple[str, str, Shift | None]:
    """Topic and language of a session, and what moved users if something did."""
    shift = recorder.conditions.at(Shift, session.at, session.feature.name)
    topics = shift.topics if shift and shift.topics else session.feature.topics
    locales = shift.locales if shift and shift.locales else tuple(session.tenant.locales.items())
    return _pick(recorder.random, topics), _pick(recorder.random, locales), shift


def _pick(random: Random, shares: tuple[tuple[str, float], ...]) -> str:
    return random.choices([name for name, _ in shares], [share for _, share in shares])[0]


def _size(random: Random, session: Session, quantiles: tuple[int, ...], shift: Shift | None) -> int:
    return max(20, int(shapes.draw(random, quantiles) * session.feature.scale * (shift.length if shift else 1.0)))


def _words(random: Random, shift: Shift | None) -> int:
    return int(random.randrange(8, 24) * (shift.length if shift else 1.0))


def _refusals(recorder: Recorder, session: Session) -> tuple[int, Ledger | None]:
    """How often this answer will be refused, and who pays for it."""
    loop = recorder.conditions.at(Reprompts, session.at, session.feature.name)
    if loop and recorder.random.random() < loop.chance:
        return recorder.random.randint(loop.fewest, loop.most) - 1, loop.ledger
    return int(recorder.random.random() < REFUSED), None


def _look_up(recorder: Recorder, session: Session, root: Span, topic: str, at: int) -> int:
    """Retrieval of a few documents, best first."""
    random = recorder.random
    span = recorder.span(
        Kind.RETRIEVAL,
        "retrieval handbook",
        session,
        at,
        recorder.told(session),
        trace_id=root.trace_id,
        parent_id=root.span_id,
    )
    scores = sorted((round(random.uniform(0.5, 0.95), 3) for _ in range(4)), reverse=True)
    found = ",".join(f'{{"id":"{topic}-{random.randrange(40)}","score":{score}}}' for score in scores)
    span.attributes["gen_ai.retrieval.documents"] = f"[{found}]"
    span.ended = at + int(random.uniform(0.02, 0.12) * SECOND)
    return span.ended


def _worse(shift: Shift | None, topic: str) -> float:
    """What a shift adds to the mean score of a topic."""
    return shift.quality if shift and (not shift.topics or topic in dict(shift.topics)) else 0.0


def _finish(recorder: Recorder, session: Session, root: Span, at: int, worse: float) -> None:
    """End a trace, with its outcome where senders tell it."""
    root.ended = at + SECOND // 50
    well = recorder.judge(root, session, QUALITY + worse)
    if recorder.traits.tasks:
        root.attributes["task.id"] = root.span_id.hex()
        root.attributes["task.outcome"] = "success" if well else "failure"


PLAYS: dict[App, Callable[[Recorder, Session], None]] = {
    App.ASSISTANT: assistant,
    App.EXTRACTION: extraction,
    App.TAGGING: tagging,
    App.AGENT: agent,
}
