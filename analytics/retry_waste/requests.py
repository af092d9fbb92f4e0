"""How one request follows another: the same again, or the same gone on."""

from __future__ import annotations

from analytics.retry_waste.span import Span

MOST_NEW_MESSAGES = 3
"""The answer, a complaint, and at most one more: the result of a tool that stands for the output."""


def goes_on(before: Span, after: Span) -> bool:
    """The messages of `before` are the beginning of those of `after`, with one to three new ones behind them."""
    new = after.messages - before.messages
    return (
        before.messages > 0
        and 1 <= new <= MOST_NEW_MESSAGES
        and len(after.beginnings) > new
        and after.beginnings[new] == before.beginnings[0]
    )


def same(before: Span, after: Span) -> bool:
    """Both requests were sent with content, and it is the same."""
    return before.messages > 0 and before.messages == after.messages and before.request == after.request


def says_nothing(before: Span, after: Span) -> bool:
    """Neither was sent with content."""
    return before.messages == 0 and after.messages == 0
