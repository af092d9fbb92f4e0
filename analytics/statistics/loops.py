"""Repetition in sequences: periods, stretches without anything new, cycles of a transition graph, cost of retrying.

Periods by the failure function of Knuth, Morris and Pratt (SIAM J. Comput. 6(2), 1977), components by Tarjan (1972) and
cycles by Johnson (1975) as networkx has them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from spanledger.later import Later

if TYPE_CHECKING:
    import networkx as nx
else:
    nx = Later("networkx")

LONGEST_PERIOD = 8
LEAST_REPEATS = 3
MOST_CYCLES = 1000
"""Simple cycles of a graph can be exponentially many."""


@dataclass(frozen=True)
class Tail:
    """The end of a sequence repeats with a period."""

    start: int
    """Index at which the first period begins."""
    period: int
    repeats: int
    """Whole periods in the tail."""


def failure_function(sequence: Sequence[Hashable]) -> list[int]:
    """For each prefix, the length of its longest proper border (a prefix that is also its end)."""
    borders = [0] * len(sequence)
    length = 0
    for index in range(1, len(sequence)):
        while length and sequence[index] != sequence[length]:
            length = borders[length - 1]
        length += sequence[index] == sequence[length]
        borders[index] = length
    return borders


def smallest_period(sequence: Sequence[Hashable]) -> int | None:
    """The smallest p with `s[i] == s[i - p]` throughout, if the sequence holds at least two whole periods."""
    if not sequence:
        return None
    period = len(sequence) - failure_function(sequence)[-1]
    return period if 2 * period <= len(sequence) else None


def periodic_tail(
    sequence: Sequence[Hashable], longest: int = LONGEST_PERIOD, least: int = LEAST_REPEATS
) -> Tail | None:
    """The longest end of the sequence with a period of at most `longest` and `least` whole repeats, in O(n).

    Of several periods the smallest counts: A A A A has period 1.
    """
    borders = failure_function(sequence[::-1])
    found: Tail | None = None
    for size, border in enumerate(borders, 1):
        period = size - border
        if period <= longest and size >= least * period and (found is None or period <= found.period):
            found = Tail(len(sequence) - size, period, size // period)
    return found


def stuck_stretches(sequence: Sequence[Hashable | None], least: int = LEAST_REPEATS) -> Iterator[range]:
    """Stretches in which nothing new happens: every element was seen before, one of them for the `least`-th time since
    something was new.

    What an element is must say all that matters (for a tool: its name, arguments and result). None is never the same
    as anything. In A B A B A B the stretch is what follows the first A B; in A B A C A D there is none.
    """
    seen: set[Hashable] = set()
    again: Counter[Hashable] = Counter()
    for index, element in enumerate(sequence):
        if element is not None and element in seen:
            again[element] += 1
            continue
        if again and max(again.values()) >= least - 1:
            yield range(index - again.total(), index)
        again.clear()
        seen.add(element)
    if again and max(again.values()) >= least - 1:
        yield range(len(sequence) - again.total(), len(sequence))


def cycles(sequence: Sequence[str], most: int = MOST_CYCLES) -> list[tuple[str, ...]]:
    """The simple cycles of what came after what, the shortest first; none where no component has a cycle.

    Give it tools alone: with model calls between them every agent that uses a tool twice is one cycle, and it would
    prove nothing.
    """
    graph = nx.DiGraph(pairwise(sequence))
    found = [rotated(cycle) for cycle in islice(nx.simple_cycles(graph), most)]
    return sorted(found, key=lambda cycle: (len(cycle), cycle))


def rotated(cycle: Sequence[str]) -> tuple[str, ...]:
    """The same cycle, written from its smallest name on."""
    start = min(range(len(cycle)), key=lambda index: (*cycle[index:], *cycle[:index]))
    return (*cycle[start:], *cycle[:start])


def expected_attempts(failure: float, cap: int, failure_again: float | None = None) -> float:
    """Mean attempts per operation with at most `cap` tries: the first fails with `failure`, each later one with
    `failure_again` (None: with the same). With independent tries it is (1 - q^m) / (1 - q)."""
    again = failure if failure_again is None else failure_again
    return 1 + failure * sum(again**step for step in range(cap - 1))
