"""What both transports do with a request: bound it, check its key, admit it, store it, count it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass

from collector.admission import admit, admit_json
from collector.answers import JSON, Answer, answer_to, success
from collector.counters import Counters
from collector.signals import Signal
from collector.spool import Spool
from spanledger.access import KeyRing
from spanledger.errors import SpanledgerError, SpoolFull
from spanledger.settings import Settings

logger = logging.getLogger(__name__)


class Budget:
    """Bytes of bodies in work, over all requests of all transports. Thread-safe."""

    def __init__(self, bound: int) -> None:
        self._bound = bound
        self._used = 0
        self._lock = threading.Lock()

    @property
    def used(self) -> int:
        """Bytes in work now."""
        return self._used

    @contextmanager
    def share(self) -> Iterator[Share]:
        """The share of one request, given back at the end."""
        share = Share(self)
        try:
            yield share
        finally:
            self.move(-share.bytes)

    def move(self, by: int, *, alone: bool = False) -> bool:
        """Take or give back bytes; False if there are not enough. One request may exceed the bound when `alone`."""
        with self._lock:
            if by > 0 and self._used + by > self._bound and not alone:
                return False
            self._used += by
            return True


class Share:
    """What one request has taken of the budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.bytes = 0

    def take(self, size: int) -> None:
        """Take more; SpoolFull when others have taken too much."""
        if not self._budget.move(size, alone=self._budget.used == self.bytes):
            raise SpoolFull("Too many bytes are in work; send the request again later.")
        self.bytes += size


@dataclass(frozen=True)
class Receipt:
    """An admitted request on its way to disk, and the body of the answer once it is there."""

    stored: Future[None] | None
    """None: there was nothing to store."""
    response: bytes


class Intake:
    """The way from a body to the spool."""

    def __init__(self, settings: Settings, spool: Spool, counters: Counters) -> None:
        self.keys = KeyRing(settings)
        self.spool = spool
        self.counters = counters
        self.budget = Budget(settings.max_inflight_bytes)
        self.max_body_bytes = settings.max_body_bytes

    def allows(self, authorization: bytes) -> bool:
        """True if the header carries a key that may send, or none is needed. Takes as long for any wrong key."""
        if self.keys.empty:
            return True
        key = self.keys.find(authorization)
        return key is not None and key.role in ("ingest", "admin")

    def take(self, signal: Signal, body: bytes, form: str) -> Receipt:
        """Admit a body and put it on its way. Raises what `admit` and `Spool.append` raise."""
        admitted = (admit_json if form == JSON else admit)(signal, body)
        stored = self.spool.append(signal, admitted.body, admitted.items) if admitted.items else None
        if admitted.rejected:
            self.counters.add("rejected_items", signal.name, "unreadable_json", by=admitted.rejected)
        if admitted.mended:
            self.counters.add("mended_requests", signal.name)
        return Receipt(stored, success(signal, form, admitted.rejected, admitted.reason))

    def refuse(self, error: Exception, transport: str) -> Answer:
        """The answer to an error, counted, and logged if it is not one of ours."""
        if not isinstance(error, SpanledgerError):
            logger.error("A request over %s met an unexpected error.", transport, exc_info=error)
        answer = answer_to(error, self.spool.state().full)
        self.count_refusal(answer, transport)
        return answer

    def count_refusal(self, answer: Answer, transport: str) -> None:
        """Count an answer that did not come from an error."""
        self.counters.add("refused_requests", transport, answer.cause)
