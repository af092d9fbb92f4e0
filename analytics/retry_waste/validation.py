"""Re-prompt chains: the answer did not have its form, so the model was asked again with a complaint, or just again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from enum import IntEnum
from itertools import pairwise

from analytics.retry_waste.chain import Cause, Chain
from analytics.retry_waste.requests import goes_on, same, says_nothing
from analytics.retry_waste.span import Replies, Span, Trace
from analytics.retry_waste.transport import CLOCK_US, failed_on_the_way

LONGEST_PAUSE_US = 60_000_000
"""A program complains at once; a person reads first."""
MOST_COMPLAINT_TOKENS = 600
"""A complaint with a list of errors, where content was not sent: growth beyond the answer that comes back."""


class Link(IntEnum):
    """How sure it is that a call is a re-prompt of the one before."""

    NONE = 0
    POSSIBLE = 1
    BY_SIZE = 2
    """Sizes and times fit, and a form was asked for; there is no content to look at."""
    PROVEN = 3


def validation_chains(trace: Trace, replies: Replies, taken: set[Span]) -> Iterator[Chain]:
    """Chains for one asker, prompt and model, with no tool between; uncertain ones are marked so."""
    groups: dict[tuple[str, ...], list[Span]] = defaultdict(list)
    for span in trace.attempts:
        if span.billable and span not in taken:
            groups[trace.asker(span), span.prompt_name, span.model].append(span)
    for group in groups.values():
        links = [_link(trace, replies, before, span) for before, span in pairwise(group)]
        chain, level = group[:1], Link.PROVEN
        for link, (before, span) in zip(links, pairwise(group), strict=True):
            if link and (len(chain) == 1 or _certain(link) == _certain(level)):
                chain.append(span)
                level = min(level, link)
                continue
            yield from _chain(chain, level, whole=False)
            chain, level = ([before, span], link) if _certain(link) else ([span], Link.PROVEN)
        yield from _chain(chain, level, whole=len(chain) == len(group))


def mixed_groups(trace: Trace, taken: set[Span]) -> Iterator[tuple[str, str]]:
    """(prompt, model) of each group of several calls with a form and without content that is not one whole chain."""
    groups: dict[tuple[str, ...], list[Span]] = defaultdict(list)
    for span in trace.attempts:
        if span.billable and span.structured and not span.messages and span not in taken:
            groups[trace.asker(span), span.prompt_name, span.model].append(span)
    for (_, prompt, model), group in groups.items():
        if any(_by_size(before, span) is Link.NONE for before, span in pairwise(group)):
            yield prompt, model


def _certain(link: Link) -> bool:
    return link >= Link.BY_SIZE


def _link(trace: Trace, replies: Replies, before: Span, span: Span) -> Link:
    pause = span.began_us - before.ended_us
    if not -CLOCK_US <= pause < LONGEST_PAUSE_US or failed_on_the_way(before) or _tool_between(trace, before, span):
        return Link.NONE
    if goes_on(before, span):
        if span.last_message in replies.complaints or before.malformed:
            return Link.PROVEN
        form = _formed(before, span) and span.last_message not in replies.from_tools
        return Link.PROVEN if form else Link.POSSIBLE
    if same(before, span):
        return Link.PROVEN if before.malformed or _formed(before, span) else Link.NONE
    if says_nothing(before, span) and (before.malformed or _formed(before, span)):
        return _by_size(before, span)
    return Link.NONE


def _formed(before: Span, span: Span) -> bool:
    """Both answers were to have a form, and the first was no call of a tool, which may not be traced."""
    return before.structured and span.structured and not before.called_tool


def _by_size(before: Span, span: Span) -> Link:
    """By tokens alone: the input grew by a complaint, and by the answer before if that was sent along."""
    if before.input_tokens is None or span.input_tokens is None:
        return Link.NONE
    growth = span.input_tokens - before.input_tokens
    if growth == 0:
        return Link.PROVEN if before.malformed else Link.POSSIBLE
    if not 1 <= growth <= (before.visible_output_tokens or 0) + MOST_COMPLAINT_TOKENS:
        return Link.NONE
    return Link.PROVEN if before.malformed else Link.BY_SIZE


def _tool_between(trace: Trace, before: Span, span: Span) -> bool:
    return any(
        before.began_us <= tool.began_us < span.began_us
        and (tool.parent_span_id == before.span_id or trace.asker(tool) == trace.asker(span))
        for tool in trace.tools
    )


def _chain(spans: list[Span], level: Link, *, whole: bool) -> Iterator[Chain]:
    if len(spans) < 2:
        return
    last = spans[-1]
    growth = (last.input_tokens or 0) - (spans[0].input_tokens or last.input_tokens or 0)
    share = max(growth, 0) / last.input_tokens if last.input_tokens else 0.0
    yield Chain(
        cause=Cause.VALIDATION,
        spans=spans,
        wasted=spans[:-1],
        retries=len(spans) - 1,
        by=last,
        growth_usd=share * (last.input_usd or 0.0),
        error=next((span.error for span in spans if span.error), ""),
        certain=_certain(level) and (level is Link.PROVEN or whole),
        circumstantial=level is Link.BY_SIZE,
    )
