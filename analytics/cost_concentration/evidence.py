"""What proves a finding: a query that anybody may paste, and the dearest traces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from analytics.cost_concentration.inputs import as_hour
from analytics.cost_concentration.period import HOUR, Period
from analytics.cost_concentration.thresholds import OWN_PURPOSES
from analytics.jobs.contract import Candidate, Report, Window
from analytics.jobs.source import Source
from spanledger.sql import shown

HERE = Path(__file__).parent
HOURS = "dearest_hours"
"""In a candidate's details: (customer, hour) in which to look for its dearest traces."""
MOST_LOOKS = 60
"""Hours of spans that one run reads for traces, at most."""


def spans_query(tenant: str, since: datetime, until: datetime) -> str:
    """A customer's traces in some hours, the dearest first."""
    return shown(HERE / "shown_traces.sql", tenant=tenant, own=OWN_PURPOSES, since=since, until=until)


def usage_query(period: Period) -> str:
    """All customers of a period, the dearest first."""
    return shown(HERE / "shown_customers.sql", own=OWN_PURPOSES, since=period.since, until=period.until)


def days_query(tenant: str, since: datetime, until: datetime) -> str:
    """A customer by day and model, for how its cost went."""
    return shown(HERE / "shown_days.sql", tenant=tenant, own=OWN_PURPOSES, since=since, until=until)


def with_traces(source: Source, report: Report, window: Window) -> Report:
    """The candidates with the dearest traces of the hours that they name, as far as these lie in the window."""
    looks = [(tenant, hour) for each in report.candidates for tenant, hour in _hours(each) if _touches(hour, window)]
    found = _dearest(source, list(dict.fromkeys(looks))[:MOST_LOOKS], window)
    candidates = [
        replace(each, trace_ids=[trace for tenant, _ in _hours(each) for trace in found.get(tenant, ())])
        for each in report.candidates
    ]
    return replace(report, candidates=candidates)


def _dearest(source: Source, looks: Sequence[tuple[str, datetime]], window: Window) -> dict[str, list[str]]:
    if not looks:
        return {}
    hours = [as_hour(hour) for _, hour in looks]
    values = {
        **window.parameters(),
        "hours": sorted(set(hours)),
        "tenants": [tenant for tenant, _ in looks],
        "hours_of_tenants": hours,
        "own": list(OWN_PURPOSES),
    }
    frame = source.frame(HERE / "traces.sql", values)
    found: dict[str, list[str]] = {}
    for tenant, trace in frame.select("tenant", "trace_id").iter_rows():
        found.setdefault(tenant, []).append(trace)
    return found


def _hours(candidate: Candidate) -> list[tuple[str, datetime]]:
    return [(tenant, datetime.fromisoformat(hour)) for tenant, hour in candidate.details.get(HOURS, ())]


def _touches(hour: datetime, window: Window) -> bool:
    return hour < window.until and hour + HOUR > window.since
