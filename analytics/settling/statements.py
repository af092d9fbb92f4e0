"""The `.sql` files of this package."""

from __future__ import annotations

from pathlib import Path

from spanledger import sql

SLICE_SECONDS = 10
"""Width of a slice of acceptance: sums are made of whole slices."""
HOUR_SECONDS = 3600


def statement(name: str) -> str:
    """The text of `name`.sql."""
    return sql.read(Path(__file__).with_name(f"{name}.sql"))
