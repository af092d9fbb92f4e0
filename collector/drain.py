"""The drain: sealed segments of the spool into the engine, each exactly once, in order, whatever dies meanwhile.

A segment is one insert, named by a deduplication token made from its place in the spool: after a crash the same insert
is sent again and the engine drops what it has. Then the file is renamed `.done`, and the spool removes it.

    engine away or overloaded   the same insert again, with growing pauses
    engine refuses the data     the segment is split until the bad request is alone; that goes to quarantine
    engine dies on the data     after CRASHES deaths on one segment the whole segment goes to quarantine
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from google.protobuf.message import DecodeError

from collector.identity import SPOOL_FOLDER, Identity, read_identity
from collector.insert import insert
from collector.quarantine import Quarantine
from collector.segment import DONE, SEALED, Record, scan, segment_numbers, segment_path
from collector.signals import SIGNALS, Signal
from spanledger.engine import Engine
from spanledger.errors import EngineUnavailable, QueryFailed

logger = logging.getLogger(__name__)

POLL_SECONDS = 0.05
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
CRASHES = 5
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


@dataclass
class _Segment:
    """A sealed segment on its way into the engine."""

    path: Path
    token: str
    records: list[Record] = field(default_factory=list)
    cut: int = 0

    @property
    def items(self) -> int:
        return sum(record.items for record in self.records)

    def read(self, records: Sequence[Record]) -> bytes:
        """The bytes of neighbouring records, a valid request themselves."""
        with self.path.open("rb") as file:
            file.seek(records[0].offset)
            return file.read(records[-1].end - records[0].offset)


class Drain:
    """Drains one signal's spool in a thread of its own."""

    def __init__(self, engine: Engine, data_dir: Path, signal: Signal, clock: Callable[[], float] = time.time) -> None:
        self.name = signal.name
        self.progress = Progress()
        self._engine = engine
        self._data_dir = data_dir
        self._signal = signal
        self._folder = data_dir / SPOOL_FOLDER / signal.name
        self._quarantine = Quarantine(engine, data_dir, clock)
        self._attempt = data_dir / f"drain-{signal.name}.json"
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
            except (EngineUnavailable, OSError) as error:
                if not self.progress.problem:
                    logger.warning("The %s wait in the spool: %s", self._signal.item, error)
                self.progress.problem = str(error)
                self.progress.retries += 1
                self._stop.wait(pause)
                pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    def drain_all(self) -> int:
        """Insert all sealed segments, oldest first, until told to stop; how many. Raises EngineUnavailable."""
        identity = read_identity(self._data_dir)
        numbers = segment_numbers(self._folder, SEALED) if identity else []
        self._note_waiting(numbers)
        for done, number in enumerate(numbers):
            if self._stop.is_set():
                return done
            if identity:
                self._drain(identity, number)
            self._note_waiting(numbers[done + 1 :])
        return len(numbers)

    def _note_waiting(self, numbers: Sequence[int]) -> None:
        self.progress.waiting = len(numbers)
        oldest = segment_path(self._folder, numbers[0], SEALED) if numbers else None
        self.progress.oldest_at = oldest.stat().st_mtime if oldest and oldest.exists() else 0.0

    def _drain(self, identity: Identity, number: int) -> None:
        path = segment_path(self._folder, number, SEALED)
        segment = _Segment(path, f"{identity.id}/{self._signal.name}/{number}")
        with path.open("rb") as file:
            scanned = scan(file, identity.seed_of(self._signal))
            segment.records = list(scanned)
            segment.cut = scanned.cut
        deaths = self._note_attempt(segment.token)
        if deaths >= CRASHES:
            reason = f"The engine died {deaths} times while it inserted this segment."
            self._refuse(segment.token, segment.items, path.read_bytes(), reason)
        elif segment.cut:
            self._drain_damaged(segment)
        else:
            self._insert_whole(segment)
        self._attempt.unlink(missing_ok=True)
        path.rename(segment_path(self._folder, number, DONE))
        self.progress.segments += 1

    def _note_attempt(self, token: str) -> int:
        """How often the process has died on this segment; a file outlives the process, and is removed after."""
        deaths = 0
        if self._attempt.exists():
            last = json.loads(self._attempt.read_bytes() or b"{}")
            deaths = last.get("starts", 0) if last.get("token") == token else 0
        self._attempt.write_text(json.dumps({"token": token, "starts": deaths + 1}))
        return deaths

    def _insert_whole(self, segment: _Segment) -> None:
        try:
            insert(self._engine, self._signal, segment.path, segment.token)
            self.progress.items += segment.items
        except QueryFailed as error:
            self._blame(error)
            self._split(segment, segment.records, str(error))

    def _drain_damaged(self, segment: _Segment) -> None:
        """A disk changed bytes behind our back: keep what follows the last whole record, insert what is before."""
        with segment.path.open("rb") as file:
            file.seek(segment.records[-1].end if segment.records else 0)
            self._refuse(f"{segment.token}/tail", 0, file.read(), "The segment is damaged on disk from here on.")
        if segment.records:
            self._split(segment, segment.records, "")

    def _blame(self, error: QueryFailed) -> None:
        """Return if the data is to blame for `error`; raise EngineUnavailable if nothing at all can be inserted."""
        try:
            insert(self._engine, self._signal, b"", "probe")
        except QueryFailed as failure:
            raise EngineUnavailable(f"The engine takes no {self._signal.item} at all: {failure}", error.code) from error

    def _split(self, segment: _Segment, records: Sequence[Record], reason: str) -> None:
        """Insert `records`, halving where the engine refuses, until the ones that it refuses stand alone."""
        token = f"{segment.token}/{records[0].offset}-{records[-1].end}"
        if records != segment.records or segment.cut:
            try:
                insert(self._engine, self._signal, segment.read(records), token)
                self.progress.items += sum(record.items for record in records)
                return
            except QueryFailed as error:
                reason = str(error)
        if len(records) == 1:
            self._insert_cleaned(segment, records[0], token, reason)
            return
        middle = len(records) // 2
        self._split(segment, records[:middle], reason)
        self._split(segment, records[middle:], reason)

    def _insert_cleaned(self, segment: _Segment, record: Record, token: str, reason: str) -> None:
        """One refused request, without the fields that OTLP does not know; else into quarantine."""
        body = segment.read([record])
        try:
            message = self._signal.request.FromString(body)
            message.DiscardUnknownFields()
            insert(self._engine, self._signal, message.SerializeToString(), f"{token}/clean")
            self.progress.items += record.items
        except (DecodeError, QueryFailed):
            self._refuse(token, record.items, body, reason)

    def _refuse(self, token: str, items: int, body: bytes, reason: str) -> None:
        logger.warning("Quarantined %d %s (%s): %s", items, self._signal.item, token, reason)
        self._quarantine.keep(token, self._signal, items, body, reason)
        self.progress.quarantined += 1


def drains(engine: Engine, data_dir: Path) -> list[Drain]:
    """One drain for each signal."""
    return [Drain(engine, data_dir, signal) for signal in SIGNALS.values()]
