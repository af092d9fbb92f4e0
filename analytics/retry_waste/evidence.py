"""What a user may run to see the spans behind a finding, and how numbers are written in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from analytics.jobs.contract import Window
from spanledger.figures import usd
from spanledger.sql import shown

SHOWN = Path(__file__).with_name("shown.sql")


def spans_query(window: Window, trace_ids: Sequence[str]) -> str:
    """The calls and tools of these traces in the window, as they came; without traces, the failed calls."""
    return shown(SHOWN, traces=list(trace_ids), since=window.since, until=window.until)


def dollars(amount: float | None) -> str:
    """For reading; said when it is unknown."""
    return "an unknown amount" if amount is None else usd(amount)


def percent(share: float) -> str:
    """For reading: 15 %, 1.6 %."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def clock(time: datetime) -> str:
    """For reading, to the minute."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def many(count: int, what: str) -> str:
    """1 trace, 1,200 traces."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
