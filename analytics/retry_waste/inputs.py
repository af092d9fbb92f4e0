"""What the findings are made from: totals, calls by owner, pace by slot, and what could not be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from analytics.jobs.contract import Window
from analytics.retry_waste.owner import Owner, key_of
from spanledger.settings import Settings


@dataclass(frozen=True)
class Limits:
    """The settings of this job."""

    page_usd_per_hour: float = 5
    ticket_usd: float = 1
    waste_share: float = 0.03
    retry_ratio: float = 0.1

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Those of a service."""
        return cls(
            settings.retry_page_usd_per_hour,
            settings.retry_ticket_usd,
            settings.retry_waste_share,
            settings.retry_ratio,
        )


@dataclass(frozen=True)
class Totals:
    """The window in all: the row of `totals.sql`, and the share of calls whose HTTP requests are seen."""

    calls: int = 0
    failed_calls: int = 0
    cost_usd: float | None = None
    energy_kwh: float | None = None
    unpriced_calls: int = 0
    calls_with_content: int = 0
    tool_calls: int = 0
    tool_calls_with_arguments: int = 0
    tool_calls_with_results: int = 0
    transport_visible: float | None = None


@dataclass(frozen=True)
class LeftOut:
    """Suspicious traces that were not looked at, because there were too many: the cheapest, drawn by hash."""

    traces: int = 0
    failed_calls: int = 0
    failed_cost_usd: float = 0.0
    failed_calls_looked_at: int = 0

    @property
    def scale(self) -> float:
        """By how much to multiply a count of retries in the traces that were looked at."""
        return 1 + self.failed_calls / self.failed_calls_looked_at if self.failed_calls_looked_at else 1.0


@dataclass(frozen=True)
class Inputs:
    """All of it."""

    window: Window
    totals: Totals
    spend: pl.DataFrame = field(default_factory=pl.DataFrame)
    """`spend.sql`: calls by owner, model and tenant."""
    pace: pl.DataFrame = field(default_factory=pl.DataFrame)
    """`pace.sql`: by owner, model and slot."""
    slots: int = 1
    left_out: LeftOut = field(default_factory=LeftOut)

    @property
    def slot(self) -> timedelta:
        """Length of a slot of `pace`."""
        return self.window.length / self.slots

    def slot_of(self, moment: datetime) -> int:
        """Its slot."""
        return min(int((moment - self.window.since) / self.slot), self.slots - 1)

    def calls_by(self, owner: Owner, model: str, tenant: str) -> int:
        """Calls of an owner on a model by a tenant that has chains."""
        return self._calls.get((key_of(owner), model, tenant), 0)

    @cached_property
    def _calls(self) -> Mapping[tuple[str, str, str], int]:
        rows = self.spend.iter_rows(named=True)
        return {(row["owner"], row["model"], row["whose"]): row["calls"] for row in rows}

    def exposed(self, model: str, owner: Owner | None = None) -> list[int]:
        """Calls by slot, of a model, or of an owner on it."""
        calls = [0] * self.slots
        for row in self._rows(model, owner):
            calls[min(row["slot"], self.slots - 1)] += row["calls"]
        return calls

    def spent_in(self, model: str, owner: Owner | None, slots: range) -> float | None:
        """Dollars spent on a model in some slots, in all or by an owner; None when no price is known."""
        return _sum(row["cost_usd"] for row in self._rows(model, owner) if row["slot"] in slots)

    def _rows(self, model: str, owner: Owner | None) -> Iterator[dict[str, Any]]:
        for row in self.pace.iter_rows(named=True):
            if row["model"] == model and (owner is None or row["owner"] == key_of(owner)):
                yield row


def _sum(costs: Iterable[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if known else None
