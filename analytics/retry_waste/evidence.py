"""What a user may run to see the spans behind a finding, and how numbers are written in sentences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from analytics.jobs.contract import Window, as_parameter
from spanledger.sql import literal

COLUMNS = (
    "started_at, trace_id, span_id, tenant, operation, prompt_name, request_model, tool_name, tool_arguments_hash, "
    "tool_result_hash, status, error_type, input_tokens, output_tokens, cost_usd"
)


def spans_query(window: Window, trace_ids: Sequence[str]) -> str:
    """The calls and tools of these traces in the window, as they came; without traces, the failed calls."""
    since, until = (f"toDateTime64({literal(as_parameter(t))}, 3, 'UTC')" for t in (window.since, window.until))
    traces = ", ".join(literal(trace) for trace in trace_ids)
    which = f"trace_id IN ({traces}) AND (operation != 'other' OR attempt IS NOT NULL)"
    if not trace_ids:
        which = "billable AND status = 'error'"
    return (
        f"SELECT {COLUMNS} FROM spans WHERE started_at >= {since} AND started_at < {until} "
        f"AND {which} ORDER BY trace_id, started_at"
    )


def dollars(amount: float | None) -> str:
    """For reading: $4,213, $12.30, $0.042; said when it is unknown."""
    if amount is None:
        return "an unknown amount"
    if amount >= 100:
        return f"${amount:,.0f}"
    return f"${amount:.2f}" if amount >= 1 else f"${amount:.2g}" if amount else "$0"


def percent(share: float) -> str:
    """For reading: 15 %, 1.6 %."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def clock(time: datetime) -> str:
    """For reading, to the minute."""
    return f"{time:%Y-%m-%d %H:%M} UTC"


def many(count: int, what: str) -> str:
    """1 trace, 1,200 traces."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
