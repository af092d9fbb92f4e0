"""Filters from dimensions, such as a finding's subject or an alert's labels."""

from __future__ import annotations

from collections.abc import Mapping

from spanledger.filters.key import quoted
from spanledger.filters.parse import parse

DIMENSIONS: Mapping[str, str] = {
    "tenant": "tenant", "prompt": "prompt_name", "model": "model", "feature": "feature", "provider": "provider",
    "service": "service", "tool": "tool_name", "agent": "agent_name", "environment": "environment", "region": "region",
    "user": "user_id",
}  # fmt: skip
"""Names of parameters and of dimensions of findings, and the field of the filter language that each stands for."""


def filter_of(values: Mapping[str, str], text: str = "") -> str:
    """A filter from dimensions, such as a finding's subject, and a filter's text; unknown dimensions are left out.

    Raises BadFilter, with the place in the text, when that can't be understood.
    """
    parse(text)
    parts = [f"{DIMENSIONS[name]} = {quoted(value)}" for name, value in values.items() if value and name in DIMENSIONS]
    return " and ".join([*parts, *([f"({text})"] if text.strip() else [])])
