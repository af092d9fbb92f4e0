"""The spool: accepted requests on disk, in the order they came, until the engine holds their rows.

A request is acknowledged when its future resolves, and that happens after the fsync of its segment. One thread writes:
it takes all requests that wait, so many of them share one fsync. Another follows what the drain is done with.

    <data_dir>/spool/<signal>/000000000042.open   being written
                              000000000041.seg    sealed: the drain (another process) inserts it, then renames it
                              000000000040.done   its rows are in the engine: removed when its digests are in recent.log
    <data_dir>/spool/identity.json, recent.log, torn/

Segment numbers are never used twice: the newest `.done` stays, emptied, until there is a newer one.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from collector.counters import Counters, SpoolState
from collector.identity import SPOOL_FOLDER, Identity, new_identity, read_identity, write_identity
from collector.lane import Entry, Lane, Waiting
from collector.resend import RecentLog, ResendIndex
from collector.segment import (
    DONE,
    HEADER_BYTES,
    OPEN,
    SEALED,
    digest_of,
    fsync_folder,
    recover,
    scan,
    segment_numbers,
    segment_path,
)
from collector.signals import SIGNALS, Signal
from spanledger.errors import SpoolFull, SpoolUnwritable, TooLarge
from spanledger.ownership import Ownership
from spanledger.settings import Settings

logger = logging.getLogger(__name__)

PROBE_SECONDS = 1.0
"""How often a spool that can't be written tries whether it can again."""
TIDY_SECONDS = 0.1
TIDY_AT_ONCE = 64
"""Of each signal, so many of the oldest sealed segments are looked at in one round."""
_PROBE = bytes(64 * 1024)
_SECOND = 1_000_000_000

_WHAT_TO_DO = {
    errno.ENOSPC: "free space on its disk",
    errno.EDQUOT: "free space in its quota",
    errno.EROFS: "mount its disk writable",
    errno.EACCES: "give this user the right to write there",
    errno.EIO: "check its disk",
}


