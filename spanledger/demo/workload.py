"""Play a plan: sessions and what is put in beside them, then the bill, then what customers pay."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import NamedTuple

import numpy as np

from spanledger.demo import otlp
from spanledger.demo.apps import play as play_session
from spanledger.demo.billing import bill
from spanledger.demo.clock import DAY, moment
from spanledger.demo.labels import Label
from spanledger.demo.plan import Plan
from spanledger.demo.recorder import Recorder
from spanledger.demo.records import Call, Score, Span
from spanledger.demo.rhythm import sessions

LOWEST_PRICE = 20.0
MARGIN = (2.5, 5.0)
"""Price by cost: between these. Noise and growth must not turn a sound customer into a loss."""
MONTH = 30 * DAY


class Price(NamedTuple):
    """What a tenant pays."""

    tenant: str
    plan: str
    monthly_usd: float
    since: date


@dataclass(frozen=True)
class Workload:
    """Spans and scores in order of time, and what is true of them."""

    start: int
    end: int
    spans: list[Span]
    calls: list[Call]
    scores: list[Score]
    prices: list[Price]
    labels: list[Label]
    look_alikes: list[str]

    def requests(self, per_request: int = 2000) -> Iterator[bytes]:
        """The spans as OTLP requests."""
        return otlp.requests(self.spans, per_request)

    def score_requests(self, per_request: int = 2000) -> Iterator[bytes]:
        """The scores as OTLP requests of logs."""
        for first in range(0, len(self.scores), per_request):
            yield otlp.score_request(self.scores[first : first + per_request])

    @property
    def cost(self) -> float:
        """USD of all calls."""
        return sum(call.cost for call in self.calls)


def play(plan: Plan) -> Workload:
    """All of a plan. What would end after the workload's end is left out: it has not been sent yet."""
    recorder = Recorder(Random(plan.seed + 1), plan.traits, plan.conditions)  # noqa: S311  (made-up traffic)
    rng = np.random.default_rng([plan.seed, 1])
    for session in sessions(
        rng, plan.start, plan.days, plan.sessions_per_day, plan.tenants, plan.features, plan.conditions
    ):
        play_session(recorder, session)
    for act in plan.acts:
        act(recorder)
    late = {span.trace_id for span in recorder.spans if span.ended >= plan.end}
    spans = sorted((span for span in recorder.spans if span.trace_id not in late), key=lambda span: span.started)
    calls = [call for call in recorder.calls if call.span.trace_id not in late]
    bill(calls, plan.conditions, Random(plan.seed + 2))  # noqa: S311
    scores = [score for score in recorder.scores if score.trace_id not in late]
    prices = list(_prices(plan, calls)) if plan.revenue else []
    return Workload(plan.start, plan.end, spans, calls, scores, prices, plan.labels, plan.look_alikes)


def _prices(plan: Plan, calls: list[Call]) -> Iterator[Price]:
    """A plan for each tenant that covers what it costs when nothing is wrong."""
    random = Random(plan.seed + 3)  # noqa: S311
    costs = _usual_costs(plan, calls)
    for tenant in plan.tenants:
        joined = plan.joined.get(tenant.name, plan.start)
        usual = costs[tenant.name] * random.uniform(*MARGIN)
        usd = plan.pays.get(tenant.name, max(LOWEST_PRICE, round(usual, -1)))
        yield Price(tenant.name, "starter" if usd < 500 else "business", usd, moment(joined).date())


def _usual_costs(plan: Plan, calls: list[Call]) -> dict[str, float]:
    """USD of a month by tenant, from the days on which no incident moved its figures."""
    spent: defaultdict[str, float] = defaultdict(float)
    days: dict[str, float] = {}
    for tenant in plan.tenants:
        joined = plan.joined.get(tenant.name, plan.start)
        days[tenant.name] = (
            plan.end
            - joined
            - sum(label.when.until - label.when.since for label in plan.labels if tenant.name in label.tenants)
        )
    for call in calls:
        at = call.span.started
        if not any(label.when.holds(at) for label in plan.labels if call.tenant in label.tenants):
            spent[call.tenant] += call.cost
    return {name: spent[name] * MONTH / max(time, DAY) for name, time in days.items()}
