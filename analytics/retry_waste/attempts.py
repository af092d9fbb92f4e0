"""Findings of transport retries and of re-prompts: how many calls it took beside how many were meant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analytics.jobs.contract import Candidate, Severity
from analytics.retry_waste.chain import Cause, Chain
from analytics.retry_waste.evidence import clock, dollars, many, percent, spans_query
from analytics.retry_waste.group import Group, grouped, moment
from analytics.retry_waste.inputs import Inputs, Limits
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
OUTSTANDING = 3
"""A prompt stands out that has so many times the rate of all others on its model ..."""
LEAST_OUTSTANDING = 10
"""... and so many chains."""


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
    spent_usd: float | None

    @property
    def lasted(self) -> timedelta:
        """How long."""
        return self.until - self.since


def transport(labelled: Labelled, inputs: Inputs, limits: Limits) -> Iterator[Candidate]:
    """One candidate for each model and error; a prompt that has far more of them than the others has one of its own."""
    chains = (chain for chain in labelled.chains if chain.cause is Cause.TRANSPORT)
    for (model, error), every in grouped(chains, lambda chain: (chain.by.model, chain.error)).items():
        for owner, group in _by_prompt(every, model, inputs):
            spell = _spell(group, inputs, model, owner)
            ratio = inputs.left_out.scale * Group(_within(group, spell)).retries / max(spell.calls, 1)
            share = _share(group, spell)
            lasting = spell.lasted >= HICCUP and (ratio > limits.retry_ratio or (share or 0) > limits.waste_share)
            whose = f" of {named(owner)}" if owner else ""
            yield Candidate(
                kind=TRANSPORT.name,
                subject=_subject(("model", model), ("error", error), *([owner] if owner else [])),
                severity=Severity.TICKET if lasting else Severity.DIGEST,
                effect=ratio,
                effect_unit="retries per call",
                n=max(sum(inputs.exposed(model, owner)), 1),
                title=f"{percent(ratio)} of the calls{whose} to {model or 'an unnamed model'} were sent again"
                f"{f' after {error}' if error else ''}, {dollars(group.cost_usd)} wasted.",
                summary=f"{_when(spell)} {group.retries:,} retries in {many(len(group.chains), 'operation')}; failed "
                f"attempts took {group.seconds:,.0f} s.",
                details=_details(group, spell, share) | {"providers": dict(_values(group, "provider"))},
                **_common(group, spell, inputs),
            )


def reprompts(labelled: Labelled, inputs: Inputs, limits: Limits) -> Iterator[Candidate]:
    """One candidate for each prompt and model, with the tenant where it is one tenant's alone."""
    chains = (chain for chain in labelled.chains if chain.cause is Cause.VALIDATION)
    for (owner, model), group in grouped(chains, lambda chain: (prompt_of(chain.by), chain.by.model)).items():
        spell = _spell(group, inputs, model, owner)
        within = Group(_within(group, spell))
        share = _share(group, spell)
        weight = within.retries / max(spell.calls, 1) if share is None else share
        operations = max(spell.calls - within.wasted_calls, 1)
        tenant = _culprit(group, owner, model, inputs)
        yield Candidate(
            kind=REPROMPT.name,
            subject=_subject(owner, ("model", model), ("tenant", tenant)),
            severity=Severity.TICKET if weight > limits.waste_share else Severity.DIGEST,
            effect=weight,
            effect_unit="share of calls" if share is None else "share of spend",
            n=max(sum(inputs.exposed(model, owner)), 1),
            title=f"Re-prompts of {named(owner)} on {model}{f' for tenant {tenant}' if tenant else ''} cost "
            f"{dollars(group.cost_usd)}, {percent(weight)} of its {'calls' if share is None else 'spend'}.",
            summary=f"{_when(spell)} {many(len(within.chains), 'answer')} of {operations:,} "
            f"({percent(len(within.chains) / operations)}) did not have their form and took "
            f"{1 + within.retries / max(len(within.chains), 1):.1f} calls each.",
            details=_details(group, spell, share) | _lengths(within, operations),
            **_common(group, spell, inputs),
        )


def _subject(*pairs: tuple[str, str]) -> dict[str, str]:
    return {name: value for name, value in pairs if value}


def _by_prompt(group: Group, model: str, inputs: Inputs) -> Iterator[tuple[Owner | None, Group]]:
    """The chains of the prompt that stands out, if one does, and those of the others."""
    [(owner, count)] = Counter(prompt_of(chain.by) for chain in group.chains).most_common(1)
    calls = sum(inputs.exposed(model))
    own_calls = sum(inputs.exposed(model, owner))
    rate = count / max(own_calls, 1)
    rate_else = (len(group.chains) - count) / max(calls - own_calls, 1)
    alone = own_calls == calls
    if not alone and (count < LEAST_OUTSTANDING or rate < OUTSTANDING * rate_else):
        yield None, group
        return
    yield owner, Group([chain for chain in group.chains if prompt_of(chain.by) == owner])
    if rest := [chain for chain in group.chains if prompt_of(chain.by) != owner]:
        yield None, Group(rest)


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


def _spell(group: Group, inputs: Inputs, model: str, owner: Owner | None) -> Spell:
    """When it was worst: the slots that the scan finds, narrowed to the chains in them."""
    exposed = inputs.exposed(model, owner)
    starts = [(inputs.slot_of(moment(chain.spans[0].began_us)), chain) for chain in group.chains]
    counts = Counter(slot for slot, _ in starts)
    found = burst([counts[slot] for slot in range(inputs.slots)], exposed)
    first, stop = (found.start, found.stop) if found else (0, inputs.slots)
    calls = sum(exposed[first:stop])
    within = Group([chain for slot, chain in starts if first <= slot < stop])
    return Spell(
        since=within.since,
        until=within.until,
        rate=len(within.chains) / max(calls, 1),
        rate_else=found.rate_else if found else None,
        calls=calls,
        spent_usd=inputs.spent_in(model, owner, range(first, stop)),
    )


def _within(group: Group, spell: Spell) -> list[Chain]:
    return [chain for chain in group.chains if spell.since <= moment(chain.spans[0].began_us) <= spell.until]


def _share(group: Group, spell: Spell) -> float | None:
    """Of what was spent while it lasted."""
    wasted = Group(_within(group, spell)).cost_usd
    return None if wasted is None or not spell.spent_usd else wasted / spell.spent_usd


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
    calls = sum(inputs.exposed(model, owner))
    share = min(inputs.calls_by(owner, model, tenant) / calls, 1.0) if calls else 0.0
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
