"""One step of settling: what came since the last one, in the order in which each stage needs the one before."""

from __future__ import annotations

import time
from dataclasses import dataclass

from analytics.settling.layers import bill_calls_once
from analytics.settling.marks import HOURS, SETTLED, TOUCHED, moment, read_marks, set_mark, text
from analytics.settling.statements import SLICE_SECONDS, statement
from analytics.settling.traces import Due, settle_traces
from analytics.settling.usage import close_hour, seen, sum_changed, sum_slices
from spanledger.engine import Engine
from spanledger.settings import Settings

MOST_SPANS = 400_000
"""A step takes the spans of so many, and then the next step goes on: after a pause there may be millions."""
MARGIN_MS = 1000
"""Between the start of an insert and the moment that it is seen among the running ones."""
IDLE_MS = 60_000
"""A mark is written at least when it has moved so far, though there was nothing to do."""


@dataclass(frozen=True)
class Window:
    """Slices of acceptance that are complete: those with spans, and up to where."""

    since: int
    until: int
    slices: tuple[int, ...]
    spans: int
    more: bool
    """Spans wait behind `until`."""


@dataclass(frozen=True)
class Step:
    """What a step did."""

    window: Window
    settled_until: int
    slices: int
    duplicates: int
    traces: int
    seconds: float


class Settler:
    """Takes steps. Only one at a time may be under way."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings

    def step(self, safe: int | None = None, quiet_seconds: float | None = None) -> Step:
        """Settle what is due. `safe` (ms since 1970): rows accepted before it are visible; asked from the engine.

        A trace is due when it has been quiet for `quiet_seconds`, the setting by default.
        """
        started = time.monotonic()
        marks = read_marks(self._engine)
        window = self._window(marks[TOUCHED], self._safe() if safe is None else safe)
        slices, duplicates = self._touch(window, marks[HOURS])
        quiet = self._settings.settle_after_seconds if quiet_seconds is None else quiet_seconds
        settled_until = max(window.until - int(quiet * 1000), marks[SETTLED])
        traces = self._settle(marks[SETTLED], settled_until, window.until)
        slices += sum_changed(self._engine, marks[HOURS])
        slices += close_hour(self._engine, window.until)
        step = Step(window, settled_until, slices, duplicates, traces, time.monotonic() - started)
        if window.spans or traces or slices:
            self._record(step)
        return step

    def _safe(self) -> int:
        [[safe]] = self._engine.rows(statement("safe"), {"margin_ms": MARGIN_MS})
        return int(safe)

    def _window(self, since: int, safe: int) -> Window:
        width = SLICE_SECONDS * 1000
        limit = max(safe // width * width, since)
        values = {"from": text(since), "safe": text(limit), "slice": SLICE_SECONDS}
        found = [
            (int(at), int(many), int(reached)) for at, many, reached in self._engine.rows(statement("window"), values)
        ]
        taken = [slice_ for slice_ in found if slice_[2] - slice_[1] < MOST_SPANS]
        [[more]] = (
            [[False]]
            if not taken
            else self._engine.rows(
                statement("more"), {"from": text((taken[-1][0] + SLICE_SECONDS) * 1000), "until": text(limit)}
            )
        )
        until = (taken[-1][0] + SLICE_SECONDS) * 1000 if more else limit
        return Window(since, until, tuple(at for at, _, _ in taken), sum(many for _, many, _ in taken), bool(more))

    def _touch(self, window: Window, hours_until: int) -> tuple[int, int]:
        """Index the new spans, bill their calls once, sum them: (slices, duplicates). Then the mark moves."""
        if not window.spans:
            if window.until - window.since >= IDLE_MS:
                set_mark(self._engine, TOUCHED, window.until)
            return 0, 0
        self._engine.command(statement("touch"), {"from": text(window.since), "until": text(window.until)})
        duplicates = bill_calls_once(self._engine, window.since, window.until)
        slices = sum_slices(self._engine, window.slices, hours_until)
        set_mark(self._engine, TOUCHED, window.until)
        return slices, duplicates

    def _settle(self, since: int, until: int, summed: int) -> int:
        _, visible = seen(self._engine)
        asked = [str(trace) for (trace,) in self._engine.rows(statement("asked"), {"until": visible})]
        due = Due(since, until, int(self._settings.settle_at_most_seconds * 1000), asked)
        traces = settle_traces(self._engine, self._settings, due, summed)
        if asked:
            self._engine.command(statement("answered"), {"asked": asked, "until": visible})
        if traces or until - since >= IDLE_MS:
            set_mark(self._engine, SETTLED, until)
        return traces

    def _record(self, step: Step) -> None:
        row = {
            "touched_from": moment(step.window.since),
            "touched_until": moment(step.window.until),
            "settled_until": moment(step.settled_until),
            "spans": step.window.spans,
            "slices": step.slices,
            "duplicates": step.duplicates,
            "traces": step.traces,
            "seconds": step.seconds,
        }
        self._engine.insert("settle_steps", list(row), [list(row.values())])
