"""One signal's part of the spool: what waits to be written, the open segment, the sealed ones."""

from __future__ import annotations

import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from collector.segment import HEADER_BYTES, SPARE, Place, SegmentWriter, pack_header, segment_numbers, segment_path
from collector.signals import Signal

SEALED_AHEAD = 2
"""Segments that are sealed by age while the drain is busy: the one that it inserts, and its next."""
BUSY_SECONDS = 0.1
SPARES = 2
SPARE_SECONDS = 30.0
"""A spare holds what its segment held; it goes when nothing has been written for this long."""
AGED_EVERY = 10
"""Of so many calls of `age_spares`, which come ten times a second, one lists the folder."""


class Waiting(NamedTuple):
    """A sealed segment that the engine has not taken yet."""

    number: int
    size: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A request that waits to be written."""

    body: bytes
    digest: bytes
    accepted_at: int
    items: int
    future: Future[None]

    @property
    def size(self) -> int:
        """Bytes in the segment."""
        return HEADER_BYTES + len(self.body)

    def header(self, segment: SegmentWriter) -> bytes:
        """What goes before the body in that segment."""
        place = Place(segment.number, segment.recycled)
        return pack_header(len(self.body), self.items, self.accepted_at, self.digest, place)


class Lane:
    """One signal's folder. `queue` and `sealed` are under the spool's lock, the rest is the writer thread's."""

    def __init__(self, signal: Signal, folder: Path, seed: int) -> None:
        self.signal = signal
        self.folder = folder
        self.seed = seed
        self.queue: list[Entry] = []
        self.segment: SegmentWriter | None = None
        self.opened_at = 0.0
        self.broken = False
        """What is on disk behind the segment's durable length is unknown; nothing is accepted until it is cut off."""
        self.next_number = 1
        self.sealed: deque[Waiting] = deque()
        self._aged = 0

    def write(self, entries: list[Entry]) -> None:
        """Write and fsync; an OSError leaves the lane broken."""
        self.broken = True
        if self.segment is None:
            number, self.next_number = self.next_number, self.next_number + 1
            self.segment = SegmentWriter(self.folder, number)
            self.opened_at = time.monotonic()
        segment = self.segment
        segment.append([part for entry in entries for part in (entry.header(segment), entry.body)])
        self.broken = False

    def due_in(self, seal_after: float) -> float:
        """Seconds until the open segment is to be sealed for its age.

        While the drain has enough to do it stays open: larger inserts cost less a span. It is looked at again soon.
        """
        wait = self.opened_at + seal_after - time.monotonic()
        return max(wait, BUSY_SECONDS) if len(self.sealed) >= SEALED_AHEAD else wait

    def seal(self) -> Waiting | None:
        """Hand what is durable to the drain; an OSError leaves the lane broken, and it may be tried again."""
        segment = self.segment
        if segment and self.broken:
            segment.cut()
        self.broken = True
        sealed = segment is not None and segment.seal()
        self.segment = None
        self.broken = False
        return Waiting(segment.number, segment.durable) if segment and sealed else None

    def fitting(self, entries: list[Entry], start: int, bound: int) -> int:
        """How many entries go into the open segment; a body larger than a segment gets one of its own."""
        length = self.segment.length if self.segment else 0
        for index in range(start, len(entries)):
            length += entries[index].size
            if length > bound:
                return index - start if index > start or self.segment else 1
        return len(entries) - start

    def discard(self, path: Path, number: int) -> None:
        """The file of a drained segment waits for a new one, or goes."""
        if len(segment_numbers(self.folder, SPARE)) < SPARES:
            path.rename(segment_path(self.folder, number, SPARE))
        else:
            path.unlink()

    def age_spares(self) -> None:
        """Remove spare files that nothing has needed for long; the tidier calls it in each of its rounds."""
        self._aged += 1
        if not self._aged % AGED_EVERY:
            self.drop_spares(SPARE_SECONDS)

    def drop_spares(self, older_than: float = 0.0) -> None:
        """Remove spare files that were last written so many seconds ago."""
        for number in segment_numbers(self.folder, SPARE):
            path = segment_path(self.folder, number, SPARE)
            with suppress(FileNotFoundError):  # the writer was faster
                if time.time() - path.stat().st_mtime >= older_than:
                    path.unlink()
