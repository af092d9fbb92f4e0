"""Findings of transport retries and of re-prompts: how many calls it took beside how many were meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analytics.jobs.contract import Candidate, Severity
from analytics.retry_waste.chain import Cause, Chain
from analytics.retry_waste.evidence import clock, dollars, many, percent, spans_query
from analytics.retry_waste.group import Group, grouped, moment
from analytics.retry_waste.inputs import Inputs, Limits, Spend
from analytics.retry_waste.kinds import REPROMPT, TRANSPORT
from analytics.retry_waste.label import Labelled
from analytics.retry_waste.owner import Owner, named, prompt_of
from analytics.statistics.loops import expected_attempts
from analytics.statistics.scan import burst

HICCUP = timedelta(minutes=30)
"""Retries are made for failures that are over sooner."""
LUCK = 0.01
"""A tenant is named when its share of the chains would be chance less often than this."""
NEARLY_ALL = 0.9


@dataclass(frozen=True)
class Spell:
    """The time in which it was more frequent than else, or all of it."""

    since: datetime
    until: datetime
    rate: float
    """Chains for each call within."""
    rate_else: float | None
    """... and outside; None when it was there all the time."""
    calls: int

    @property
    def lasted(self) -> timedelta:
        """How long."""
        return self.until - self.since


def transport(labelled: Labelled, inputs: Inputs, limits: Limits) -> Iterator[Candidate]:
    """One candidate for each model and error."""
    chains = (chain for chain in labelled.chains if chain.cause is Cause.TRANSPORT)
    for (model, error), group in grouped(chains, lambda chain: (chain.by.model, chain.error)).items():
        spend = inputs.spent_on(model)
        spell = _spell(group, inputs, inputs.exposed(model))
        ratio = sum(chain.retries for chain in _within(group, spell)) / max(spell.calls, 1)
        share = _share(group, spend)
        heavy = (ratio > limits.retry_ratio and spell.lasted >= HICCUP) or (share or 0) > limits.waste_share
        yield Candidate(
            kind=TRANSPORT.name,
            subject={name: value for name, value in (("model", model), ("error", error)) if value},
            severity=Severity.TICKET if heavy else Severity.DIGEST,
            effect=ratio,
            effect_unit="retries per call",
            n=spend.calls,
            title=f"{percent(ratio)} of the calls to {model or 'an unnamed model'} were retries"
            f"{f' after {error}' if error else ''}, {dollars(group.cost_usd)} wasted.",
            summary=f"{_when(spell)} {many(group.retries, 'retry').replace('retrys', 'retries')} in "
            f"{many(len(group.chains), 'operation')}; failed attempts took {group.seconds:,.0f} s.",
            details=_details(group, spell, share) | {"providers": dict(_values(group, "provider"))},
            **_common(group, spell, inputs),
        )


def reprompts(labelled: Labelled, inputs: Inputs, limits: Limits) -> Iterator[Candidate]:
    """One candidate for each prompt and model, with the tenant where it is one tenant's alone."""
    chains = (chain for chain in labelled.chains if chain.cause is Cause.VALIDATION)
    for (owner, model), group in grouped(chains, lambda chain: (prompt_of(chain.by), chain.by.model)).items():
        spend = inputs.spent(owner, model)
        spell = _spell(group, inputs, inputs.exposed(model, owner))
        share = _share(group, spend)
        extra = sum(chain.retries for chain in group.chains) / max(spend.calls, 1)
        weight = share if share is not None else extra
        operations = max(spend.calls - group.wasted_calls, 1)
        tenant = _culprit(group, owner, model, inputs)
        yield Candidate(
            kind=REPROMPT.name,
            subject={owner[0]: owner[1], "model": model} | ({"tenant": tenant} if tenant else {}),
            severity=Severity.TICKET if weight > limits.waste_share else Severity.DIGEST,
            effect=weight,
            effect_unit="share of spend" if share is not None else "share of calls",
            n=spend.calls,
            title=f"Re-prompts of {named(owner)} on {model}{f' for tenant {tenant}' if tenant else ''} cost "
            f"{dollars(group.cost_usd)}, {percent(weight)} of its {'spend' if share is not None else 'calls'}.",
            summary=f"{_when(spell)} {many(len(group.chains), 'answer')} of {operations:,} "
            f"({percent(len(group.chains) / operations)}) did not have their form and took "
            f"{1 + group.retries / len(group.chains):.1f} calls each.",
            details=_details(group, spell, share) | _lengths(group, operations),
            **_common(group, spell, inputs),
        )


