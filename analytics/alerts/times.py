"""Times between Python and the engine: milliseconds, UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def from_engine(text: str | None) -> datetime | None:
    """From the engine's text."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def iso(text: str | None) -> str | None:
    """ISO 8601 of the engine's text."""
    return text.replace(" ", "T") + "Z" if text else None
