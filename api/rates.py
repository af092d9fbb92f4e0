"""How often one may ask: a bucket of tokens for each key and each address."""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST_BUCKETS = 10_000
"""Those asked for longest ago are forgotten; they are full by then, or somebody has very many addresses."""


class Rates:
    """At most `per_minute` by name, with as many at once after a pause. 0: any number. Thread-safe."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_second = per_minute / 60
        self._most = float(per_minute)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> int:
        """Take one of `name`'s tokens: 0, or in how many seconds there is one."""
        if not self._most:
            return 0
        now = self._clock()
        with self._lock:
            level = self._level(name, now)
            wait = 0 if level >= 1 else math.ceil((1 - level) / self._per_second)
            self._buckets[name] = (level if wait else level - 1, now)
            self._buckets.move_to_end(name)
            if len(self._buckets) > MOST_BUCKETS:
                self._buckets.popitem(last=False)
        return wait

    def wait(self, name: str) -> int:
        """Seconds until `name` has a token, without taking it."""
        if not self._most:
            return 0
        with self._lock:
            level = self._level(name, self._clock())
        return 0 if level >= 1 else math.ceil((1 - level) / self._per_second)

    def _level(self, name: str, now: float) -> float:
        level, then = self._buckets.get(name, (self._most, now))
        return min(self._most, level + (now - then) * self._per_second)
