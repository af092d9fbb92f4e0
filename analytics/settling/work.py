"""A set of traces in hand, a chunk at a time: their spans, and what each span knows of its ancestors.

The tables hold the work of one run each (`run`), in memory: two runs at once do not meet, and nothing outlives them.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from types import TracebackType
from typing import Any

from analytics.settling.statements import statement
from spanledger.engine import Engine

CHUNK_SPANS = 200_000
"""Spans that are in memory at once, unless one trace alone has more."""
FREE_ROUNDS = 4
"""So many are taken without asking how long a chain can be: hardly any tree is deeper than the 16 spans they reach."""
SETTINGS = {
    "group_by_two_level_threshold": 0,
    "group_by_two_level_threshold_bytes": 0,
    "ignore_data_skipping_indices": "by_trace",
    "max_threads": 1,
    "optimize_on_insert": 0,
    "query_plan_merge_expressions": 0,
    "query_plan_join_swap_table": "false",
}
"""Groups in two levels are for threads that share them, and are copied into the second. A bloom filter says yes to a
set of thousands, and asking it takes longer than reading. One thread leaves the others to those who wait for answers.
The rows of a trace come one at a time, so nothing is to be replaced within an insert. Merging the steps of a plan takes
longer than it saves (ADR 19). The planner changes the sides of a join by their rows alone, and so would copy fifty
columns of spans through a hash table where three of their links belong (ADR 12)."""


class Work:
    """One run. Leaving the `with` clears its tables."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.run = secrets.randbits(63) | 1
        self.round = 0
        self._loaded = False

    def __enter__(self) -> Work:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear("settle_due", *(SPAN_TABLES if self._loaded else ()))

    def take(self, name: str, **values: Any) -> None:
        """Put the traces that the statement `name` finds into `settle_due`, in chunks of neighbours in time."""
        self.execute(name, chunk_spans=CHUNK_SPANS, **values)

    def chunks(self) -> Iterator[tuple[int, int, int]]:
        """(number, traces, start of the first in Unix seconds) of each chunk."""
        for number, traces, since in self.engine.rows(statement("chunks"), {"run": self.run}):
            yield int(number), int(traces), int(since)

    def load(self, name: str, chunk: int) -> None:
        """Bring in the spans of a chunk with the statement `name`, and link them."""
        if self._loaded:
            self._clear(*SPAN_TABLES)
        self._loaded = True
        self.round = 0
        self.execute(name, chunk=chunk)
        self.execute("link")
        while self.count("unfinished") and self._may_go_on():
            self.round += 1
            self.execute("link_round", round=self.round)

    def execute(self, name: str, **values: Any) -> None:
        """Run a statement with `run`, `round` and further values."""
        parameters = {"run": self.run, "round": self.round, **values}
        self.engine.command(statement(name), parameters, SETTINGS)

    def count(self, name: str) -> int:
        """The number that the statement `name` counts in the chunk in hand."""
        [[count]] = self.engine.rows(statement(name), {"run": self.run, "round": self.round})
        return int(count)

    def _may_go_on(self) -> bool:
        """False when the rounds were enough for the longest chain that there can be: what is left is a circle."""
        return self.round < FREE_ROUNDS or self.round < self.count("longest").bit_length()

    def _clear(self, *tables: str) -> None:
        """Embedded, nobody else can be at work; truncating is much quicker."""
        for table in tables:
            if self.engine.embedded:
                self.engine.command(f"TRUNCATE TABLE {table}")
            else:
                self.engine.command(f"ALTER TABLE {table} DELETE WHERE run = {{run:UInt64}}", {"run": self.run}, CLEAR)


SPAN_TABLES = ("settle_spans", "settle_links", "settle_nested", "settle_tops")
CLEAR = {"mutations_sync": 1}
