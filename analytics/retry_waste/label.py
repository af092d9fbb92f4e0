"""Every span gets one cause at most: transport, validation, loop, polite, rerun, in this order."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from analytics.retry_waste.agent_loop import agent_loops, session_loops
from analytics.retry_waste.chain import Cause, Chain
from analytics.retry_waste.polite import endless, polite_chains
from analytics.retry_waste.rerun import reruns
from analytics.retry_waste.span import Span, Spans, Trace
from analytics.retry_waste.transport import transport_chains
from analytics.retry_waste.validation import mixed_groups, validation_chains

LEAST_WHOLE = 0.5
"""Of a prompt's groups without content: chains by size are believed if at least so many are nothing but such a chain.
Where a prompt is mapped over documents, some are longer than the one before by about its answer, by chance."""


@dataclass
class Labelled:
    """Chains that are waste, and chains that only look like it."""

    chains: list[Chain] = field(default_factory=list)
    suspected: list[Chain] = field(default_factory=list)
    taken: set[Span] = field(default_factory=set)

    def add(self, chains: Iterable[Chain]) -> None:
        """Take chains in; a span that has its cause already keeps it."""
        for chain in chains:
            if not chain.certain:
                self.suspected.append(chain)
            elif not any(span in self.taken for span in chain.wasted):
                self.chains.append(chain)
                self.taken.update(chain.wasted)
                if chain.growth_usd:  # a part of its cost is counted already
                    self.taken.add(chain.by)


def label(spans: Spans) -> Labelled:
    """Find all chains. What one rule has taken, the rules behind it do not see."""
    labelled = Labelled()
    for trace in spans.traces:
        labelled.add(_unless_endless(chain) for chain in transport_chains(trace))
    labelled.add(_validation(spans, labelled.taken))
    for trace in spans.traces:
        labelled.add(list(agent_loops(trace, labelled.taken)))
    for traces in _sessions(spans.traces):
        labelled.add(list(session_loops(traces, labelled.taken)))
    labelled.add(list(polite_chains(spans.traces, labelled.taken)))
    labelled.add(list(reruns(spans.traces, labelled.taken)))
    return labelled


def _unless_endless(chain: Chain) -> Chain:
    """Clients give up after a few attempts. Who sends the same request ten times an hour retries endlessly."""
    return chain.as_cause(Cause.POLITE, chain.spans[1:]) if endless(chain.spans) else chain


def _validation(spans: Spans, taken: set[Span]) -> list[Chain]:
    """Chains that sizes alone suggest are uncertain where most groups of the same prompt and model do not look so."""
    chains = [chain for trace in spans.traces for chain in validation_chains(trace, spans.replies, taken)]
    mixed = Counter(key for trace in spans.traces for key in mixed_groups(trace, taken))
    whole = Counter((c.by.prompt_name, c.by.model) for c in chains if c.circumstantial and c.certain)
    kept = []
    for chain in chains:
        key = chain.by.prompt_name, chain.by.model
        doubtful = chain.circumstantial and whole[key] < LEAST_WHOLE * (whole[key] + mixed[key])
        kept.append(chain.doubted() if doubtful else chain)
    return kept


def _sessions(traces: Sequence[Trace]) -> list[list[Trace]]:
    """Traces of one task or session, where it has several."""
    groups: dict[tuple[str, str], list[Trace]] = defaultdict(list)
    for trace in traces:
        named = next((span for span in trace.spans if span.task_id or span.session_id), None)
        if named:
            groups[named.tenant, named.task_id or named.session_id].append(trace)
    return [group for group in groups.values() if len(group) > 1]
