"""The thread that takes a step of settling every few seconds, whatever the last one met."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from analytics.settling.lease import Lease
from analytics.settling.step import Settler
from spanledger.engine import Engine
from spanledger.right_of_way import Patience, RightOfWay
from spanledger.settings import Settings

logger = logging.getLogger(__name__)

LEASE_SECONDS = 120
"""On a server the process that settled last goes on; when it is gone for so long, another takes over."""
STOP_SECONDS = 60.0
HURRIED_SECONDS = 0.5
"""Pause between steps while somebody waits for them."""
HURRY_SECONDS = 30.0
"""So long somebody waits at most."""
PATIENCE_SECONDS = 5.0
"""So much of a step may be waiting for inserts, which somebody waits for; a step behind which spans wait has none."""


@dataclass
class Progress:
    """How settling goes, for metrics."""

    steps: int = 0
    failures: int = 0
    spans: int = 0
    traces: int = 0
    duplicates: int = 0
    until: float = 0.0
    """Unix seconds: spans accepted before it are in `usage`, their second layers found. 0: no step yet."""
    problem: str = ""
    """Why the last step did not work, or ''."""


class SettlingLoop:
    """Settles in a thread of its own until it is stopped; never two steps at once."""

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        clock: Callable[[], float] = time.time,
        way: RightOfWay | None = None,
    ) -> None:
        self.progress = Progress()
        self._patience = Patience(way or RightOfWay())
        self._behind = False
        self._every = settings.settle_every_seconds
        self._settler = Settler(engine.after(self._patience.wait), settings)
        self._clock = clock
        self._lease = Lease(engine, "lease", secrets.token_hex(8))
        self._hurried_until = 0.0
        self._wake = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.run, name="settling", daemon=True)

    def start(self) -> None:
        """Begin to settle."""
        self._thread.start()

    def stop(self) -> None:
        """Finish the step under way and end; safe in a signal handler's thread."""
        self.ask_to_stop()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def ask_to_stop(self) -> None:
        """Let `run` return after the step under way."""
        self._stop.set()
        self._wake.set()

    def hurry(self, until: float) -> None:
        """Somebody waits for what came before `until` (Unix seconds): settle it, also traces that are not quiet yet."""
        if until > self._hurried_until:
            self._hurried_until = until
            self._wake.set()

    def run(self) -> None:
        """Take steps until told to stop; without a pause while spans wait."""
        while not self._stop.is_set():
            if not self._step():
                self._wake.wait(min(self._every, HURRIED_SECONDS) if self._hurried else self._every)
                self._wake.clear()

    @property
    def lag_seconds(self) -> float | None:
        """How old the newest span is that settling has seen, at most; None before the first step."""
        return max(0.0, self._clock() - self.progress.until) if self.progress.until else None

    @property
    def _hurried(self) -> bool:
        return self.progress.until < self._hurried_until and self._clock() < self._hurried_until + HURRY_SECONDS

    def _step(self) -> bool:
        """One step; True when more waits. What goes wrong is said once and tried again."""
        try:
            if not self._may_settle():
                return False
            self._patience.seconds = 0.0 if self._behind or self._hurried else PATIENCE_SECONDS
            step = self._settler.step(quiet_seconds=0 if self._hurried else None)
        except Exception as error:
            if not self.progress.problem:
                logger.warning("Settling will be tried again: %s", error, exc_info=True)
            self.progress.problem = str(error) or type(error).__name__
            self.progress.failures += 1
            return False
        self.progress.problem = ""
        self.progress.steps += 1
        self.progress.spans += step.window.spans
        self.progress.traces += step.traces
        self.progress.duplicates += step.duplicates
        self.progress.until = step.window.until / 1000
        self._behind = step.window.more
        return self._behind

    def _may_settle(self) -> bool:
        """Embedded, always. On a server, when nobody else did within the lease."""
        return self._lease.take(LEASE_SECONDS)
