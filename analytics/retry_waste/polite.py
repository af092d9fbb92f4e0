"""Polite endless retries: the same request again and again, with a pause between, for an hour and more."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean, median, pstdev

from analytics.retry_waste.chain import Cause, Chain
from analytics.retry_waste.span import Span, Trace

LEAST = 10
"""Requests within an hour: four times what a client with three attempts may make, twice over."""
HOUR_US = 3_600_000_000
LONGEST_PAUSE_US = 1_800_000_000
"""A longer silence ends a run."""
MOST_VARIATION = 0.3
"""Coefficient of variation of the pauses of something that waits for a fixed time."""
LEAST_IDLE_US = 1_000_000
"""Waiting between two requests; samples that are drawn one after the other do not wait."""
JITTER = 0.25
NEAR = 0.02
"""Inputs of the same request without content: a counter or a time in it may have other tokens."""
MOSTLY = 0.9


def endless(spans: Sequence[Span]) -> bool:
    """Ten of them begin within an hour."""
    return any(
        last.began_us - first.began_us <= HOUR_US for first, last in zip(spans, spans[LEAST - 1 :], strict=False)
    )


def polite_chains(traces: Sequence[Trace], taken: set[Span]) -> Iterator[Chain]:
    """Runs of equal requests by one run, conversation, user or agent, over as many traces as it took."""
    groups: dict[tuple[object, ...], list[Span]] = defaultdict(list)
    failing: dict[object, list[Span]] = defaultdict(list)
    for trace in traces:
        for span in trace.attempts:
            if span not in taken and span.purpose != "eval":
                asked = span.request if span.messages else None
                groups[_owner(span), span.prompt_name, span.model, asked].append(span)
        for tool in trace.tools:
            if tool.failed:
                failing[tool.trace_id].append(tool)
    for group in groups.values():
        group.sort(key=lambda span: span.place)
        for run in _runs(group):
            if endless(run):
                yield from _judged(run, [tool for trace_id in {s.trace_id for s in run} for tool in failing[trace_id]])


def _owner(span: Span) -> tuple[str, str]:
    """Within what requests are compared: the run as it says itself, else its trace for what belongs to nobody."""
    tenant, who = span.who
    return (tenant, who) if who else (tenant, span.trace_id)


def _runs(group: list[Span]) -> Iterator[list[Span]]:
    """Neighbours in time with the same or nearly the same input, one after the other."""
    run: list[Span] = []
    for span in group:
        if run and not _follows(run[-1], span):
            yield run
            run = []
        run.append(span)
    if run:
        yield run


def _follows(before: Span, span: Span) -> bool:
    if not -LEAST_IDLE_US <= span.began_us - before.ended_us <= LONGEST_PAUSE_US:
        return False
    if span.messages or before.input_tokens is None or span.input_tokens is None:
        return True
    return abs(span.input_tokens - before.input_tokens) <= NEAR * before.input_tokens


@dataclass(frozen=True)
class _Why:
    """What all requests of a run had in common."""

    error: str = ""
    tools: tuple[str, ...] = ()


def _judged(run: list[Span], failing_tools: list[Span]) -> Iterator[Chain]:
    why = _failure(run, failing_tools)
    paced = waits(run)
    one_run = bool(run[0].task_id or run[0].session_id or run[0].user_id) or len({s.trace_id for s in run}) == 1
    certain = one_run or paced if why else paced and run[0].messages > 0
    if certain or paced:
        yield Chain(
            cause=Cause.POLITE,
            spans=run,
            wasted=run[1:],
            retries=len(run) - 1,
            by=run[0],
            tools=why.tools if why else (),
            error=why.error if why else "",
            certain=certain,
        )


def _failure(run: list[Span], failing_tools: list[Span]) -> _Why | None:
    """The error that (nearly) each of them met, or that a tool met after (nearly) each."""
    errors = Counter(span.error for span in run if span.failed)
    if errors and errors.most_common(1)[0][1] >= MOSTLY * len(run):
        return _Why(errors.most_common(1)[0][0])
    by_kind: dict[tuple[str, str], list[int]] = defaultdict(list)
    for tool in failing_tools:
        by_kind[tool.tool_name, tool.error].append(tool.began_us)
    for (name, error), times in sorted(by_kind.items()):
        met = sum(any(a.began_us <= time < b.began_us for time in times) for a, b in pairwise(run))
        if met >= MOSTLY * (len(run) - 1):
            return _Why(error, (name,))
    return None


def waits(run: Sequence[Span]) -> bool:
    """It pauses between requests, each time for about as long, or for longer each time up to a limit."""
    idle = [after.began_us - before.ended_us for before, after in pairwise(run)]
    gaps = [after.began_us - before.began_us for before, after in pairwise(run)]
    if median(idle) < max(LEAST_IDLE_US, 0.2 * median(gaps)):
        return False
    return pstdev(gaps) < MOST_VARIATION * mean(gaps) or climbs(idle)


def climbs(pauses: Sequence[float]) -> bool:
    """A ladder of backoff: each pause is as long as the one before or up to four times as long, give or take a quarter;
    falling back to the bottom begins another ladder."""
    bottom = min(pauses)
    rungs = [
        after <= (1 + JITTER) * bottom or (1 - JITTER) * before <= after <= 4 * (1 + JITTER) * before
        for before, after in pairwise(pauses)
    ]
    return sum(rungs) >= MOSTLY * len(rungs) and max(pauses) > (1 + JITTER) * bottom
