"""Agent loops: tools called again and again without anything new coming of it, and the model calls in between."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median

from analytics.retry_waste.chain import Cause, Chain
from analytics.retry_waste.requests import goes_on
from analytics.retry_waste.span import Span, Trace
from analytics.statistics.loops import LEAST_REPEATS, cycles, periodic_tail, rotated, stuck_stretches

POLLING = ("poll", "wait", "status", "sleep", "await", "watch", "progress", "is_done", "is_ready", "heartbeat")
"""Tools whose answer stays the same while something else is at work."""
LEAST_POLLS = 30
"""... so often the same answer is a loop all the same."""
LEAST_UNSEEN = 5
"""Repeats of a call whose result was not sent: it may have changed."""
LEAST_IN_SESSION = 5
"""Repeats over several traces of a session, where a person may have asked for them."""
LONGEST_SESSION_STEP_US = 300_000_000
"""... and the pause between two, in the middle: a program's next step does not wait for longer."""
LEAST_SILENT = 6
"""Rounds of tools that say nothing of themselves but their names."""
GROWTH_SLACK = 0.05
"""... of which each adds as many tokens as the same step of the round before, give or take; new answers would not."""
LEAST_SLACK = 8
DEEPEST = 10
"""A tool that calls itself so deep is lost, whatever its arguments."""
Key = tuple[str, str, str]


def agent_loops(trace: Trace, taken: set[Span]) -> Iterator[Chain]:
    """Loops of one trace: tools within tools, tools one after the other, and answers where there are no tools."""
    nested = list(_reentrant(trace, taken))
    yield from nested
    taken = taken | {span for chain in nested for span in chain.wasted}
    tools = [tool for tool in trace.tools if tool not in taken]
    if tools and any(_key(tool) for tool in tools):
        yield from _loops(tools, trace.attempts, taken, LEAST_REPEATS)
    elif tools:
        yield from _silent(tools, [call for call in trace.attempts if call not in taken])
    else:
        yield from _answers(trace, taken)


def session_loops(traces: Sequence[Trace], taken: set[Span]) -> Iterator[Chain]:
    """Loops of a run that is spread over traces, as long-running agents are."""
    tools = sorted((tool for trace in traces for tool in trace.tools if tool not in taken), key=lambda span: span.place)
    attempts = sorted((call for trace in traces for call in trace.attempts), key=lambda span: span.place)
    for chain in _loops(tools, attempts, taken, LEAST_IN_SESSION):
        pauses = [after.began_us - before.ended_us for before, after in pairwise(chain.spans)]
        if len(chain.trace_ids) >= LEAST_IN_SESSION and median(pauses) <= LONGEST_SESSION_STEP_US:
            yield chain


def _loops(tools: Sequence[Span], attempts: Sequence[Span], taken: set[Span], least: int) -> Iterator[Chain]:
    keys = _keys(tools)
    times = [call.began_us for call in attempts]
    for stretch in stuck_stretches(keys, least):
        found = [tools[index] for index in stretch]
        if not _is_loop(found, Counter(keys[index] for index in stretch), least) or _moved_on(tools, stretch):
            continue
        first, last = tools[stretch.start - 1], found[-1]
        calls = attempts[bisect_right(times, first.began_us) : bisect_left(times, last.began_us)]
        wasted = sorted([*found, *(call for call in calls if call not in taken)], key=lambda span: span.place)
        yield _loop([first, *wasted], wasted, found)


def _keys(tools: Sequence[Span]) -> list[Key | None]:
    """What each call was and gave; None where that is not known, or where an equal one was still under way."""
    keys: list[Key | None] = []
    until: dict[Key, int] = {}
    for tool in tools:
        key = _key(tool)
        keys.append(None if key and tool.began_us < until.get(key, 0) else key)
        if key:
            until[key] = tool.ended_us
    return keys


def _key(tool: Span) -> Key | None:
    if tool.failed:
        return tool.tool_name, tool.arguments, f"!{tool.error} {tool.result}"
    if tool.result or tool.arguments:
        return tool.tool_name, tool.arguments, tool.result
    return None


def _is_loop(found: Sequence[Span], again: Counter[Key | None], least: int) -> bool:
    """One of the calls was made again as often as its kind must be."""
    return any((key := _key(tool)) and again[key] + 1 >= _least(tool, least) for tool in found)


