"""The drain: sealed segments of the spool into the engine, each exactly once, in order, whatever dies meanwhile.

A segment is one insert, named by a deduplication token made from its place in the spool: after a crash the same insert
is sent again and the engine drops what it has. Then the file is renamed `.done`, and the spool removes it. Tokens name
exactly the same bytes each time, so a segment that was split once stays split.

    engine away or overloaded    the same insert again, with growing pauses
    engine refuses the data      the segment is split until the bad request is alone; that goes to quarantine
    engine has no memory for it  after MEALS tries it is split in the same way
    engine dies on the data      after CRASHES deaths on one segment the whole segment goes to quarantine
    a disk changed bytes         the requests that they are in go to quarantine, the others are inserted
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import DecodeError

from collector.attempt import Attempt
from collector.identity import SPOOL_FOLDER, Identity, read_identity
from collector.insert import insert
from collector.quarantine import Quarantine
from collector.salvage import Damage, Salvage, salvage
from collector.segment import DONE, OPEN, SEALED, Record, segment_numbers, segment_path
from collector.signals import SIGNALS, Signal
from spanledger.engine import Engine
from spanledger.errors import EngineUnavailable, QueryFailed, SpanledgerError
from spanledger.right_of_way import RightOfWay

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
OUT_OF_MEMORY = 241
"""ClickHouse's MEMORY_LIMIT_EXCEEDED."""
MEALS = 8
"""So many times in a row, over some 20 seconds, requests may run out of memory before they are split."""
CRASHES = 12
"""So many deaths of the process while it inserted one segment mean that the segment kills it."""


@dataclass
class Progress:
    """What a drain of one signal has done and where it stands."""

    items: int = 0
    segments: int = 0
    quarantined: int = 0
    retries: int = 0
    problem: str = ""
    """Why the last insert has not worked yet, or ''."""
    waiting: int = 0
    """Sealed segments not yet in the engine."""
    oldest_at: float = 0.0
    """Unix seconds at which the oldest of them was sealed; 0 when there is none."""


@dataclass(frozen=True)
class _Segment:
    """A sealed segment on its way into the engine."""

    path: Path
    token: str
    content: Salvage
    attempt: Attempt

    def token_of(self, records: Sequence[Record]) -> str:
        """Names the insert of neighbours: the segment's own token only for all of its bytes."""
        whole = len(records) == len(self.content.records) and not self.content.damaged
        return self.token if whole else f"{self.token}/{records[0].offset}-{records[-1].end}"

    def read(self, start: int, end: int) -> bytes:
        """Bytes of the file; those of neighbours are a valid request themselves."""
        with self.path.open("rb") as file:
            file.seek(start)
            return file.read(end - start)


