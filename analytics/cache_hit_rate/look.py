"""What the job looks at once it knows where: cells, prefixes and traces around a break."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

import polars as pl

from analytics.cache_hit_rate.cells import Cells, cells
from analytics.jobs.contract import Window
from analytics.jobs.source import Source
from spanledger.moments import as_parameter

HERE = Path(__file__).parent
PREFIX_CALLS = 50_000
"""Prompts are compared on about so many calls."""
AROUND = timedelta(hours=12)
"""... this long before and after the break."""


class Look(Protocol):
    """Where a closer look comes from: the engine, or in tests a frame of usage."""

    def cells(self, provider: str, before: Sequence[datetime], after: Sequence[datetime]) -> Cells:
        """A provider's cells in the hours before and after a break."""
        ...

    def prefixes(self, subject: Mapping[str, str], at: datetime) -> pl.DataFrame | None:
        """Values at each place of the subject's prompts around a break; None where there are no spans to look at."""
        ...

    def traces(self, subject: Mapping[str, str], since: datetime) -> list[str]:
        """Traces of the subject that missed the cache most, from then on."""
        ...


@dataclass(frozen=True)
class EngineLook:
    """Reads from the engine, spans only within the window."""

    source: Source
    window: Window
    tenants: Sequence[str]
    silent_zeros: Sequence[str]

    def cells(self, provider: str, before: Sequence[datetime], after: Sequence[datetime]) -> Cells:
        """See Look."""
        parameters = {
            "provider": provider,
            "hours": [_hour(hour) for hour in (*before, *after)],
            "after": [_hour(hour) for hour in after],
            "tenants": list(self.tenants),
            "silent_zeros": list(self.silent_zeros),
        }
        return cells(self.source.frame(HERE / "cells.sql", parameters), len(before), len(after))

    def prefixes(self, subject: Mapping[str, str], at: datetime) -> pl.DataFrame | None:
        """See Look."""
        since, until = max(self.window.since, at - AROUND), min(self.window.until, at + AROUND)
        if not since < at < until:
            return None
        parameters = _who(subject) | {"at": as_parameter(at), "most": PREFIX_CALLS}
        return self.source.frame(HERE / "prefixes.sql", parameters | Window(since, until).parameters())

    def traces(self, subject: Mapping[str, str], since: datetime) -> list[str]:
        """See Look."""
        since = max(self.window.since, since)
        if since >= self.window.until:
            return []
        parameters = _who(subject) | Window(since, self.window.until).parameters()
        return [str(trace) for trace in self.source.frame(HERE / "traces.sql", parameters)["trace_id"]]


def _who(subject: Mapping[str, str]) -> dict[str, str | int]:
    return {name: subject.get(name, "") for name in ("provider", "tenant", "prompt", "model")}


def _hour(hour: datetime) -> str:
    return f"{hour:%Y-%m-%d %H:%M:%S}"
