"""Who goes first at the engine: an insert, for which somebody waits, before work in the background that can wait."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class RightOfWay:
    """Says when urgent work is under way. Any number of threads may have it, and any number give it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._urgent = 0

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Urgent work is under way until the `with` is left."""
        with self._changed:
            self._urgent += 1
        try:
            yield
        finally:
            with self._changed:
                self._urgent -= 1
                self._changed.notify_all()

    def give(self, seconds: float) -> float:
        """Wait until no urgent work is under way, at most so long; how long it was."""
        begun = time.monotonic()
        with self._changed:
            self._changed.wait_for(lambda: not self._urgent, timeout=max(seconds, 0.0))
        return time.monotonic() - begun


class Patience:
    """What background work may spend on waiting for others until it is given more."""

    def __init__(self, way: RightOfWay) -> None:
        self.seconds = 0.0
        """What is left."""
        self._way = way

    def wait(self) -> None:
        """Let urgent work pass, as long as there is patience left."""
        if self.seconds > 0:
            self.seconds -= self._way.give(self.seconds)
