"""Tables of commands in a log."""

from __future__ import annotations

import pytest

from spanledger.cli.screen import screen


@pytest.mark.parametrize(("columns", "width"), [(None, 120), ("90", 90)])
def test_where_there_is_no_terminal_sentences_have_room(
    monkeypatch: pytest.MonkeyPatch, columns: str | None, width: int
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: False, raising=False)
    monkeypatch.delenv("COLUMNS", raising=False)
    if columns:
        monkeypatch.setenv("COLUMNS", columns)
    assert screen().width == width
