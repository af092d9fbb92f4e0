"""Statements that anybody may run to see what a finding says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from analytics.jobs.contract import Window
from spanledger.sql import Plain, shown

HERE = Path(__file__).parent
MODEL = "if(model_revision != '', model_revision, request_model)"


def report_query(window: Window) -> str:
    """Sums by feature and by how they were worked out."""
    return shown(HERE / "shown_report.sql", since=window.since, until=window.until)


def unknown_query(window: Window) -> str:
    """Calls without a figure by model."""
    return shown(HERE / "shown_unknown.sql", since=window.since, until=window.until)


def rise_query(subject: Mapping[str, str], since: datetime, until: datetime) -> str:
    """The calls that emitted most."""
    return shown(HERE / "shown_rise.sql", where=_columns(subject), since=since, until=until)


def resolved_query(subject: Mapping[str, str], since: datetime, until: datetime) -> str:
    """Traces by outcome."""
    return shown(HERE / "shown_resolved.sql", where=_columns(subject), since=since, until=until)


def _columns(subject: Mapping[str, str]) -> list[tuple[Plain, str]]:
    return [(Plain(MODEL if name == "model" else name), value) for name, value in subject.items()]
