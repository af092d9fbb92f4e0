"""Chains that have one cause: what they wasted together, since when, for whom."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TypeVar

from analytics.retry_waste.chain import Chain

PART = timedelta(minutes=10)
"""Something persists that is seen in two of the three last parts of so long."""
K = TypeVar("K", bound=Hashable)


def moment(microseconds: int) -> datetime:
    """Microseconds since 1970 as a time."""
    return datetime.fromtimestamp(microseconds / 1e6, UTC)


@dataclass(frozen=True)
class Group:
    """Chains of one cause, the dearest first."""

    chains: Sequence[Chain]

    @cached_property
    def cost_usd(self) -> float | None:
        """Dollars wasted; None when none of them is known."""
        known = [chain.cost_usd for chain in self.chains if chain.cost_usd is not None]
        return sum(known) if known else None

    @cached_property
    def energy_kwh(self) -> float | None:
        """kWh wasted; None when none of them is known."""
        known = [chain.energy_kwh for chain in self.chains if chain.energy_kwh is not None]
        return sum(known) if known else None

    @property
    def seconds(self) -> float:
        """Seconds that wasted spans took."""
        return sum(chain.seconds for chain in self.chains)

    @property
    def wasted_calls(self) -> int:
        """Wasted requests to models."""
        return sum(chain.wasted_calls for chain in self.chains)

    @property
    def retries(self) -> int:
        """How often something was tried again."""
        return sum(chain.retries for chain in self.chains)

    @cached_property
    def times(self) -> list[datetime]:
        """When each wasted span, or each chain without one, began."""
        spans = (span for chain in self.chains for span in (chain.wasted or chain.spans[-1:]))
        return sorted(moment(span.began_us) for span in spans)

    @cached_property
    def since(self) -> datetime:
        """When the first chain began."""
        return moment(min(chain.spans[0].began_us for chain in self.chains))

    @cached_property
    def until(self) -> datetime:
        """When the last of it began."""
        return moment(max(chain.spans[-1].began_us for chain in self.chains))

    @cached_property
    def persistence(self) -> tuple[int, int]:
        """Of the three last parts before it was last seen, in how many it was."""
        parts = {int((self.until - time) / PART) for time in self.times}
        return len(parts & {0, 1, 2}), 3

    @property
    def usd_per_hour(self) -> float | None:
        """Dollars an hour while it lasted; of ten minutes at least."""
        hours = max(self.until - self.since, PART) / timedelta(hours=1)
        return None if self.cost_usd is None else self.cost_usd / hours

    def tenants(self) -> Counter[str]:
        """Chains by tenant, where it is known."""
        return Counter(chain.by.tenant for chain in self.chains if chain.by.tenant)

    def trace_ids(self, most: int = 20) -> list[str]:
        """Traces, those of the dearest chain first."""
        return list(dict.fromkeys(trace for chain in self.chains for trace in chain.trace_ids))[:most]

    def lengths(self) -> Counter[int]:
        """How many chains made so many tries."""
        return Counter(chain.retries + 1 for chain in self.chains)


def grouped(chains: Iterable[Chain], key: Callable[[Chain], K]) -> dict[K, Group]:
    """Chains by a key; groups and the chains within them with the dearest first."""
    found: dict[K, list[Chain]] = defaultdict(list)
    for chain in chains:
        found[key(chain)].append(chain)
    groups = {
        k: Group(sorted(v, key=lambda c: (-(c.cost_usd or 0), -c.retries, c.spans[0].place))) for k, v in found.items()
    }
    return dict(sorted(groups.items(), key=lambda item: (-(item[1].cost_usd or 0), -item[1].retries, repr(item[0]))))