def _least(tool: Span, least: int) -> int:
    if not tool.failed and any(word in tool.tool_name.lower() for word in POLLING):
        return LEAST_POLLS
    return max(least, LEAST_UNSEEN) if not tool.failed and not tool.result else least


def _moved_on(tools: Sequence[Span], stretch: range) -> bool:
    """It ended with another answer to one of the same calls: it was polling, or retrying until it worked."""
    if stretch.stop == len(tools) or len(stretch) >= LEAST_POLLS:
        return False
    after = tools[stretch.stop]
    asked = {(tools[index].tool_name, tools[index].arguments) for index in stretch}
    return not after.failed and bool(after.result) and (after.tool_name, after.arguments) in asked


def _silent(tools: Sequence[Span], calls: Sequence[Span]) -> Iterator[Chain]:
    """Tools of which only names were sent: rounds of several tools at the end of a run, in which the history grows by
    the same tokens in each round. One tool again and again may be paging or polling."""
    names = [tool.tool_name for tool in tools]
    tail = periodic_tail(names, least=LEAST_SILENT)
    if tail is None or len(set(names[tail.start :])) < 2:
        return
    found = tools[tail.start + tail.period :]
    first = tools[tail.start + tail.period - 1]
    wasted = [call for call in calls if first.began_us < call.began_us < found[-1].began_us]
    known = [call.input_tokens for call in calls if call.began_us > tools[tail.start].began_us]
    sizes = [tokens for tokens in known if tokens is not None]
    growth = [after - before for before, after in pairwise(sizes)]
    pairs = list(zip(growth, growth[tail.period :], strict=False))
    alike = sum(abs(a - b) <= max(GROWTH_SLACK * abs(a), LEAST_SLACK) for a, b in pairs)
    if pairs and len(sizes) == len(known) and alike >= 0.9 * len(pairs):
        spans = sorted([*found, *wasted], key=lambda span: span.place)
        yield _loop([first, *spans], spans, found)


def _answers(trace: Trace, taken: set[Span]) -> Iterator[Chain]:
    """Agents without tools that say the same to each other again and again, each with all of it before them."""
    calls = [call for call in trace.attempts if call not in taken and call.output]
    keys = [
        (call.agent_name, call.prompt_name, call.output) if not index or goes_on(calls[index - 1], call) else None
        for index, call in enumerate(calls)
    ]
    for stretch in stuck_stretches(keys):
        wasted = [calls[index] for index in stretch]
        yield _loop([calls[stretch.start - 1], *wasted], wasted, wasted)


def _reentrant(trace: Trace, taken: set[Span]) -> Iterator[Chain]:
    """A tool on its own path of ancestors, with the same arguments or very deep."""
    inner: dict[str, Span] = {}
    for tool in trace.tools:
        above = [span for span in trace.above(tool) if span.operation == "tool" and span.tool_name == tool.tool_name]
        same = [span for span in above if tool.arguments and span.arguments == tool.arguments]
        if same or len(above) >= DEEPEST:
            inner[tool.span_id] = (same or above)[-1]
    outermost = {span.span_id: span for span in inner.values()}
    for top in outermost.values():
        roots = {span_id for span_id, of in inner.items() if of is top}
        wasted = [
            span
            for span in (*trace.tools, *trace.attempts)
            if span not in taken and (span.span_id in roots or any(s.span_id in roots for s in trace.above(span)))
        ]
        if wasted:
            wasted.sort(key=lambda span: span.place)
            yield _loop([top, *wasted], wasted, [span for span in wasted if span.operation == "tool"])


def _loop(spans: Sequence[Span], wasted: Sequence[Span], steps: Sequence[Span]) -> Chain:
    by = next((span for span in wasted if span.is_attempt), spans[0])
    failed = Counter(span.error for span in steps if span.failed)
    return Chain(
        cause=Cause.LOOP,
        spans=spans,
        wasted=wasted,
        retries=len(steps),
        by=by,
        tools=cycle_of([span.tool_name for span in steps if span.tool_name]),
        error=failed.most_common(1)[0][0] if failed else "",
    )


def cycle_of(names: Sequence[str]) -> tuple[str, ...]:
    """The tools that it went through, from the smallest name on: the period at the end, else the shortest cycle."""
    if not names:
        return ()
    tail = periodic_tail(names)
    period = tuple(names[-tail.period :]) if tail else next(iter(cycles(names)), tuple(sorted(set(names))))
    return rotated(period)
