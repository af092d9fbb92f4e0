"""The job: reads what is suspicious, labels it, and says what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import polars as pl

from analytics.jobs.contract import Job, Kind, NotComputable, Report, Window
from analytics.jobs.source import Source
from analytics.retry_waste import NAME
from analytics.retry_waste.chain import Cause, Chain
from analytics.retry_waste.find import find
from analytics.retry_waste.inputs import Inputs, Limits, Totals
from analytics.retry_waste.kinds import KINDS
from analytics.retry_waste.label import Labelled, label
from analytics.retry_waste.owner import key_of, prompt_of
from analytics.retry_waste.span import Replies, Spans, spans_of
from analytics.retry_waste.suspects import MOST_SPANS, MOST_SPANS_A_TRACE, Values, frame, suspects
from spanledger.settings import Settings

SLOTS = 72
"""Parts of the window in which calls are counted: twenty minutes in a window of a day."""
SAMPLED_CALLS = 20_000
MOST_REPLIES = 20_000
MOST_OWNERS = 500
"""Prompts and tenants whose calls are counted, those with most chains first."""


class RetryWaste:
    """Satisfies `Job`. Hourly, so that a loop is found within the hour; over a day, so that a prompt of a few hundred
    calls a day shows its re-prompts, and a window holds most loops from their start."""

    name = NAME
    title = "What asking again costs"
    kinds: tuple[Kind, ...] = KINDS
    every = timedelta(hours=1)
    length = timedelta(days=1)

    def run(self, source: Source, window: Window, settings: Settings) -> Report:
        """Analyse one window."""
        values = window.parameters()
        totals = _totals(source, values)
        if not totals.calls:
            raise NotComputable("No model calls in the window.")
        chosen, left_out = suspects(source, values, totals)
        traces = spans_of(frame(source, "calls", _chosen(values, chosen))) if chosen else []
        messages = sorted({span.last_message for trace in traces for span in trace.attempts if span.last_message})
        labelled = label(Spans(traces, _replies(source, values, messages)))
        inputs = _inputs(source, window, totals, labelled)
        return find(labelled, replace(inputs, left_out=left_out), Limits.of(settings))


def _inputs(source: Source, window: Window, totals: Totals, labelled: Labelled) -> Inputs:
    """Calls by slot for what has chains, and by tenant where there are re-prompts."""
    values = window.parameters()
    reprompts = [chain for chain in labelled.chains if chain.cause is Cause.VALIDATION]
    retries = [chain for chain in labelled.chains if chain.cause is Cause.TRANSPORT]
    slot = {"from_ms": round(window.since.timestamp() * 1000), "slot_ms": _slot_ms(window)}
    inputs = Inputs(window=window, totals=totals, slots=SLOTS)
    if reprompts or retries:
        owners = _owners([*reprompts, *retries])
        inputs = replace(inputs, pace=frame(source, "pace", {**values, **slot, "owners": owners}))
    if reprompts:
        tenants = [tenant for tenant, _ in Counter(chain.by.tenant for chain in reprompts).most_common(MOST_OWNERS)]
        named = {"owners": _owners(reprompts), "tenants": tenants}
        inputs = replace(inputs, spend=frame(source, "spend", {**values, **named}))
    return inputs


def _owners(chains: Sequence[Chain]) -> list[str]:
    return [key for key, _ in Counter(key_of(prompt_of(chain.by)) for chain in chains).most_common(MOST_OWNERS)]


def _slot_ms(window: Window) -> int:
    return -(-round(window.length / timedelta(milliseconds=1)) // SLOTS)


def _totals(source: Source, values: Values) -> Totals:
    [row] = frame(source, "totals", values).iter_rows(named=True)
    seen = None
    if row["calls"]:
        part = max(row["calls"] // SAMPLED_CALLS, 1)
        [sample] = frame(source, "visible", {**values, "part": part}).iter_rows(named=True)
        seen = sample["visible"] / sample["calls"] if sample["calls"] else None
    return Totals(**row, transport_visible=seen)


def _chosen(values: Values, traces: Sequence[int]) -> Values:
    return {**values, "traces": list(traces), "most": MOST_SPANS_A_TRACE, "rows": 3 * MOST_SPANS}


def _replies(source: Source, values: Values, messages: Sequence[str]) -> Replies:
    if not messages:
        return Replies()
    found = frame(source, "replies", {**values, "hashes": list(messages[:MOST_REPLIES])})
    return Replies(
        frozenset(found.filter(pl.col("complaint") == 1)["message"]),
        frozenset(found.filter(pl.col("from_tool") == 1)["message"]),
    )


JOB: Job = RetryWaste()
