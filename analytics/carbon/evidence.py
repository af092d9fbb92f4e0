"""Statements that anybody may run to see what a finding says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from analytics.jobs.contract import Window, as_parameter
from spanledger.sql import literal

MODEL = "if(model_revision != '', model_revision, request_model)"


def report_query(window: Window) -> str:
    """Sums by feature and by how they were worked out."""
    return (
        "SELECT feature, energy_factors, energy_source, grid, count() AS calls, sum(energy_kwh) AS kwh, "
        "sum(energy_kwh_low) AS kwh_low, sum(energy_kwh_high) AS kwh_high, sum(co2e_g) AS g_co2e "
        f"FROM spans WHERE billable AND {_within(window.since, window.until)} "
        "GROUP BY feature, energy_factors, energy_source, grid ORDER BY g_co2e DESC"
    )


def unknown_query(window: Window) -> str:
    """Calls without a figure by model."""
    return (
        f"SELECT provider, {MODEL} AS model, status, input_tokens IS NULL AS no_input, "
        "output_tokens IS NULL AS no_output, count() AS calls, any(trace_id) AS a_trace FROM spans "
        f"WHERE billable AND energy_kwh IS NULL AND {_within(window.since, window.until)} "
        "GROUP BY ALL ORDER BY calls DESC LIMIT 100"
    )


def rise_query(subject: Mapping[str, str], since: datetime, until: datetime) -> str:
    """The calls that emitted most."""
    return (
        f"SELECT trace_id, span_id, started_at, {MODEL} AS model, input_tokens, output_tokens, energy_kwh, "
        f"energy_factors, grid, co2e_g FROM spans WHERE billable AND {_is(subject)} AND {_within(since, until)} "
        "ORDER BY co2e_g DESC LIMIT 100"
    )


def resolved_query(subject: Mapping[str, str], since: datetime, until: datetime) -> str:
    """Traces by outcome."""
    return (
        "SELECT task_outcome, count() AS traces, sum(llm_calls) AS calls, sum(energy_kwh) AS kwh, "
        f"sum(co2e_g) AS g_co2e, argMax(trace_id, co2e_g) AS heaviest FROM traces "
        f"WHERE {_is(subject)} AND {_within(since, until)} "
        "GROUP BY task_outcome ORDER BY g_co2e DESC"
    )


def _is(subject: Mapping[str, str]) -> str:
    columns = {"model": MODEL}
    return " AND ".join(f"{columns.get(name, name)} = {literal(value)}" for name, value in subject.items())


def _within(since: datetime, until: datetime) -> str:
    return f"started_at >= {_moment(since)} AND started_at < {_moment(until)}"


def _moment(moment: datetime) -> str:
    return f"toDateTime64('{as_parameter(moment)}', 3, 'UTC')"
