"""Traffic beside the sessions: imports, reports by machine, batches, evaluations, hedged calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

from spanledger.demo import shapes, speech
from spanledger.demo.cast import Feature, Tenant
from spanledger.demo.clock import DAY, HOUR, SECOND, Stretch
from spanledger.demo.rates import MODELS, Tokens
from spanledger.demo.recorder import Recorder, Request
from spanledger.demo.records import Call, Kind, Ledger, Why
from spanledger.demo.rhythm import Session

REPORT_OUTPUT = 700
REPORT_INPUT = 75_000
"""Tokens of one report's data: with the instructions below the 128,000 that the model takes."""


def ask_once(  # noqa: PLR0913  (a call has that many measures)
    recorder: Recorder,
    session: Session,
    *,
    fresh: int,
    output: int,
    history: int = 0,
    batch: bool = False,
    text: str = "",
    delay: int = 0,
    trace_id: bytes = b"",
) -> Call:
    """One call in a trace of its own, or in another's."""
    random = recorder.random
    version, model = recorder.model(session, session.at)
    topic = session.feature.topics[0][0]
    question = speech.message("user", text or speech.question(random, topic, "en", 16))
    request = Request(
        session, trace_id or random.randbytes(16), b"", recorder.told(session), version, model, (question,), history,
        fresh, output, speech.message("assistant", speech.answer(random, topic)), batch=batch,
    )  # fmt: skip
    return recorder.ask(request, session.at + delay)


def spend(  # noqa: PLR0913, PLR0917  (the same)
    recorder: Recorder, tenant: Tenant, feature: Feature, when: Stretch, usd_per_day: float, ledger: Ledger
) -> None:
    """Calls at all hours that cost so much a day together."""
    model = MODELS[feature.model]
    one = model.cost(Tokens(feature.static + REPORT_INPUT, REPORT_OUTPUT))
    for at in evenly(recorder.random, when, usd_per_day / one):
        fresh = int(REPORT_INPUT * recorder.random.uniform(0.8, 1.2))
        call = ask_once(recorder, Session(at, tenant, feature), fresh=fresh, output=REPORT_OUTPUT)
        call.blame.append((ledger, Why.WHOLE, 0))


def bulk_import(recorder: Recorder, tenant: Tenant, feature: Feature, when: Stretch, per_day: float) -> None:
    """Pages that are each written to the cache and never read again."""
    for at in evenly(recorder.random, when, per_day):
        pages = recorder.random.randrange(20_000, 40_000)
        ask_once(recorder, Session(at, tenant, feature), history=pages, fresh=200, output=150)


def nightly_batch(recorder: Recorder, tenant: Tenant, feature: Feature, when: Stretch, calls: int) -> None:
    """Each night at two, many calls at half price, one prompt over many documents."""
    batch = replace(feature, name=f"{feature.name}-batch", purpose="batch")
    for night in range(when.since // DAY * DAY, when.until, DAY):
        for number in range(calls):
            at = night + 2 * HOUR + number * 3 * SECOND
            if when.holds(at):
                ask_once(
                    recorder,
                    Session(at, tenant, batch),
                    fresh=recorder.random.randrange(800, 4000),
                    output=120,
                    batch=True,
                )


def evaluations(recorder: Recorder, tenant: Tenant, feature: Feature, when: Stretch, cases: int) -> None:
    """Twice a week the same questions, in the same words, to the same prompt."""
    judged = replace(feature, purpose="eval")
    fixed = Random(recorder.random.random())  # noqa: S311  (made-up traffic)
    questions = [speech.question(fixed, feature.topics[0][0], "en", 16) for _ in range(cases)]
    for day in range(when.since // DAY * DAY, when.until, DAY):
        if day // DAY % 7 not in (0, 4):
            continue
        for number, text in enumerate(questions):
            at = day + 15 * HOUR + number * 8 * SECOND
            if when.holds(at):
                ask_once(recorder, Session(at, tenant, judged), fresh=900, output=140, text=text)


def hedged(recorder: Recorder, tenant: Tenant, feature: Feature, when: Stretch, per_day: float) -> None:
    """Two equal calls at once, half a second apart, for the sake of the slowest: both are paid for, neither failed."""
    random = recorder.random
    for at in evenly(random, when, per_day):
        session = Session(at, tenant, feature)
        root = recorder.span(Kind.WORKFLOW, f"quick {feature.name}", session, at, recorder.told(session))
        text = speech.question(random, feature.topics[0][0], "en", 12)
        fresh = max(20, int(shapes.draw(random, shapes.QUESTION) * feature.scale))
        ends = []
        for delay in (0, SECOND // 2):
            call = ask_once(recorder, session, fresh=fresh, output=12, text=text, delay=delay, trace_id=root.trace_id)
            call.span.parent_id = root.span_id
            ends.append(call.span.ended)
        root.ended = max(ends) + SECOND // 50


def evenly(random: Random, when: Stretch, per_day: float) -> Iterator[int]:
    """Moments at a steady rate, each a little off."""
    step = int(DAY / per_day)
    for at in range(when.since, when.until, step):
        moment = at + random.randrange(step)
        if moment < when.until:
            yield moment
