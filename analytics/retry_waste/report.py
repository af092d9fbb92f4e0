"""The report of a window: waste by cause and by who had it, amplification, chains, and what could not be seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analytics.jobs.contract import Candidate, Severity
from analytics.retry_waste.chain import Cause, Chain
from analytics.retry_waste.evidence import dollars, many, percent, spans_query
from analytics.retry_waste.group import Group, grouped, moment
from analytics.retry_waste.inputs import Inputs, Totals
from analytics.retry_waste.kinds import REPORT, RERUN
from analytics.retry_waste.label import Labelled
from analytics.retry_waste.owner import prompt_of

TOP_RUNS = 20
TOP_CELLS = 50
LEAST_RERUNS = 5
"""Fewer are nobody's habit."""


def report(labelled: Labelled, inputs: Inputs) -> Iterator[Candidate]:
    """What all of it cost, be it nothing, and what people asked once more."""
    everything = Group(sorted(labelled.chains, key=lambda chain: -(chain.cost_usd or 0.0)))
    yield _report(everything, labelled, inputs)
    reruns = Group([chain for chain in everything.chains if chain.cause is Cause.RERUN])
    if reruns.retries >= LEAST_RERUNS:
        yield _reruns(reruns, inputs)


def _report(everything: Group, labelled: Labelled, inputs: Inputs) -> Candidate:
    totals = inputs.totals
    by_cause = grouped(everything.chains, lambda chain: chain.cause)
    spent = totals.cost_usd or 0.0
    wasted = everything.cost_usd if everything.chains else 0.0
    share = (wasted or 0.0) / spent if spent else 0.0
    parts = ", ".join(f"{cause.value} {dollars(group.cost_usd)}" for cause, group in by_cause.items()) or "nothing"
    return Candidate(
        kind=REPORT.name,
        subject={},
        severity=Severity.DIGEST,
        effect=share,
        effect_unit="share of spend",
        n=totals.calls,
        title=f"Asking again cost {dollars(wasted)} of {dollars(totals.cost_usd)} ({percent(share)}).",
        summary=f"By cause: {parts}; {many(everything.retries, 'repeat')} beside {totals.calls:,} calls.",
        since=inputs.window.since,
        until=inputs.window.until,
        cost_usd=wasted,
        energy_kwh=everything.energy_kwh,
        tenants_hit=len(everything.tenants()) or None,
        trace_ids=everything.trace_ids(),
        query=spans_query(inputs.window, everything.trace_ids()),
        details={
            "by_cause": {cause.value: _sums(group) for cause, group in by_cause.items()},
            "amplification": 1 / (1 - share) if share < 1 else None,
            "attempts_per_operation": totals.calls / max(totals.calls - everything.wasted_calls, 1),
            "chain_lengths": {
                cause.value: {str(length): count for length, count in sorted(group.lengths().items())}
                for cause, group in by_cause.items()
            },
            "cells": list(_cells(everything)),
            "top_runs": [_run(chain) for chain in everything.chains[:TOP_RUNS]],
            "suspected": {cause.value: _sums(g) for cause, g in grouped(labelled.suspected, _cause).items()},
            "visibility": visibility(totals),
            "not_looked_at": vars(inputs.left_out),
        },
    )


def visibility(totals: Totals) -> Mapping[str, float | None]:
    """Which share of calls and tools says what the rules look at. Where HTTP requests are not traced, retries inside of
    a client cannot be seen, so that transport retries are a lower bound."""
    return {
        "http_requests": totals.transport_visible,
        "content": _of(totals.calls_with_content, totals.calls),
        "tool_arguments": _of(totals.tool_calls_with_arguments, totals.tool_calls),
        "tool_results": _of(totals.tool_calls_with_results, totals.tool_calls),
        "prices": _of(totals.calls - totals.unpriced_calls, totals.calls),
    }


def _reruns(group: Group, inputs: Inputs) -> Candidate:
    same = [chain for chain in group.chains if len({(span.output, span.error) for span in chain.spans}) == 1]
    share = sum(chain.retries for chain in same) / group.retries
    people = {(chain.by.tenant, chain.by.user_id or chain.by.session_id) for chain in group.chains}
    return Candidate(
        kind=RERUN.name,
        subject={},
        severity=Severity.DIGEST,
        effect=float(group.retries),
        effect_unit="reruns",
        n=group.retries,
        title=f"People asked the same once more {group.retries:,} times, for {dollars(group.cost_usd)}.",
        summary=f"{many(len(people), 'user')}; {percent(share)} of reruns gave the same again: a bug that asking "
        "more often does not mend.",
        since=group.since,
        until=group.until,
        cost_usd=group.cost_usd,
        energy_kwh=group.energy_kwh,
        tenants_hit=len(group.tenants()) or None,
        trace_ids=group.trace_ids(),
        query=spans_query(inputs.window, group.trace_ids()),
        details={"deterministic_share": share, "users": len(people), "cells": list(_cells(group))},
    )


def _cause(chain: Chain) -> Cause:
    return chain.cause


def _cells(everything: Group) -> Iterator[dict[str, Any]]:
    """The dearest cells by tenant, prompt, model, tool and error."""
    cells = grouped(
        everything.chains,
        lambda chain: (
            chain.cause.value,
            chain.by.tenant,
            prompt_of(chain.by)[1],
            chain.by.model,
            " > ".join(chain.tools),
            chain.error,
        ),
    )
    for key, group in list(cells.items())[:TOP_CELLS]:
        yield dict(zip(("cause", "tenant", "prompt", "model", "tool", "error"), key, strict=True)) | _sums(group)


def _sums(group: Group) -> dict[str, Any]:
    return {
        "cost_usd": group.cost_usd,
        "energy_kwh": group.energy_kwh,
        "seconds": group.seconds,
        "wasted_calls": group.wasted_calls,
        "retries": group.retries,
        "chains": len(group.chains),
    }


def _run(chain: Chain) -> dict[str, Any]:
    return {
        "trace_id": chain.trace_ids[0],
        "traces": len(chain.trace_ids),
        "cause": chain.cause.value,
        "tenant": chain.by.tenant,
        "prompt": prompt_of(chain.by)[1],
        "model": chain.by.model,
        "tool": " > ".join(chain.tools),
        "error": chain.error,
        "retries": chain.retries,
        "cost_usd": chain.cost_usd,
        "since": moment(chain.spans[0].began_us).isoformat(),
    }


def _of(part: int, whole: int) -> float | None:
    return part / whole if whole else None
