"""The messages that wait for one channel: in order for each alert, tried until the channel says yes.

Time and chance come from outside, so that a test can let an hour pass.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from analytics.alerts.channels.contract import Channel, Refused
from analytics.alerts.journal import Owed
from analytics.alerts.message import Message
from spanledger.errors import SpanledgerError

logger = logging.getLogger(__name__)

MOST_BACKOFF = 300.0
"""Seconds; from one on they double."""
CAREFUL = 50
"""After a batch that the receiver did not like, so many messages go one by one."""

Record = Callable[[Sequence[tuple[Owed, int]], str, datetime], None]
Write = Callable[[Owed], Message]


@dataclass
class Waiting:
    """A message with what was tried."""

    owed: Owed
    put_at: datetime
    attempts: int = 0
    failing_since: datetime | None = None
    not_before: datetime | None = None


@dataclass(frozen=True)
class Health:
    """How a channel is."""

    channel: str
    kind: str
    state: str
    since: datetime
    error: str
    waiting: int
    sent_at: datetime | None


@dataclass
class _Standing:
    """What the channel as a whole last did."""

    since: datetime
    attempts: int = 0
    error: str = ""
    not_before: datetime | None = None
    sent_at: datetime | None = None
    careful: int = 0
    unrecorded: list[tuple[list[tuple[Owed, int]], datetime]] = field(default_factory=list)


class Outlet:
    """One channel and what waits for it. `put` may be called while another thread is in `step`."""

    def __init__(  # noqa: PLR0913, PLR0917  (what is outside of it)
        self,
        channel: Channel,
        write: Write,
        record: Record,
        clock: Callable[[], datetime],
        random: Callable[[], float],
        dead_after: timedelta,
    ) -> None:
        self.channel = channel
        self.woken = threading.Event()
        self._write, self._record, self._clock, self._random = write, record, clock, random
        self._dead_after = dead_after
        self._queues: dict[str, deque[Waiting]] = {}
        self._lock = threading.Lock()
        self._standing = _Standing(since=clock())
        self._repeats: list[Message] = []

    def put(self, messages: Sequence[Owed]) -> None:
        """Let messages wait; those of one alert come in their order."""
        now = self._clock()
        with self._lock:
            for owed in messages:
                self._queues.setdefault(owed.change.alert.alert_id, deque()).append(Waiting(owed, now))
        self.woken.set()

    def clear(self) -> None:
        """Forget what waits: another process sends it."""
        with self._lock:
            self._queues.clear()

    def repeat(self, messages: Sequence[Message]) -> None:
        """Let messages be said once more, after all that waits; a failure is nothing, for the next ones follow."""
        with self._lock:
            self._repeats = [message for message in messages if message.alert.alert_id not in self._queues]
        self.woken.set()

    def step(self) -> bool:
        """Try what is due, once; whether something was tried."""
        self._record_late()
        now = self._clock()
        with self._lock:
            batch = self._due(now)
        if not batch:
            return self._repeat()
        try:
            self.channel.send([self._write(waiting.owed) for waiting in batch])
        except Refused as error:
            self._failed(batch, error)
        except Exception as error:  # noqa: BLE001 - whatever it is, other messages and channels go on
            logger.warning("The channel %s failed: %s", self.channel.name, type(error).__name__)
            self._failed(batch, Refused(f"It failed inside ({type(error).__name__}).", only_this=True))
        else:
            self._sent(batch)
        return True

    def _repeat(self) -> bool:
        with self._lock:
            batch = [message for message in self._repeats if message.alert.alert_id not in self._queues]
            batch, self._repeats = batch[: self.channel.batch], batch[self.channel.batch :]
        if not batch:
            return False
        with suppress(Refused):
            self.channel.send(batch)
        return True

    def health(self) -> Health:
        """How it is now."""
        now, standing = self._clock(), self._standing
        with self._lock:
            heads = [queue[0] for queue in self._queues.values()]
            waiting = sum(len(queue) for queue in self._queues.values())
        failing = bool(standing.error) and bool(heads)
        state = "dead" if self._dead(heads, now) else "failing" if failing else "ok"
        error = standing.error if failing else ""
        if state == "dead" and not error:
            error = "Nothing has been taken for too long."
        return Health(self.channel.name, self.channel.kind, state, standing.since, error, waiting, standing.sent_at)

    def _dead(self, heads: Sequence[Waiting], now: datetime) -> bool:
        if not heads:
            return False
        begun = min(waiting.put_at for waiting in heads)
        idle_since = max(begun, self._standing.sent_at) if self._standing.sent_at else begun
        stuck = any(waiting.failing_since and now - waiting.failing_since > self._dead_after for waiting in heads)
        return stuck or now - idle_since > self._dead_after

    def _due(self, now: datetime) -> list[Waiting]:
        """Heads of queues, oldest alert first."""
        standing = self._standing
        if standing.not_before and now < standing.not_before:
            return []
        most = 1 if standing.careful else self.channel.batch
        found: list[Waiting] = []
        for queue in self._queues.values():
            if queue[0].not_before is None or now >= queue[0].not_before:
                found.append(queue[0])
                if len(found) >= most:
                    break
        return found

    def _failed(self, batch: Sequence[Waiting], error: Refused) -> None:
        now, standing = self._clock(), self._standing
        if not standing.error:
            standing.since = now
        standing.error = str(error)
        for waiting in batch:
            waiting.attempts += 1
            waiting.failing_since = waiting.failing_since or now
        if error.only_this and len(batch) > 1:
            standing.careful = CAREFUL
        elif error.only_this:
            batch[0].not_before = now + self._pause(batch[0].attempts, error.retry_after)
        else:
            standing.attempts += 1
            standing.not_before = now + self._pause(standing.attempts, error.retry_after)
        self._write_down([(waiting.owed, waiting.attempts) for waiting in batch[:1]], str(error), now)

    def _sent(self, batch: Sequence[Waiting]) -> None:
        now, standing = self._clock(), self._standing
        done = [(waiting.owed, waiting.attempts + 1) for waiting in batch]
        with self._lock:
            for waiting in batch:
                self._pop(waiting)
        if standing.error:
            standing.since = now
        standing.attempts, standing.error, standing.not_before, standing.sent_at = 0, "", None, now
        standing.careful = max(0, standing.careful - 1)
        if not self._write_down(done, "", now):
            standing.unrecorded.append((done, now))

    def _pop(self, waiting: Waiting) -> None:
        alert_id = waiting.owed.change.alert.alert_id
        queue = self._queues.get(alert_id)
        if queue and queue[0] is waiting:
            queue.popleft()
            if not queue:
                del self._queues[alert_id]

    def _write_down(self, rows: Sequence[tuple[Owed, int]], error: str, now: datetime) -> bool:
        try:
            self._record(rows, error, now)
        except SpanledgerError as problem:
            logger.warning("How the channel %s did can't be written down now: %s", self.channel.name, problem)
            return False
        return True

    def _record_late(self) -> None:
        """What was sent while the engine was away."""
        standing = self._standing
        while standing.unrecorded and self._write_down(standing.unrecorded[0][0], "", standing.unrecorded[0][1]):
            standing.unrecorded.pop(0)

    def _pause(self, attempts: int, asked: float | None) -> timedelta:
        """Doubling, with chance so that not all come back at once; never earlier than the receiver asks."""
        seconds = min(MOST_BACKOFF, 2.0 ** min(attempts, 20) / 2) * (0.5 + self._random() / 2)
        return timedelta(seconds=max(seconds, asked or 0.0))
