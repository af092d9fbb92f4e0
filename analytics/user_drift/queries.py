"""Statements that anybody may run to see what moved."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from analytics.jobs.contract import Window
from analytics.user_drift.families import Family
from spanledger.sql import Plain, shown

HERE = Path(__file__).parent
NUMBERS = ("user_characters", "input_tokens", "messages")
COLUMNS = {"first_tool": "tool_name", "hour": "toHour(started_at)", "messages": "length(message_hashes)"}
"""What a layer is in `spans`, where that is not its name."""


def layer_query(family: Family, layer: str, window: Window) -> str:
    """A layer of a family's calls by day: its values, or three quantiles of its numbers."""
    return shown(
        HERE / ("shown_numbers.sql" if layer in NUMBERS else "shown_values.sql"),
        column=Plain(COLUMNS.get(layer, layer)),
        tools=layer == "first_tool",
        where=_where(family),
        since=window.since,
        until=window.until,
    )


def versions_query(family: Family, window: Window) -> str:
    """Which prompt and model a family used, by day."""
    return shown(HERE / "shown_versions.sql", where=_where(family), since=window.since, until=window.until)


def texts_query(traces: Sequence[str], window: Window) -> str:
    """What users wrote in these traces, where texts are stored; their spans where not."""
    return shown(HERE / "shown_texts.sql", traces=list(traces), since=window.since, until=window.until)


def _where(family: Family) -> list[tuple[Plain, str]]:
    """A family named by its feature has no prompt, one named by its service neither."""
    names = {"prompt": "", "feature": "", "service": ""} | {family.kind: family.name}
    kinds = {"prompt": ("prompt",), "feature": ("prompt", "feature"), "service": ("prompt", "feature", "service")}
    columns = {"prompt": "prompt_name", "feature": "feature", "service": "service"}
    return [(Plain(columns[kind]), names[kind]) for kind in kinds[family.kind]]