class Drain:
    """Drains one signal's spool in a thread of its own."""

    def __init__(
        self,
        engine: Engine,
        data_dir: Path,
        signal: Signal,
        clock: Callable[[], float] = time.time,
        way: RightOfWay | None = None,
    ) -> None:
        self.name = signal.name
        self._way = way or RightOfWay()
        self.progress = Progress()
        self._engine = engine
        self._data_dir = data_dir
        self._signal = signal
        self._folder = data_dir / SPOOL_FOLDER / signal.name
        self._quarantine = Quarantine(engine, data_dir, clock)
        self._attempt = data_dir / f"drain-{signal.name}.json"
        self._hungry = ("", 0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._loop, name=f"drain-{signal.name}", daemon=True)

    def start(self) -> None:
        """Begin to drain."""
        self._thread.start()

    def stop(self, *, timeout: float = 30.0) -> None:
        """Finish the insert under way and end."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _loop(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        while not self._stop.is_set():
            try:
                drained = self.drain_all()
                self.progress.problem = ""
                pause = FIRST_PAUSE_SECONDS
                if not drained:
                    self._stop.wait(POLL_SECONDS)
            except (SpanledgerError, OSError) as error:
                if not self.progress.problem:
                    logger.warning("The %s wait in the spool: %s", self._signal.item, error)
                self.progress.problem = str(error)
                self.progress.retries += 1
                self._stop.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def pending(self) -> frozenset[int]:
        """The segments with requests that were acknowledged and are not in the engine."""
        return frozenset(number for state in (OPEN, SEALED) for number in segment_numbers(self._folder, state))

    def drain_all(self) -> int:
        """Insert all sealed segments, oldest first, until told to stop; how many. Raises EngineUnavailable."""
        sealed = segment_numbers(self._folder, SEALED)
        identity = read_identity(self._data_dir) if sealed else None
        numbers = sealed if identity else []
        self._note_waiting(numbers)
        for done, number in enumerate(numbers):
            if self._stop.is_set():
                return done
            if identity:
                with self._way.taken():
                    self._drain(identity, number)
            self._note_waiting(numbers[done + 1 :])
        return len(numbers)

    def _note_waiting(self, numbers: Sequence[int]) -> None:
        self.progress.waiting = len(numbers)
        oldest = segment_path(self._folder, numbers[0], SEALED) if numbers else None
        self.progress.oldest_at = oldest.stat().st_mtime if oldest and oldest.exists() else 0.0

    def _drain(self, identity: Identity, number: int) -> None:
        path = segment_path(self._folder, number, SEALED)
        token = f"{identity.id}/{self._signal.name}/{number}"
        with path.open("rb") as file:
            content = salvage(file, number, identity.seed_of(self._signal))
        segment = _Segment(path, token, content, Attempt(self._attempt, token))
        try:
            self._store(segment)
        except (SpanledgerError, OSError):
            segment.attempt.pause()
            raise
        segment.attempt.end()
        path.rename(segment_path(self._folder, number, DONE))
        self.progress.segments += 1

    def _store(self, segment: _Segment) -> None:
        """Into the engine or into quarantine."""
        deaths = segment.attempt.deaths
        if deaths >= CRASHES:
            items = sum(record.items for record in segment.content.records)
            reason = f"The engine died {deaths} times while it inserted this segment."
            self._refuse(segment.token, items, segment.path.read_bytes(), reason)
            return
        for damage in segment.content.damaged:  # a disk changed bytes behind our back
            self._refuse_damaged(segment, damage)
        for run in segment.content.runs:
            self._insert(segment, run)

    def _refuse_damaged(self, segment: _Segment, damage: Damage) -> None:
        token = f"{segment.token}/damaged-{damage.start}-{damage.end}"
        body = segment.read(damage.start, damage.end)
        self._refuse(token, damage.items, body, "The segment is damaged on disk here: these bytes are not what came.")

    def _insert(self, segment: _Segment, records: Sequence[Record]) -> None:
        """Insert neighbours, halving where the engine refuses, until the requests that it refuses stand alone."""
        token = segment.token_of(records)
        if self._takes(segment, records, token):
            self.progress.items += sum(record.items for record in records)
        elif len(records) == 1:
            self._insert_cleaned(segment, records[0], token)
        else:
            middle = len(records) // 2
            self._insert(segment, records[:middle])
            self._insert(segment, records[middle:])

    def _takes(self, segment: _Segment, records: Sequence[Record], token: str) -> bool:
        """Insert; False if the engine refuses, now or in an earlier life."""
        if token in segment.attempt.refused:
            return False
        whole = token == segment.token
        try:
            body = segment.path if whole else segment.read(records[0].offset, records[-1].end)
            insert(self._engine, self._signal, body, token)
        except QueryFailed as error:
            self._blame(error)
            segment.attempt.refuse(token, str(error))
            return False
        except EngineUnavailable as error:
            if error.code != OUT_OF_MEMORY or not self._starves(token):
                raise
            segment.attempt.refuse(token, str(error))
            return False
        return True

    def _starves(self, token: str) -> bool:
        """True when these requests ran out of memory so often that the engine's other work can't be the reason."""
        last, times = self._hungry
        self._hungry = (token, times + 1 if last == token else 1)
        return self._hungry[1] >= MEALS

    def _blame(self, error: QueryFailed) -> None:
        """Return if the data is to blame for `error`; raise EngineUnavailable if nothing at all can be inserted."""
        try:
            insert(self._engine, self._signal, b"", "probe")
        except QueryFailed as failure:
            raise EngineUnavailable(f"The engine takes no {self._signal.item} at all: {failure}", error.code) from error

    def _insert_cleaned(self, segment: _Segment, record: Record, token: str) -> None:
        """One refused request, without the fields that OTLP does not know; else into quarantine."""
        body = segment.read(record.offset, record.end)
        try:
            message = self._signal.request.FromString(body)
            message.DiscardUnknownFields()
            header = body[: record.header_size]  # it says when the request came
            insert(self._engine, self._signal, header + message.SerializeToString(), f"{token}/clean")
            self.progress.items += record.items
        except (DecodeError, QueryFailed, EngineUnavailable) as error:
            if isinstance(error, EngineUnavailable) and error.code != OUT_OF_MEMORY:
                raise
            self._refuse(token, record.items, body, segment.attempt.refused[token])

    def _refuse(self, token: str, items: int, body: bytes, reason: str) -> None:
        logger.warning("Quarantined %d %s (%s): %s", items, self._signal.item, token, reason)
        self._quarantine.keep(token, self._signal, items, body, reason)
        self.progress.quarantined += 1


def drains(engine: Engine, data_dir: Path, way: RightOfWay) -> list[Drain]:
    """One drain for each signal; what gives way to inserts asks `way`."""
    return [Drain(engine, data_dir, signal, way=way) for signal in SIGNALS.values()]
