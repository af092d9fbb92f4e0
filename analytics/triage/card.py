"""The card of a page from a triage: what to look at first, and the five surfaces, as text and for Slack."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from analytics.alerts.channels.slack import escape
from analytics.alerts.evaluate import clean

MOST_LINE = 240
MARKS = re.compile(r"([*_~`])")


def card_text(triage: Mapping[str, Any], public_url: str) -> str:
    """Plain text."""
    lines = [clean(triage["sentence"], 2 * MOST_LINE)]
    lines += [
        f"{place}. {surface['surface']}: {clean(surface['sentence'], MOST_LINE)}"
        for place, surface in enumerate(triage["surfaces"], 1)
    ]
    return "\n".join([*lines, *_traces(triage, public_url)])


def card_markdown(triage: Mapping[str, Any], public_url: str) -> str:
    """For Slack; what strangers wrote is no markup."""
    lines = [f"*{_words(triage['sentence'], 2 * MOST_LINE)}*"]
    for place, surface in enumerate(triage["surfaces"], 1):
        name = f"*{surface['surface']}*" if surface["surface"] == triage["suspect"] else surface["surface"]
        lines.append(f"{place}. {name}: {_words(surface['sentence'], MOST_LINE)}")
    base = public_url.rstrip("/")
    if base and triage["trace_ids"]:
        lines.append(" · ".join(f"<{base}/traces/{trace}|trace {trace[:8]}>" for trace in triage["trace_ids"]))
    return "\n".join(lines)


def _traces(triage: Mapping[str, Any], public_url: str) -> list[str]:
    base = public_url.rstrip("/")
    return [f"trace: {base}/traces/{trace}" if base else f"trace: {trace}" for trace in triage["trace_ids"]]


def _words(text: str, most: int) -> str:
    """Marks are held apart by a space of no width, so that they stay marks."""
    return MARKS.sub("\u200b\\1\u200b", escape(clean(text, most)))