def _common(group: Group, spell: Spell, inputs: Inputs) -> dict[str, Any]:
    within = Group(_within(group, spell))
    return {
        "since": spell.since,
        "until": spell.until,
        "persistence": within.persistence,
        "cost_usd": group.cost_usd,
        "energy_kwh": group.energy_kwh,
        "tenants_hit": len(group.tenants()) or None,
        "trace_ids": within.trace_ids(),
        "query": spans_query(inputs.window, within.trace_ids()),
    }


def _spell(group: Group, inputs: Inputs, exposed: Sequence[int]) -> Spell:
    """When it was worst: the slots that the scan finds, narrowed to the chains in them."""
    starts = sorted(moment(chain.spans[0].began_us) for chain in group.chains)
    events = [0] * inputs.slots
    for start in starts:
        events[inputs.slot_of(start)] += 1
    found = burst(events, exposed)
    if found is None:
        calls = sum(exposed)
        return Spell(group.since, group.until, len(starts) / max(calls, 1), None, calls)
    within = [start for start in starts if found.start <= inputs.slot_of(start) < found.stop]
    ends = [moment(chain.spans[-1].began_us) for chain in group.chains if moment(chain.spans[0].began_us) in within]
    calls = sum(exposed[found.start : found.stop])
    return Spell(within[0], max(ends), found.rate, found.rate_else, calls)


def _within(group: Group, spell: Spell) -> list[Chain]:
    return [chain for chain in group.chains if spell.since <= moment(chain.spans[0].began_us) <= spell.until]


def _share(group: Group, spend: Spend) -> float | None:
    return None if group.cost_usd is None or not spend.cost_usd else group.cost_usd / spend.cost_usd


def _when(spell: Spell) -> str:
    times = f"rom {clock(spell.since)} to {clock(spell.until)}"
    if spell.rate_else is None:
        return f"Seen f{times}:"
    return f"F{times}, {percent(spell.rate)} of calls against {percent(spell.rate_else)} else:"


def _culprit(group: Group, owner: Owner, model: str, inputs: Inputs) -> str:
    """The tenant with nearly all chains, unless its share of the calls explains that."""
    tenants = group.tenants()
    if not tenants:
        return ""
    [(tenant, count)] = tenants.most_common(1)
    calls = inputs.spent(owner, model).calls
    share = min(inputs.spent(owner, model, tenant).calls / calls, 1.0) if calls else 0.0
    alone = share > 0.999  # the prompt is this tenant's own
    return tenant if count >= NEARLY_ALL * len(group.chains) and (alone or share**count < LUCK) else ""


def _details(group: Group, spell: Spell, share: float | None) -> dict[str, object]:
    return {
        "chains": len(group.chains),
        "retries": group.retries,
        "wasted_calls": group.wasted_calls,
        "seconds": group.seconds,
        "share_of_spend": share,
        "rate": spell.rate,
        "rate_else": spell.rate_else,
        "calls": spell.calls,
        "tenants": dict(group.tenants().most_common(10)),
        "prompts": dict(_values(group, "prompt_name")),
        "estimated_usd": sum(chain.estimated_usd for chain in group.chains),
    }


def _lengths(group: Group, operations: int) -> dict[str, object]:
    """The chains as they were, beside what independent failures would give: then a long chain is rare."""
    lengths = group.lengths()
    rate = len(group.chains) / operations
    return {
        "operations": operations,
        "chain_lengths": {str(length): count for length, count in sorted(lengths.items())},
        "attempts_per_operation": 1 + group.retries / operations,
        "attempts_if_independent": expected_attempts(rate, max(lengths)),
    }


def _values(group: Group, name: str) -> list[tuple[str, int]]:
    found = Counter(str(getattr(chain.by, name)) for chain in group.chains)
    return [(value, count) for value, count in found.most_common(10) if value]
