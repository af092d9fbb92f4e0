"""What holds for any spans: one cause for each, no more waste than spend, whatever order they come in."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.retry_waste.group import Group
from analytics.retry_waste.label import Labelled, label
from analytics.retry_waste.span import Span, Spans, traces_of

HOUR_US = 3_600_000_000


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    """Small traces of few kinds of spans, so that everything is found somewhere."""
    count = draw(st.integers(1, 25))
    return [draw(one(number)) for number in range(count)]


@st.composite
def one(draw: st.DrawFn, number: int) -> Span:
    operation = draw(st.sampled_from(["chat", "chat", "tool", "other", "agent"]))
    call = operation == "chat"
    failed = draw(st.booleans())
    messages = draw(st.integers(0, 4)) if call else 0
    tokens = draw(st.sampled_from([None, 100, 250, 400])) if call else None
    values: dict[str, Any] = {
        "parent_span_id": draw(st.sampled_from(["", "0", "1", "2"])),
        "billable": call and draw(st.booleans()),
        "duplicate_of": draw(st.sampled_from(["", "1"])) if call else "",
        "failed": failed,
        "error": "E" if failed else "",
        "malformed": failed and draw(st.booleans()),
        "attempt": draw(st.integers(0, 2)),
        "tenant": draw(st.sampled_from(["a", "b"])),
        "user_id": draw(st.sampled_from(["", "u"])),
        "prompt_name": draw(st.sampled_from(["p", "q"])),
        "structured": draw(st.booleans()),
        "input_tokens": tokens,
        "visible_output_tokens": draw(st.sampled_from([None, 100])),
        "cost_usd": tokens and tokens * 1e-6,
        "input_usd": tokens and tokens * 0.8e-6,
        "messages": messages,
        "request": messages,
        "beginnings": tuple(range(messages, 0, -1)),
        "output": draw(st.integers(0, 2)),
    }
    if operation == "tool":
        values |= {
            "tool_name": draw(st.sampled_from("st")),
            "arguments": draw(st.sampled_from(["", "x"])),
            "result": "r",
        }
    return Span(
        trace_id=draw(st.sampled_from("xyz")),
        span_id=str(number),
        operation=operation,
        began_us=draw(st.integers(0, 40)) * HOUR_US // 240,
        lasted_us=draw(st.sampled_from([0, 1_000_000, 30_000_000])),
        **values,
    )


def labelled(some: list[Span]) -> Labelled:
    return label(Spans(traces_of(some)))


@given(spans())
@settings(max_examples=70)
def test_each_span_is_counted_once(some: list[Span]) -> None:
    counted = Counter((span.trace_id, span.span_id) for chain in labelled(some).chains for span in chain.wasted)
    assert not counted or max(counted.values()) == 1


@given(spans())
@settings(max_examples=70)
def test_waste_is_no_more_than_what_was_spent(some: list[Span]) -> None:
    known = [span.cost_usd for span in some if span.cost_usd is not None]
    assert (Group(labelled(some).chains).cost_usd or 0) <= sum(known) * (1 + 1e-9)


@given(spans(), st.randoms())
@settings(max_examples=40)
def test_the_order_of_spans_does_not_matter(some: list[Span], random: Any) -> None:
    mixed = list(some)
    random.shuffle(mixed)
    assert said(labelled(mixed)) == said(labelled(some))


@given(spans())
@settings(max_examples=40)
def test_what_is_wasted_is_part_of_what_was_tried(some: list[Span]) -> None:
    for chain in labelled(some).chains:
        assert set(chain.wasted) <= set(chain.spans)
        assert chain.retries >= 1


def said(found: Labelled) -> list[tuple[str, list[str]]]:
    return sorted((chain.cause.value, sorted(span.span_id for span in chain.wasted)) for chain in found.chains)
