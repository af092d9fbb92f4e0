"""Two instrumentations that see one call side by side: each call is billed once, and calls in parallel stay calls."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.analytics.settling.ledger import Ledger, Span, call, span, trace

A = trace(1)
CHAIN, SDK = "openinference.instrumentation.langchain", "opentelemetry.instrumentation.genai.openai"
US = 1e-6
CAPTURED = [
    span(A, 9, None, 0, 0.06, scope="app"),
    call(A, 1, 9, 1659 * US, 46841 * US, scope=CHAIN, request_model="gpt-5-mini"),
    call(A, 2, 9, 2842 * US, 46311 * US, scope=SDK, request_model="gpt-5-mini", model_revision="gpt-5-mini-2025"),
]
"""LangChain streams a completion; times as captured."""


def chain(number: int, parent: int | None, begin: float, end: float, **columns: Any) -> Span:
    return call(A, number, parent, begin, end, **{"scope": CHAIN, **columns})


def sdk(number: int, parent: int | None, begin: float, end: float, **columns: Any) -> Span:
    return call(A, number, parent, begin, end, **{"scope": SDK, **columns})


NOBODY = {"1": "", "2": ""}
CASES: dict[str, tuple[list[Span], dict[str, str]]] = {
    "as captured": (CAPTURED, {"1": "2", "2": ""}),
    "without the parent": (CAPTURED[1:], {"1": "2", "2": ""}),
    "at the top": ([chain(1, None, 0, 2), sdk(2, None, 0.1, 1.9)], {"1": "2", "2": ""}),
    "a clock of milliseconds": ([chain(1, 9, 0, 2), sdk(2, 9, 0.1, 2.0004)], {"1": "2", "2": ""}),
    "spans of its own around": (
        [
            span(A, 9, None, 0, 9, scope="app"), span(A, 8, 9, 0, 3, scope=CHAIN), span(A, 7, 8, 0, 3, scope=CHAIN),
            chain(1, 7, 0, 2), sdk(2, 9, 0.1, 1.9),
        ],
        {"1": "2", "2": ""},
    ),
    "a span of another scope around": (
        [span(A, 9, None, 0, 9, scope="app"), span(A, 8, 9, 0, 3, scope="web"), chain(1, 8, 0, 2), sdk(2, 9, 0.1, 1.9)],
        NOBODY,
    ),
    "three layers": (
        [chain(1, 9, 0, 2), sdk(2, 9, 0.1, 1.9), call(A, 3, 9, 0.2, 1.8, scope="third")],
        {"1": "3", "2": "3", "3": ""},
    ),
    "a layer within the one at its side": (
        [chain(1, 9, 0, 2), sdk(2, 9, 0.1, 1.9), call(A, 3, 2, 0.2, 1.8, scope="third")],
        {"1": "3", "2": "3", "3": ""},
    ),
    "one scope": ([chain(1, 9, 0, 2), chain(2, 9, 0.1, 1.9)], NOBODY),
    "not contained": ([chain(1, 9, 0, 1), sdk(2, 9, 0.1, 1.9)], NOBODY),
    "other output": ([chain(1, 9, 0, 2), sdk(2, 9, 0.1, 1.9, output_tokens=11)], NOBODY),
    "other input": ([chain(1, 9, 0, 2), sdk(2, 9, 0.1, 1.9, input_tokens=11)], NOBODY),
    "unknown input": ([chain(1, 9, 0, 2, input_tokens=None), sdk(2, 9, 0.1, 1.9, input_tokens=None)], NOBODY),
    "another model": ([chain(1, 9, 0, 2), sdk(2, 9, 0.1, 1.9, request_model="gpt-4o-mini")], NOBODY),
    "no model": ([chain(1, 9, 0, 2), sdk(2, 9, 0.1, 1.9, request_model="")], NOBODY),
    "another parent": ([chain(1, 8, 0, 2), sdk(2, 9, 0.1, 1.9)], NOBODY),
    "another response": ([chain(1, 9, 0, 2, response_id="r"), sdk(2, 9, 0.1, 1.9, response_id="s")], NOBODY),
    "another trace": ([chain(1, 9, 0, 2), {**sdk(2, 9, 0.1, 1.9), "trace_id": trace(2)}], NOBODY),
    "responses tell who belongs to whom": (
        [
            chain(1, 9, 0, 2, response_id="r"), chain(2, 9, 0.1, 1.9, response_id="s"),
            sdk(3, 9, 0.3, 1.6, response_id="r"), sdk(4, 9, 0.2, 1.5, response_id="s"),
        ],
        {"1": "3", "2": "4", "3": "", "4": ""},
    ),
    "hedged, and one of them seen twice": (
        [chain(1, 9, 0, 2), chain(2, 9, 0.1, 1.9), sdk(3, 9, 0.2, 1.8)],
        {"1": "", "2": "3", "3": ""},
    ),
    "one round two": (
        [chain(1, 9, 0, 2), sdk(2, 9, 0.1, 0.9), sdk(3, 9, 1.1, 1.9)],
        {"1": "2", "2": "", "3": ""},
    ),
}  # fmt: skip


def test_what_is_one_call(ledger: Ledger) -> None:
    for number, (spans, _) in enumerate(CASES.values(), 1):
        ids = {trace(1): trace(1000 + number), trace(2): trace(2000 + number)}
        ledger.add(*({**each, "trace_id": ids[each["trace_id"]]} for each in spans))
    ledger.step(20)
    for number, (name, (_, billed)) in enumerate(CASES.items(), 1):
        assert (name, ledger.billed(f"{1000 + number:x}", f"{2000 + number:x}")) == (name, billed)
    ledger.check_usage()


@st.composite
def parallel_calls(draw: st.DrawFn) -> tuple[int, list[Span]]:
    """Calls at once, each seen by a chain (perhaps below a span of its own) and by the SDK; milliseconds."""
    count = draw(st.integers(1, 6))
    spans = [span(A, 999, None, 0, 100, scope="app")]
    for number in range(1, count + 1):
        begin, length = draw(st.integers(0, 20)), draw(st.integers(4, 30))
        before, after = draw(st.integers(0, 2)), draw(st.integers(0, 1))
        parent = draw(st.sampled_from([999, 500 + number]))
        outer, inner = (
            (begin / 1000, (begin + length) / 1000),
            ((begin + before) / 1000, (begin + length - after) / 1000),
        )
        if parent != 999:
            spans.append(span(A, parent, 999, *outer, scope=CHAIN))
        if before == after == 0:
            inner = (outer[0] + 1e-4, outer[1] - 1e-4)
        spans += [chain(number, parent, *outer), sdk(100 + number, 999, *inner)]
    return count, spans


def inner_first(spans: list[Span]) -> list[Span]:
    """The same order, but where a chain's call comes before its own SDK call the two change places."""
    place = {int(each["span_id"], 16): index for index, each in enumerate(spans)}
    ordered = list(spans)
    for number, index in place.items():
        other = place.get(number + 100, -1)
        if number < 100 and other > index:
            ordered[index], ordered[other] = ordered[other], ordered[index]
    return ordered


