"""The same bytes sent again within the window are stored once, across restarts and crashes.

A client that missed the answer sends its request again. Which requests are known follows from two things on disk: the
headers of all segments in the spool, and `recent.log` with the digests of segments that have left it. A segment is
removed only after its digests are in the log, so at any instant a digest is in at least one of them.
"""

from __future__ import annotations

import os
import struct
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Literal

from collector.segment import fsync_folder

MAX_ENTRIES = 1_000_000
"""Digests kept in memory, about 130 bytes each; beyond it the oldest leave first. 1,100 requests a second fill it in a
window of 15 minutes."""
_SLICES = 8
"""Digests are kept in this many sets by age, so that the oldest leave without a search."""
_SECOND = 1_000_000_000

Known = Literal["stored"]


class ResendIndex:
    """Which bodies are stored or on their way to disk. Not thread-safe: the spool calls it under its lock."""

    def __init__(self, window_seconds: int, max_entries: int = MAX_ENTRIES) -> None:
        self._window = window_seconds
        self._per_slice = max(1, max_entries // _SLICES)
        self._slices: deque[dict[bytes, int]] = deque([{}], maxlen=_SLICES)
        self._slice_started = 0
        self._pending: dict[bytes, Future[None]] = {}

    def __len__(self) -> int:
        return len(self._pending) + sum(map(len, self._slices))

    def check(self, digest: bytes, now_ns: int) -> Future[None] | Known | None:
        """None if the body is new; the future of the first one if that is in work; 'stored' if it is on disk."""
        pending = self._pending.get(digest)
        if pending is not None:
            return pending
        oldest = now_ns // _SECOND - self._window
        return "stored" if any(known.get(digest, 0) > oldest for known in self._slices) else None

    def begin(self, digest: bytes, future: Future[None]) -> None:
        """This body is on its way to disk."""
        if self._window:
            self._pending[digest] = future

    def stored(self, digest: bytes, accepted_ns: int) -> None:
        """This body is on disk."""
        self._pending.pop(digest, None)
        second = accepted_ns // _SECOND
        if not self._window:
            return
        newest = self._slices[-1]
        if len(newest) >= self._per_slice or second - self._slice_started > self._window / (_SLICES - 1):
            newest = {}
            self._slices.append(newest)
            self._slice_started = second
        newest[digest] = second

    def forget(self, digest: bytes) -> None:
        """This body did not get to disk."""
        self._pending.pop(digest, None)


class RecentLog:
    """Digests of segments that were removed, as 24-byte entries: digest and Unix seconds.

    Its space is reserved ahead as zeros, so that segments can be removed, and give back theirs, when the disk is full.
    """

    _ENTRY = struct.Struct("<16sQ")
    _NOTHING = bytes(_ENTRY.size)
    _AHEAD = 256 * 1024 // _ENTRY.size * _ENTRY.size
    _COMPACT_BYTES = 4 * 1024 * 1024
    """The log is written anew, without what left the window, when it has grown by this much."""

    def __init__(self, path: Path, window_seconds: int) -> None:
        self._path = path
        self._window = window_seconds
        self._end = 0
        self._compact_at = 0

    def open(self, now_ns: int) -> list[tuple[bytes, int]]:
        """Compact the log and return (digest, Unix ns) of what is inside the window."""
        entries = list(self._entries())
        self._end = len(entries) * self._ENTRY.size
        fresh = [entry for entry in entries if self._fresh(entry[1], now_ns)]
        with suppress(OSError):  # no room for a second file: go on with the first
            self._write_anew(fresh)
        return fresh

    def append(self, entries: Iterable[tuple[bytes, int]], now_ns: int) -> None:
        """Add (digest, Unix ns) entries that are inside the window, and put them on disk."""
        data = b"".join(self._pack(entry) for entry in entries if self._fresh(entry[1], now_ns))
        if not data:
            return
        if self._end + len(data) > self._compact_at:
            with suppress(OSError):  # no room for a second file: go on with the first
                self._write_anew([entry for entry in self._entries() if self._fresh(entry[1], now_ns)])
        with self._path.open("r+b") as file:
            file.seek(self._end)
            file.write(data)
            file.flush()
            os.fdatasync(file.fileno())
            self._end += len(data)
            self._reserve(file.fileno(), self._end)

    def _reserve(self, descriptor: int, end: int) -> None:
        if os.fstat(descriptor).st_size < end + self._AHEAD // 2:
            with suppress(OSError):  # a disk that is full now may have room at the next append
                os.posix_fallocate(descriptor, end, self._AHEAD)

    def _write_anew(self, entries: list[tuple[bytes, int]]) -> None:
        fresh = self._path.with_suffix(".new")
        end = len(entries) * self._ENTRY.size
        with fresh.open("wb") as file:
            file.write(b"".join(map(self._pack, entries)))
            file.flush()
            self._reserve(file.fileno(), end)
            os.fsync(file.fileno())
        fresh.replace(self._path)
        fsync_folder(self._path.parent)
        self._end, self._compact_at = end, end + self._COMPACT_BYTES

    def _entries(self) -> Iterator[tuple[bytes, int]]:
        data = self._path.read_bytes() if self._path.exists() else b""
        whole = memoryview(data)[: len(data) // self._ENTRY.size * self._ENTRY.size]
        for digest, second in self._ENTRY.iter_unpack(whole):
            if not second:  # the reserve begins
                return
            yield digest, second * _SECOND

    def _pack(self, entry: tuple[bytes, int]) -> bytes:
        return self._ENTRY.pack(entry[0], entry[1] // _SECOND)

    def _fresh(self, accepted_ns: int, now_ns: int) -> bool:
        return accepted_ns > now_ns - (self._window + 1) * _SECOND  # seconds are cut off, so one more
