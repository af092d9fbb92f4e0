"""Whose a span is, as findings name it."""

from __future__ import annotations

from analytics.retry_waste.span import Span

Owner = tuple[str, str]
"""A dimension and its value: ('prompt', 'extract')."""


def prompt_of(span: Span) -> Owner:
    """The prompt, else what is nearest to it. `spend.sql` and `pace.sql` say the same."""
    return _first(
        ("prompt", span.prompt_name), ("agent", span.agent_name), ("feature", span.feature), ("service", span.service)
    )


def agent_of(span: Span) -> Owner:
    """The agent, else what is nearest to it."""
    return _first(
        ("agent", span.agent_name), ("prompt", span.prompt_name), ("feature", span.feature), ("service", span.service)
    )


def key_of(owner: Owner) -> str:
    """As the statements write an owner."""
    return "=".join(owner)


def named(owner: Owner) -> str:
    """For a sentence: prompt 'extract'."""
    return f"{owner[0]} '{owner[1]}'" if owner[1] else f"an unnamed {owner[0]}"


def _first(*owners: Owner) -> Owner:
    return next((owner for owner in owners if owner[1]), owners[-1])
