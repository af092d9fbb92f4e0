"""A bound on how much of one kind of work is done at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from spanledger.errors import EngineUnavailable


class Slots:
    """At most `count` holders at once; one more is turned away, not made to wait."""

    def __init__(self, count: int, what: str) -> None:
        self._free = threading.BoundedSemaphore(count)
        self._count = count
        self._what = what

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold one; EngineUnavailable when there is none."""
        if not self._free.acquire(blocking=False):
            raise EngineUnavailable(f"{self._count} {self._what} run already; try again in a moment.")
        try:
            yield
        finally:
            self._free.release()
