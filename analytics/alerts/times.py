"""Times between Python and the engine: milliseconds, UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def as_parameter(moment: datetime) -> str:
    """For a DateTime64(3) of a statement or a row."""
    moment = moment.astimezone(UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"


def from_engine(text: str | None) -> datetime | None:
    """From the engine's text."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None


def iso(text: str | None) -> str | None:
    """ISO 8601 of the engine's text."""
    return text.replace(" ", "T") + "Z" if text else None