class Spool:
    """Takes bodies and makes them durable. Raises DataDirectoryBusy when another process has the spool."""

    def __init__(
        self,
        settings: Settings,
        clock: Callable[[], int] = time.time_ns,
        counters: Counters | None = None,
        make_identity: Callable[[], Identity] = new_identity,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._counters = counters or Counters()
        self._root = settings.data_dir / SPOOL_FOLDER
        self._lock = threading.Lock()
        self._work = threading.Condition(self._lock)
        self._closing = False
        self._stopped = threading.Event()
        self._problem = ""
        self._bytes = 0
        self._queued = 0
        self._resends = ResendIndex(settings.resend_window_seconds)
        self._recent = RecentLog(self._root / "recent.log", settings.resend_window_seconds)
        with self._mapped():
            self._ownership = Ownership.take(settings.data_dir / "spool.lock", "collect")
        try:
            with self._mapped():
                self._open(make_identity)
        except SpoolUnwritable:
            self._ownership.release()
            raise
        self._writer = threading.Thread(target=self._write_loop, name="spool-writer", daemon=True)
        self._tidier = threading.Thread(target=self._tidy_loop, name="spool-tidier", daemon=True)
        self._writer.start()
        self._tidier.start()

    @contextmanager
    def _mapped(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise SpoolUnwritable(_sentence(self._root, error)) from error

    # Start: take up what the last process left

    def _open(self, make_identity: Callable[[], Identity]) -> None:
        self._root.mkdir(parents=True, exist_ok=True)
        known = read_identity(self._settings.data_dir)
        self.identity = known or make_identity()
        if not known:
            write_identity(self._settings.data_dir, self.identity)
        now = self._clock()
        for digest, accepted_at in self._recent.open(now):
            self._resends.stored(digest, accepted_at)
        self._lanes = {name: self._open_lane(signal, now) for name, signal in SIGNALS.items()}
        fsync_folder(self._root)
        for lane in self._lanes.values():  # last, as what is cut off needs room
            self._recover(lane, now)

    def _open_lane(self, signal: Signal, now: int) -> Lane:
        folder = self._root / signal.name
        folder.mkdir(exist_ok=True)
        lane = Lane(signal, folder, self.identity.seed_of(signal))
        done = segment_numbers(folder, DONE)
        numbers = done + segment_numbers(folder, SEALED) + segment_numbers(folder, OPEN)
        lane.next_number = max(numbers, default=0) + 1
        for number in segment_numbers(folder, SEALED):
            self._take_up(lane, number, now)
        for number in done:
            self._remember(segment_path(folder, number, DONE), now)
            self._remove(lane, number)
        return lane

    def _recover(self, lane: Lane, now: int) -> None:
        """Seal what was being written, without an end that is not whole."""
        name = lane.signal.name
        for number in segment_numbers(lane.folder, OPEN):
            torn = self._root / "torn" / f"{name}-{number:012d}.bin"
            records, cut = recover(lane.folder, number, lane.seed, torn)
            if records:
                self._take_up(lane, number, now)
            if cut:
                logger.warning("Cut %d bytes that were not whole off segment %s/%d; see %s.", cut, name, number, torn)
                self._counters.add("torn_segments", name)
                self._counters.add("torn_bytes", name, by=cut)

    def _take_up(self, lane: Lane, number: int, now: int) -> None:
        path = segment_path(lane.folder, number, SEALED)
        try:
            size = path.stat().st_size
            self._remember(path, now)
        except FileNotFoundError:  # the drain was faster
            path = segment_path(lane.folder, number, DONE)
            size = path.stat().st_size
            self._remember(path, now)
        lane.sealed.append(Waiting(number, size))
        self._bytes += size

    def _remember(self, path: Path, now: int) -> None:
        if path.stat().st_mtime_ns < now - (self._settings.resend_window_seconds + 60) * _SECOND:
            return  # all its requests are older
        with path.open("rb") as file:
            for record in scan(file, int(path.stem), None):
                self._resends.stored(record.digest, record.accepted_at)

    # Callers

    def append(self, signal: Signal, body: bytes, items: int) -> Future[None]:
        """Store a body; the future resolves when it is on disk, or raises SpoolUnwritable.

        Raises SpoolFull at once when there is no room, TooLarge when there never will be.
        """
        lane = self._lanes[signal.name]
        digest = digest_of(body, lane.seed)
        now = self._clock()
        with self._lock:
            if self._closing:
                raise SpoolUnwritable("The collector is stopping; send the request again.")
            known = self._resends.check(digest, now)
            if known is not None:
                self._counters.add("resent_requests", signal.name)
                return _stored() if known == "stored" else known
            entry = Entry(body, digest, now, items, _future())
            self._check_room(entry.size)
            self._resends.begin(digest, entry.future)
            self._queued += entry.size
            lane.queue.append(entry)
            self._work.notify()
        return entry.future

    def _check_room(self, size: int) -> None:
        bound = self._settings.spool_max_bytes
        if size > bound:
            raise TooLarge(bound - HEADER_BYTES)
        if self._bytes + self._queued + size > bound:
            raise SpoolFull(
                f"The spool holds {self._bytes + self._queued:,} of {bound:,} bytes that the engine has not taken yet; "
                "send the request again later, or raise SPANLEDGER_SPOOL_MAX_BYTES."
            )
        if self._queued and self._queued + size > self._settings.max_inflight_bytes:
            raise SpoolFull(f"{self._queued:,} bytes wait for the disk; send the request again later.")

    def state(self) -> SpoolState:
        """How the spool is now."""
        with self._lock:
            segments = {name: len(lane.sealed) for name, lane in self._lanes.items()}
            return SpoolState(self._problem, self._bytes + self._queued, self._settings.spool_max_bytes, segments)

    @property
    def healthy(self) -> bool:
        """False while the disk refuses; `state().problem` says why."""
        return not self._problem

    def close(self) -> None:
        """Write what waits, seal all segments, give the spool free. A second call does nothing."""
        with self._lock:
            self._closing = True
            self._work.notify()
        self._writer.join()
        self._stopped.set()
        self._tidier.join()
        self._ownership.release()

    # The writer thread

    def _write_loop(self) -> None:
        while True:
            with self._lock:
                self._work.wait_for(self._has_work, timeout=self._next_due())
                closing = self._closing
                batches = [(lane, lane.queue) for lane in self._lanes.values() if lane.queue]
                for lane, _ in batches:
                    lane.queue = []
            for lane, entries in batches:
                self._store(lane, entries)
            self._seal_due(everything=closing)
            if self._problem and not batches:
                self._probe()
            if closing:
                return  # nothing was queued after `_closing` was set

    def _has_work(self) -> bool:
        return self._closing or any(lane.queue for lane in self._lanes.values())

    def _next_due(self) -> float | None:
        """Seconds until a segment must be sealed or the disk probed."""
        if self._problem:
            return PROBE_SECONDS
        waits = [lane.due_in(self._settings.seal_after_seconds) for lane in self._lanes.values() if lane.segment]
        return max(0.0, min(waits)) if waits else None

    def _store(self, lane: Lane, entries: list[Entry]) -> None:
        """Put entries on disk, segment by segment, and resolve their futures."""
        start = 0
        try:
            if lane.broken:
                self._seal(lane)
            while start < len(entries):
                count = lane.fitting(entries, start, self._settings.segment_bytes)
                if count:
                    began = time.perf_counter()
                    lane.write(entries[start : start + count])
                    self._counters.observe_commit(time.perf_counter() - began)
                    self._acknowledge(lane, entries[start : start + count])
                    start += count
                if not count or (lane.segment and lane.segment.length >= self._settings.segment_bytes):
                    self._seal(lane)
        except OSError as error:
            self._refuse(lane, entries[start:], error)

    def _acknowledge(self, lane: Lane, entries: list[Entry]) -> None:
        size = sum(entry.size for entry in entries)
        with self._lock:
            self._queued -= size
            self._bytes += size
            self._problem = ""
            for entry in entries:
                self._resends.stored(entry.digest, entry.accepted_at)
        self._counters.add("accepted_requests", lane.signal.name, by=len(entries))
        self._counters.add("accepted_items", lane.signal.name, by=sum(entry.items for entry in entries))
        self._counters.add("accepted_bytes", lane.signal.name, by=size - HEADER_BYTES * len(entries))
        for entry in entries:
            entry.future.set_result(None)

    def _refuse(self, lane: Lane, entries: list[Entry], error: OSError) -> None:
        self._report(error)
        with self._lock:
            self._queued -= sum(entry.size for entry in entries)
            for entry in entries:
                self._resends.forget(entry.digest)
        try:
            lane.drop_spares()
            if lane.broken:
                self._seal(lane)  # gives back the room of what was written in part
        except OSError as second:
            self._report(second)
        for entry in entries:
            entry.future.set_exception(SpoolUnwritable(self._problem))

    def _report(self, error: OSError) -> None:
        if not self._problem:
            logger.error("The spool can't be written: %s", error)
        self._problem = _sentence(self._root, error)

    def _seal(self, lane: Lane) -> None:
        sealed = lane.seal()
        if sealed:
            with self._lock:
                lane.sealed.append(sealed)

    def _seal_due(self, *, everything: bool) -> None:
        for lane in self._lanes.values():
            if lane.segment and (everything or lane.due_in(self._settings.seal_after_seconds) <= 0):
                try:
                    self._seal(lane)
                except OSError as error:
                    self._report(error)

    def _probe(self) -> None:
        """Find out whether the disk takes writes again, and clear up behind its last failure."""
        probe = self._root / "probe"
        try:
            for lane in self._lanes.values():
                if lane.broken:
                    self._seal(lane)
            with probe.open("wb") as file:
                file.write(_PROBE)
                file.flush()
                os.fsync(file.fileno())
            probe.unlink()
        except OSError as error:
            self._report(error)
            return
        self._problem = ""
        logger.warning("The spool can be written again.")

    # The tidier thread

    def _tidy_loop(self) -> None:
        while not self._stopped.wait(TIDY_SECONDS):
            for lane in self._lanes.values():
                try:
                    self._tidy(lane)
                    lane.age_spares()
                except OSError as error:
                    logger.warning("A segment of %s that is in the engine can't go: %s", lane.signal.name, error)

    def _tidy(self, lane: Lane) -> None:
        with self._lock:
            oldest = [lane.sealed[index] for index in range(min(TIDY_AT_ONCE, len(lane.sealed)))]
        for waiting in oldest:
            number = waiting.number
            if segment_path(lane.folder, number, SEALED).exists():
                continue
            if segment_path(lane.folder, number, DONE).exists():
                self._remove(lane, number)
            else:
                logger.error("Segment %s/%d was removed before it was in the engine.", lane.signal.name, number)
                self._counters.add("lost_segments", lane.signal.name)
            with self._lock:
                lane.sealed.remove(waiting)
                self._bytes -= waiting.size

    def _remove(self, lane: Lane, number: int) -> None:
        """Remove a segment whose rows are in the engine, after its digests are safe elsewhere."""
        path = segment_path(lane.folder, number, DONE)
        with path.open("rb") as file:
            digests = [(record.digest, record.accepted_at) for record in scan(file, number, None)]
        self._recent.append(digests, self._clock())
        if number + 1 == lane.next_number:
            os.truncate(path, 0)  # keeps its number taken
        else:
            lane.discard(path, number)
        for older in segment_numbers(lane.folder, DONE):
            marker = segment_path(lane.folder, older, DONE)
            if older < number and not marker.stat().st_size:
                marker.unlink()


def _future() -> Future[None]:
    future: Future[None] = Future()
    future.set_running_or_notify_cancel()  # nobody who stops waiting can cancel it for others
    return future


def _stored() -> Future[None]:
    future = _future()
    future.set_result(None)
    return future


def _sentence(folder: Path, error: OSError) -> str:
    """What the system said, and what to do."""
    cure = _WHAT_TO_DO.get(error.errno or 0, "check its disk")
    return f"The spool {folder} can't be written: {error.strerror or error}; {cure}, it then goes on by itself."
