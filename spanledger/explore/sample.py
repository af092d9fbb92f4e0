"""Samples of a range of time: slots of it that a hash draws. Spans between them are not read from the disk.

Sampling single spans would read every block of storage: each holds 8,192 spans that follow on one another in time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import ceil

SLOT_SPANS = 2_000
"""Spans of a slot on average: one that is drawn reads a block of storage or two."""
SLOTS = 65_536
"""A share is told in so many parts, as the statements have it."""


@dataclass(frozen=True)
class Slots:
    """How a range is cut."""

    milliseconds: int

    @classmethod
    def of(cls, since: datetime, until: datetime, spans: int) -> Slots:
        """Of a range with so many spans."""
        length = (until - since).total_seconds() * 1000
        return cls(max(1, round(length * SLOT_SPANS / max(spans, 1))))


def share(part: float) -> int:
    """A share from 0 to 1, as statements take it; never none."""
    return ceil(min(max(part, 0.0), 1.0) * SLOTS)
