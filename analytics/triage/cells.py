"""Reads the histograms of cells.sql: for each signal and stratum, counts and metrics by slot and value."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from analytics.statistics.mix_rate import Floats
from analytics.triage.asked import Asked
from analytics.triage.signals import METRICS, SIGNALS
from spanledger import sql
from spanledger.access.scope import of_request
from spanledger.engine import Engine
from spanledger.filters import Condition, compile_filter
from spanledger.moments import as_parameter
from spanledger.outcomes import RESOLVED
from spanledger.settings import MIB

HERE = Path(__file__).parent
MOST_TRACES, MOST_PEERS = 40_000, 10_000
"""Of the filter, and of all others; more are sampled by their ids: so many tell any change that is worth a word."""
VALUES = 24
"""Values of a signal by themselves, the most frequent."""
LIMITS = {"max_memory_usage": 600 * MIB, "max_bytes_before_external_group_by": 300 * MIB}
WHOLE = 1_000_000


@dataclass(frozen=True)
class Histogram:
    """A signal of a stratum: a row a slot, a column a value."""

    signal: str
    stratum: str
    values: tuple[str, ...]
    counts: Floats
    """Traces; one with several values of the signal counts in part for each."""
    amounts: Floats
    """(metric, slot, value)."""
    bases: Floats
    traces: Mapping[str, Sequence[str]]
    """Three traces at most of the last slots that have a value, by value."""
    of_peers: bool = False
    """What lies before is that of others."""


@dataclass(frozen=True)
class Cells:
    """All that was read."""

    begin: datetime
    slot: timedelta
    slots: int
    histograms: tuple[Histogram, ...]
    peers: Mapping[tuple[str, str], Histogram]
    """The same of a sample of all other traces, by signal and stratum."""
    total: Histogram | None
    """All traces of the filter, whatever they have; None: there is none."""
    traffic: Floats
    """Traces by slot: (slot, [those of the filter, all others])."""
    sessions: Floats
    """The same of their sessions; a trace without one is its own."""
    sampled: float
    """The share of traces that was read."""

    def at(self, slot: int) -> datetime:
        """When a slot begins."""
        return self.begin + slot * self.slot

    def place(self, moment: datetime) -> int:
        """The slot that a moment lies in."""
        return (moment - self.begin) // self.slot


def read(engine: Engine, asked: Asked, seconds: float) -> Cells:
    """The histograms of what is asked. QueryFailed or EngineUnavailable when it takes longer than `seconds`."""
    condition = compile_filter(asked.filter)
    limits = (
        {} if of_request() else {**LIMITS, "max_execution_time": seconds}
    )  # a scope's handles have limits of their own
    slots = -((asked.begin - asked.until) // asked.slot)
    begin, end = as_parameter(asked.begin), as_parameter(asked.until)
    wanted = {**condition.parameters, "from": begin, "to": end, "minutes": int(asked.slot / timedelta(minutes=1))}
    traffic, sessions = np.zeros((slots, 2)), np.zeros((slots, 2))
    for row in engine.query(_statement("traffic", condition), wanted, limits).rows:
        place = min(int(row[0]), slots - 1)
        traffic[place], sessions[place] = row[1:3], row[3:5]
    ours, others = traffic.sum(axis=0).tolist()
    share = min(1.0, MOST_TRACES / max(ours, 1.0))
    more = {
        "per_million": max(1, round(share * WHOLE)), "values": VALUES, "resolved": list(RESOLVED),
        "peers_per_million": round(min(1.0, MOST_PEERS / max(others, 1.0)) * WHOLE),
    }  # fmt: skip
    answer = engine.columns(_statement("cells", condition), wanted | more, limits)
    found = _histograms(answer.values, slots)
    those = [each for meant, each in found if meant]
    return Cells(
        asked.begin,
        asked.slot,
        slots,
        tuple(each for each in those if each.signal in SIGNALS),
        {(each.signal, each.stratum): each for meant, each in found if not meant},
        next((each for each in those if each.signal == "all"), None),
        traffic,
        sessions,
        share,
    )


def behind(before: Histogram, since: Histogram, cut: int) -> Histogram:
    """One histogram: up to a slot that of `before`, from it on that of `since`."""
    values = tuple(dict.fromkeys([*since.values, *before.values]))

    def joined(first: Floats, second: Floats) -> Floats:
        out = np.zeros((*second.shape[:-1], len(values)))
        for histogram, part, slots in ((before, first, slice(None, cut)), (since, second, slice(cut, None))):
            columns = [values.index(value) for value in histogram.values]
            out[..., slots, columns] = part[..., slots, :]
        return out

    return Histogram(
        since.signal, since.stratum, values, joined(before.counts, since.counts),
        joined(before.amounts, since.amounts), joined(before.bases, since.bases), since.traces, of_peers=True,
    )  # fmt: skip


def _statement(name: str, condition: Condition) -> str:
    return sql.read(HERE / f"{name}.sql").replace("FILTER", condition.sql)


def _histograms(columns: Mapping[str, list[Any]], slots: int) -> list[tuple[bool, Histogram]]:
    """Each with whether the filter means it. An answer without rows has no columns."""
    if not columns:
        return []
    rows: defaultdict[tuple[bool, str, str], list[int]] = defaultdict(list)
    for row, key in enumerate(zip(columns["meant"], columns["signal"], columns["stratum"], strict=True)):
        rows[key].append(row)
    return [
        (bool(meant), _histogram(columns, signal, stratum, of, slots)) for (meant, signal, stratum), of in rows.items()
    ]


def _histogram(columns: Mapping[str, list[Any]], signal: str, stratum: str, rows: list[int], slots: int) -> Histogram:
    values = tuple(columns["value"][row] for row in rows)
    counts = np.zeros((slots, len(values)))
    amounts, bases = (np.zeros((len(METRICS), slots, len(values))) for _ in range(2))
    for column, row in enumerate(rows):
        places = columns["places"][row]
        counts[places, column] = columns["counts"][row]
        amounts[:, places, column] = np.transpose(columns["amounts"][row])
        bases[:, places, column] = np.transpose(columns["bases"][row])
    traces = {columns["value"][row]: columns["traces"][row] for row in rows}
    return Histogram(signal, stratum, values, counts, amounts, bases, traces)
