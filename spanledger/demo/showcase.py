"""The workload of `spanledger demo`: three weeks up to now with every incident in it, most of them still going on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from spanledger.demo.cast import App, Feature
from spanledger.demo.clock import DAY, MINUTE
from spanledger.demo.incidents import INCIDENTS
from spanledger.demo.look_alikes import LOOK_ALIKES
from spanledger.demo.plan import Plan
from spanledger.errors import BadRequest

DAYS = 21
SESSIONS_PER_DAY = 160.0
BEGAN = {
    "eviction": 13.5,
    "storm": 9.2,
    "moved_users": 8.0,
    "moved_users_worse": 7.0,
    "reprompts": 2.6,
    "heavy_model": 3.0,
    "prefix_break": 1.9,
    "circles": 1.3,
    "runaway": 1.1,
    "polite_agent": 0.24,
    "loss_maker": 21.0,
}
"""Days before now."""
BESIDE = {
    "hiccup": 12.6, "deploy": 15.0, "launch": 16.0, "polling": 21.0, "pagination": 21.0, "hedging": 21.0,
    "batches": 21.0, "evaluation_runs": 21.0, "cold_start": 6.0,
}  # fmt: skip
"""Look-alikes, and when they begin."""
MORE = {
    App.ASSISTANT: (
        ("campus", "study-chat", "tutor-answer"), ("clinic", "patient-chat", "triage-answer"),
        ("store", "shop-chat", "shop-answer"), ("bank", "teller-chat", "teller-answer"),
    ),
    App.TAGGING: (("mailroom", "mail-routing", "route-mail"),),
    App.EXTRACTION: (("ledger", "invoice-intake", "read-invoice"), ("records", "chart-intake", "read-chart")),
    App.AGENT: (("analyst", "data-agent", "plan-analysis"), ("coder", "code-agent", "plan-change")),
}  # fmt: skip
"""More features than a scenario has, so that no two incidents meet in one: service, feature, prompt."""
SHARE = 0.05


def plan(
    now: int,
    seed: int = 1,
    days: int = DAYS,
    sessions_per_day: float = SESSIONS_PER_DAY,
    incidents: Sequence[str] = tuple(BEGAN),
) -> Plan:
    """The plan, that ends at the last full minute before `now`; BadRequest for an incident that there is not."""
    if unknown := [name for name in incidents if name not in BEGAN]:
        raise BadRequest(f"There is no incident {unknown[0]!r}. There are: {', '.join(sorted(BEGAN))}.")
    shown = Plan(seed, now // MINUTE * MINUTE - days * DAY, days, sessions_per_day, tenant_count=60)
    shown.features += [
        _like(next(each for each in shown.features if each.app is app), *names)
        for app, lists in MORE.items()
        for names in lists
    ]
    for name in sorted(incidents, key=lambda name: -BEGAN[name]):
        INCIDENTS[name](shown, max(days - BEGAN[name], 0.0))
    for name, ago in BESIDE.items():
        LOOK_ALIKES[name](shown, max(days - ago, 0.0))
        shown.look_alikes.append(name)
    return shown


def _like(feature: Feature, service: str, name: str, prompt: str) -> Feature:
    """Another feature of the same kind, with less traffic."""
    return replace(feature, service=service, name=name, prompt=prompt, share=SHARE)
