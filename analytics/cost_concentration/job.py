"""The job: read a window of customers, decide, add the traces that prove it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import polars as pl

from analytics.cost_concentration import concentration, losses, movers, runaways
from analytics.cost_concentration.evidence import with_traces
from analytics.cost_concentration.inputs import (
    Inputs,
    coverage,
    period_of,
    read_everyone,
    read_hours,
    read_revenue,
)
from analytics.cost_concentration.thresholds import Thresholds
from analytics.jobs.contract import Job, Kind, Report, Window
from analytics.jobs.source import Source
from spanledger.settings import Settings


class CostConcentration:
    """Per-customer cost as a distribution, and the customers in it that somebody should look at."""

    name = "cost_concentration"
    title = "Cost by customer: who makes it, who moved, who costs more than they pay"
    kinds: tuple[Kind, ...] = (concentration.REPORT, concentration.CHANGE, movers.KIND, losses.KIND, runaways.KIND)
    every = timedelta(hours=2)
    """A runaway at 60 times the usual rate passes 5 usual days after two hours, so it is found within four. A run over
    28 days of 100,000 customers takes half a minute, which would be much for each hour."""
    length = timedelta(days=28)
    """Four whole weeks: a month that has as many of each weekday as the next one."""

    def run(self, source: Source, window: Window, settings: Settings) -> Report:
        """Analyse one window."""
        thresholds = Thresholds.of(settings)
        period = period_of(source, window)
        known = Inputs(period, read_everyone(source, period), read_revenue(source), pl.DataFrame())
        inputs = replace(known, hours=read_hours(source, period, to_be_read(known, thresholds)))
        return with_traces(source, find(inputs, thresholds), window)


def to_be_read(inputs: Inputs, thresholds: Thresholds) -> list[str]:
    """The customers that are looked at by the hour."""
    frames: Sequence[pl.DataFrame] = (
        runaways.suspects(runaways.large(inputs.everyone, inputs.period, thresholds), thresholds),
        losses.suspects(inputs.margin, inputs.period, thresholds),
        movers.suspects(movers.changes(inputs.everyone, inputs.period), inputs.period),
    )
    return sorted({tenant for frame in frames for tenant in frame.get_column("tenant")})


def find(inputs: Inputs, thresholds: Thresholds) -> Report:
    """All that can be said of the window."""
    reports = (
        concentration.find(inputs),
        movers.find(inputs),
        losses.find(inputs, thresholds),
        runaways.find(inputs, thresholds),
    )
    notes = {"coverage": coverage(inputs.everyone), "period": [str(inputs.period.since), str(inputs.period.until)]}
    for report in reports:
        notes.update(report.notes)
    return Report(
        [candidate for report in reports for candidate in report.candidates],
        [p_value for report in reports for p_value in report.tested],
        notes,
    )


JOB: Job = CostConcentration()
