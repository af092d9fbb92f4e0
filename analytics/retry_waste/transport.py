"""Transport retries: a request that failed on its way or at the provider, and was sent again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from analytics.retry_waste.chain import Cause, Chain
from analytics.retry_waste.span import CALLS, Span, Trace

CLOCK_US = 1_000
"""A next try may seem to begin so much before the end of the one before: clocks are read at two places."""
LONGEST_PAUSE_US = 600_000_000
"""Retry-After and backoff are rarely longer; what comes later is a new attempt at the task."""
ON_THE_WAY = frozenset({"rate_limited", "timeout", "unavailable", "server_error", "cancelled"})
NOT_A_RETRY = frozenset({"auth", "permission"})
"""After 401 a client logs in and sends the request that it meant to send."""
REDIRECTED = ("3", "401")


def failed_on_the_way(span: Span) -> bool:
    """Sending the same again may help: the answer was not there, rather than wrong."""
    if not span.failed or span.error_kind in NOT_A_RETRY:
        return False
    return span.error_kind in ON_THE_WAY or not span.malformed


def transport_chains(trace: Trace) -> Iterator[Chain]:
    """Chains of equal requests for one asker, each sent after the one before had failed.

    Without content, requests are taken for equal when asker, prompt, model and (where known) input tokens are. Those
    that overlap in time are hedged or sampled, not retried.
    """
    counted: set[str] = set()
    for tries in _sequences(trace):
        counted.update(span.span_id for span in tries)
        wasted = [span for span in tries if span.failed]
        yield Chain(
            cause=Cause.TRANSPORT,
            spans=tries,
            wasted=wasted,
            retries=len(tries) - 1,
            by=tries[-1],
            estimated_usd=_broken_off(tries),
            error=wasted[0].error,
        )
    yield from _inside(trace, counted)


def _sequences(trace: Trace) -> Iterator[list[Span]]:
    groups: dict[tuple[object, ...], list[Span]] = defaultdict(list)
    for span in trace.attempts:
        groups[trace.asker(span), span.prompt_name, span.model, span.request if span.messages else None].append(span)
    for group in groups.values():
        tries = group[:1]
        for before, span in pairwise(group):
            if _again(trace, before, span):
                tries.append(span)
                continue
            if len(tries) > 1:
                yield tries
            tries = [span]
        if len(tries) > 1:
            yield tries


def _again(trace: Trace, before: Span, span: Span) -> bool:
    pause = span.began_us - before.ended_us
    if not failed_on_the_way(before) or not -CLOCK_US <= pause <= LONGEST_PAUSE_US:
        return False
    if None not in (before.input_tokens, span.input_tokens) and before.input_tokens != span.input_tokens:
        return False
    return not any(before.ended_us <= tool.began_us < span.began_us for tool in trace.tools)


def _broken_off(tries: list[Span]) -> float:
    """Failed calls whose answer had begun were billed, but say nothing of it: their input at the good call's price."""
    good = next((span for span in reversed(tries) if not span.failed and span.input_usd is not None), None)
    if good is None or good.input_usd is None:
        return 0.0
    return good.input_usd * sum(span.failed and span.answered and span.cost_usd is None for span in tries)


def _inside(trace: Trace, counted: set[str]) -> Iterator[Chain]:
    """Retries within one call: HTTP requests below it that were sent again, its own count, its events."""
    requests: dict[str, list[Span]] = defaultdict(list)
    calls: dict[str, Span] = {}
    for span in trace.spans:
        if span.operation == "other" and (call := next((s for s in trace.above(span) if s.operation in CALLS), None)):
            requests[call.span_id].append(span)
            calls[call.span_id] = call
        elif span.is_attempt and (span.attempt or span.retry_events):
            calls[span.span_id] = span
    for span_id, call in calls.items():
        sent = [span for span in requests[span_id] if span.attempt or span.http_status or span.failed]
        again = [
            span
            for before, span in zip([None, *sent], sent, strict=False)
            if span.attempt and not (before and before.http_status.startswith(REDIRECTED))
        ]
        if span_id in counted or not (again or call.attempt or call.retry_events):
            continue
        earlier = [span for span in sent if again and span.began_us < again[-1].began_us and span.failed]
        yield Chain(
            cause=Cause.TRANSPORT,
            spans=(call, *sent),
            wasted=earlier,
            retries=max(len(again), call.retry_events, 1),
            by=call,
            error=next((span.error for span in earlier), ""),
        )
