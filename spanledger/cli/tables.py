"""Answers as tables in the terminal. What comes from spans is text, never markup or control codes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.table import Table
from rich.text import Text

from spanledger.answers import Answer

WIDEST = 2000
"""Characters of one cell; the rest is cut with an ellipsis."""


def answer_table(answer: Answer) -> Table:
    """Columns and rows of a query; numbers to the right, null as an en dash."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name, kind in answer.columns:
        table.add_column(Text(name), justify="right" if _is_number(kind) else "left")
    for row in answer.rows:
        table.add_row(*(cell(value) for value in row))
    return table


def rejected_table(entries: Iterable[dict[str, Any]]) -> Table:
    """What lies in quarantine."""
    table = Table("signal", "items", "bytes", "reason", "file", box=None, header_style="bold", pad_edge=False)
    for entry in entries:
        table.add_row(*(cell(entry[name]) for name in ("signal", "items", "bytes", "reason", "file")))
    return table


def _is_number(kind: str) -> bool:
    return kind.removeprefix("Nullable(").startswith(("UInt", "Int", "Float", "Decimal"))


def cell(value: Any, *, lines: bool = False) -> Text:
    """A value as text, null as an en dash; what can't be shown is a �, also ends of lines unless `lines`."""
    if value is None:
        return Text("–", style="dim")
    text = str(value)
    shown = "".join(char if char.isprintable() or (lines and char == "\n") else "�" for char in text[:WIDEST])
    return Text(shown + ("…" if len(text) > WIDEST else ""))