UNSHRUNK = (Phase.explicit, Phase.reuse, Phase.generate)
"""An example takes a second: to make a failing one smaller would take minutes."""


@hypothesis_settings(
    max_examples=6, deadline=None, phases=UNSHRUNK, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(made=parallel_calls(), data=st.data())
def test_parallel_calls_seen_twice_are_billed_once_in_any_order(
    ledger: Ledger, made: tuple[int, list[Span]], data: st.DataObject
) -> None:
    """Only time tells these calls apart. Inner layers are sent first, as they end first."""
    count, spans = made
    shuffled = inner_first(data.draw(st.permutations(spans)))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(spans)), max_size=2)))
    billed = {str(100 + number) for number in range(1, count + 1)}
    seen = []
    for bounds in ([0, len(spans)], [0, *cuts, len(spans)]):
        ledger.clear()
        for number, (first, last) in enumerate(pairwise(bounds)):
            ledger.add(*shuffled[first:last], at=number * 30)
            ledger.step(number * 30 + 20)
        ledger.check_usage()
        found = ledger.billed()
        assert {name for name, winner in found.items() if not winner} == billed
        winners = [winner for winner in found.values() if winner]
        assert sorted(winners) == sorted(billed)  # one to one
        seen.append(found)
    assert seen[0] == seen[1]


@hypothesis_settings(
    max_examples=4, deadline=None, phases=UNSHRUNK, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(made=parallel_calls(), data=st.data())
def test_calls_with_tokens_of_their_own_in_any_order_at_all(
    ledger: Ledger, made: tuple[int, list[Span]], data: st.DataObject
) -> None:
    count, spans = made
    spans = [
        {**each, "output_tokens": int(each["span_id"], 16) % 100} if "cost_usd" in each else each for each in spans
    ]
    shuffled = data.draw(st.permutations(spans))
    cut = data.draw(st.integers(0, len(spans)))
    ledger.clear()
    for number, part in enumerate((shuffled[:cut], shuffled[cut:])):
        ledger.add(*part, at=number * 30)
        ledger.step(number * 30 + 20)
    assert ledger.billed() == {
        str(name): winner
        for number in range(1, count + 1)
        for name, winner in ((number, str(100 + number)), (100 + number, ""))
    }
    ledger.check_usage()


def test_hundreds_of_calls_at_once(ledger: Ledger) -> None:
    """As many at once as one process will have; each starts a millisecond after the one before."""
    at = [number / 1000 for number in range(400)]
    ledger.add(*(chain(1 + number, 9999, begin, begin + 2) for number, begin in enumerate(at)), at=3)
    ledger.add(*(sdk(1001 + number, 9999, begin + 0.0002, begin + 1.9) for number, begin in enumerate(at)), at=3)
    step = ledger.step(20)
    assert step.duplicates == 400
    assert all(winner in ("", str(int(name) + 1000)) for name, winner in ledger.billed().items())
    assert step.seconds < 10
