"""Times as people write them and as statements take them."""

from __future__ import annotations

from datetime import UTC, datetime

FIRST, LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
"""What the engine's DateTime64 holds in nanoseconds, to a round number of years."""


def read_moment(text: str) -> datetime:
    """`2026-11-01`, `2026-11-01T10:00`, with seconds or a zone; without one it is UTC.

    ValueError, with a sentence, when it is no time or not from `FIRST` to `LAST`.
    """
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        raise ValueError(f"{text[:40]!r} is no time; write 2026-11-21 or 2026-11-21T10:00:00Z") from None
    try:
        found = utc(found)
    except OverflowError:
        found = LAST
    if not FIRST <= found < LAST:
        raise ValueError(f"{text[:40]!r} is not between the years 1970 and 2200")
    return found


def utc(moment: datetime) -> datetime:
    """The same moment in UTC; one without a zone is in UTC already."""
    return moment.replace(tzinfo=UTC) if moment.utcoffset() is None else moment.astimezone(UTC)


def as_parameter(moment: datetime) -> str:
    """A moment as a parameter of type DateTime64(3), in UTC."""
    moment = utc(moment)
    return f"{moment:%Y-%m-%d %H:%M:%S}.{moment.microsecond // 1000:03d}"
