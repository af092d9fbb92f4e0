"""docs/dialects.md is the data, in words and tables."""

from __future__ import annotations

import os
from pathlib import Path

from spanledger.mapping.render import numbers
from tests.dialects.page import page

PAGE = Path(__file__).resolve().parents[2] / "docs" / "dialects.md"


def test_dialects_page() -> None:
    if os.environ.get("REGENERATE"):
        PAGE.write_text(page(numbers()))
    assert PAGE.read_text() == page(numbers()), "run REGENERATE=1 pytest tests/dialects/test_page.py"
