"""Findings of loops and endless retries: one for each tenant, agent (or prompt) and tools."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from analytics.jobs.contract import Candidate, Severity
from analytics.retry_waste.chain import Cause, Chain
from analytics.retry_waste.evidence import clock, dollars, many, spans_query
from analytics.retry_waste.group import Group, grouped
from analytics.retry_waste.inputs import Inputs, Limits
from analytics.retry_waste.kinds import LOOP, POLITE
from analytics.retry_waste.label import Labelled
from analytics.retry_waste.owner import agent_of, named

MOST = 30
"""Findings in a window; the rest is in the report."""
LEAST_REPEATS = 5
"""Fewer, and cheap: a line of the report."""
MANY_REPEATS = 50
"""A ticket whatever it cost, for prices may be unknown."""
QUIET = timedelta(minutes=5)
"""Seen so shortly before the window's end it still goes on."""
Key = tuple[Cause, tuple[tuple[str, str], ...]]


def looping(labelled: Labelled, inputs: Inputs, limits: Limits) -> Iterator[Candidate]:
    """Candidates of both kinds, the dearest first."""
    chains = (chain for chain in labelled.chains if chain.cause in (Cause.LOOP, Cause.POLITE))
    for (cause, subject), group in list(grouped(chains, _key).items())[:MOST]:
        candidate = _candidate(cause, dict(subject), group, inputs, limits)
        if candidate.severity is not Severity.DIGEST or group.retries >= LEAST_REPEATS:
            yield candidate


def _key(chain: Chain) -> Key:
    what = ("tool", " > ".join(chain.tools)[:200]) if chain.tools else ("model", chain.by.model)
    subject = (("tenant", chain.by.tenant), agent_of(chain.by), what)
    return chain.cause, tuple((name, value) for name, value in subject if value)


def _candidate(cause: Cause, subject: dict[str, str], group: Group, inputs: Inputs, limits: Limits) -> Candidate:
    running = inputs.window.until - group.until <= QUIET
    return Candidate(
        kind=(LOOP if cause is Cause.LOOP else POLITE).name,
        subject=subject,
        severity=severity(group, limits),
        effect=float(group.retries),
        effect_unit="repeats",
        n=sum(len(chain.spans) for chain in group.chains),
        title=_title(cause, group),
        summary=_summary(group, running),
        since=group.since,
        until=group.until,
        persistence=group.persistence,
        cost_usd=group.cost_usd,
        energy_kwh=group.energy_kwh,
        tenants_hit=len(group.tenants()) or None,
        trace_ids=group.trace_ids(),
        query=spans_query(inputs.window, group.trace_ids()),
        details={
            "usd_per_hour": group.usd_per_hour,
            "running": running,
            "runs": len(group.chains),
            "repeats": group.retries,
            "wasted_calls": group.wasted_calls,
            "seconds": group.seconds,
            "error": group.chains[0].error or None,
            "cycle": list(group.chains[0].tools),
            "unpriced_calls": sum(span.unpriced for chain in group.chains for span in chain.wasted),
        },
    )


def severity(group: Group, limits: Limits) -> Severity:
    """By dollars an hour, then by dollars; many repeats are a ticket at any price."""
    if group.usd_per_hour is not None and group.usd_per_hour > limits.page_usd_per_hour:
        return Severity.PAGE
    if (group.cost_usd or 0) >= limits.ticket_usd or group.retries >= MANY_REPEATS:
        return Severity.TICKET
    return Severity.DIGEST


def _title(cause: Cause, group: Group) -> str:
    first = group.chains[0]
    who = named(agent_of(first.by))
    whose = f" of tenant {first.by.tenant}" if first.by.tenant else ""
    times = f"{group.retries:,} times"
    cost = f", {dollars(group.cost_usd)} for nothing"
    if cause is Cause.POLITE:
        met = f" after each {first.error}" if first.error else ""
        return f"The same request by {who}{whose} was sent again {times}{met}{cost}."
    what = f"called {' > '.join(first.tools)}" if first.tools else "said the same"
    return f"{who[0].upper()}{who[1:]}{whose} {what} again {times} without progress{cost}."


def _summary(group: Group, running: bool) -> str:
    hourly = f", {dollars(group.usd_per_hour)} an hour" if group.usd_per_hour is not None else ""
    state = "still going on at the window's end" if running else f"last seen {clock(group.until)}"
    error = f" Each time: {group.chains[0].error}." if group.chains[0].error else ""
    return f"Since {clock(group.since)}, {state}, in {many(len(group.chains), 'run')}{hourly}.{error}"
