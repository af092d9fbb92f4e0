"""Blind reruns: somebody asks the same once more within minutes, and nothing has changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from analytics.retry_waste.chain import Cause, Chain
from analytics.retry_waste.requests import same
from analytics.retry_waste.span import Span, Trace

SOON_US = 900_000_000
"""A quarter of an hour; later it is another day's question."""
LEAST_TOKENS = 50
"""Without content equal counts of tokens say something only if there are many."""


def reruns(traces: Sequence[Trace], taken: set[Span]) -> Iterator[Chain]:
    """The same user, prompt, model and request in another trace. Without content it is only suspected."""
    groups: dict[tuple[object, ...], list[Span]] = defaultdict(list)
    for trace in traces:
        for span in trace.attempts:
            user = span.user_id or span.session_id
            if user and span.billable and span not in taken and span.purpose not in ("eval", "batch", "shadow"):
                asked = span.request if span.messages else span.input_tokens
                groups[span.tenant, user, span.prompt_name, span.model, span.messages, asked].append(span)
    for group in groups.values():
        group.sort(key=lambda span: span.place)
        series = group[:1]
        for span in group[1:]:
            if _again(series[-1], span):
                series.append(span)
                continue
            yield from _chain(series)
            series = [span]
        yield from _chain(series)


def _again(before: Span, span: Span) -> bool:
    if span.trace_id == before.trace_id or not 0 <= span.began_us - before.ended_us <= SOON_US:
        return False
    return same(before, span) or (
        not span.messages and (span.input_tokens or 0) >= LEAST_TOKENS and span.input_tokens == before.input_tokens
    )


def _chain(series: list[Span]) -> Iterator[Chain]:
    if len(series) > 1:
        yield Chain(
            cause=Cause.RERUN,
            spans=series,
            wasted=series[1:],
            retries=len(series) - 1,
            by=series[0],
            error=series[0].error,
            certain=series[0].messages > 0,
        )
