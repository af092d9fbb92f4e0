"""A file of the spool: OTLP bodies one behind the other, each after a header that proves it.

A segment is itself a valid OTLP request: bodies of repeated fields concatenate, and the header is a field (number 1000)
that OTLP does not know and every decoder skips. So a segment is inserted as it lies on disk.

    header   C2 3E 26 · version u8 · flags u8 · length u32 · accepted u64 (Unix ns) · items u32 · digest 16 · check u32
    body     `length` bytes

All numbers are little-endian. The digest is xxh3_128 of the body with the seed of spool and signal; the check is the
low half of xxh3_64 over the header's fields before it, with the segment's number as its seed.

A drained segment's file may become a new segment's: pages that the kernel has at hand are overwritten much
faster than new ones are made. What an older segment left in it has another number in its checks, and so is no record.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import xxhash

VERSION = 2
RECYCLED = 1
"""Flag of a record whose segment lies in the file of an older one."""
OPEN, SEALED, DONE, SPARE = ".open", ".seg", ".done", ".spare"
"""Being written · complete, for the drain · its rows are in the engine, may go · gone, its file waits for another."""

_TAG = b"\xc2\x3e"
_FIELDS = struct.Struct("<BBIQI16s")
_CHECK = struct.Struct("<I")
HEADER_PREFIX = _TAG + bytes([_FIELDS.size + _CHECK.size])
"""A header begins with it."""
HEADER_BYTES = len(HEADER_PREFIX) + _FIELDS.size + _CHECK.size
_HASH_STEP = 1024 * 1024
"""A body is checked in pieces of this size: the memory of a scan does not grow with the body."""
_MOST_BUFFERS = 1024
"""IOV_MAX of Linux."""


@dataclass(frozen=True, slots=True)
class Record:
    """One accepted request in a segment."""

    offset: int
    header_size: int
    body_offset: int
    length: int
    items: int
    accepted_at: int
    """Unix nanoseconds."""
    digest: bytes
    recycled: bool
    """Behind the last record of this segment lies what an older one left."""

    @property
    def end(self) -> int:
        """The offset behind the body."""
        return self.body_offset + self.length


def digest_of(body: bytes, seed: int) -> bytes:
    """The identity of a body; `seed` is `Identity.seed_of(signal)`."""
    return xxhash.xxh3_128_digest(body, seed)


class Place(NamedTuple):
    """The segment that a record lies in, and whether its file was an older one's."""

    number: int = 0
    recycled: bool = False


NOWHERE = Place()
"""Of records that never were in a spool."""


def pack_header(length: int, items: int, accepted_at: int, digest: bytes, place: Place = NOWHERE) -> bytes:
    """The bytes that go before a body."""
    fields = _FIELDS.pack(VERSION, RECYCLED * place.recycled, length, accepted_at, items, digest)
    return HEADER_PREFIX + fields + _CHECK.pack(_check(fields, place.number))


def _check(fields: bytes, number: int) -> int:
    return int(xxhash.xxh3_64_intdigest(fields, number)) & 0xFFFF_FFFF


class Scan:
    """Iterates over the whole records of a segment; ends at the first that is torn or corrupt, and never raises for
    what the bytes say. After it, `valid_up_to` is where the whole records end and `cut` how many bytes follow.

    Without a seed bodies are not read, only their headers. `start` is where the first record is looked for.
    """

    def __init__(self, file: BinaryIO, number: int, seed: int | None, start: int = 0) -> None:
        self._file = file
        self._number = number
        self._seed = seed
        self._size = os.fstat(file.fileno()).st_size
        self._start = self.valid_up_to = start

    @property
    def cut(self) -> int:
        """Bytes behind the last whole record."""
        return self._size - self.valid_up_to

    def __iter__(self) -> Iterator[Record]:
        self.valid_up_to = self._start
        while record := self._next():
            self.valid_up_to = record.end
            yield record

    def _next(self) -> Record | None:
        record = self.announced()
        return record if record and (self._seed is None or self._proves(record, self._seed)) else None

    def announced(self) -> Record | None:
        """What the header behind the whole records says, if the header is whole and the file long enough."""
        offset = self.valid_up_to
        self._file.seek(offset)
        record = _unpack(self._file.read(HEADER_BYTES), offset, self._number)
        return record if record and record.end <= self._size else None

    def _proves(self, record: Record, seed: int) -> bool:
        state = xxhash.xxh3_128(seed=seed)
        left = record.length
        while left > 0:
            piece = self._file.read(min(left, _HASH_STEP))
            if not piece:
                return False
            state.update(piece)
            left -= len(piece)
        return bool(state.digest() == record.digest)


def scan(file: BinaryIO, number: int, seed: int | None) -> Scan:
    """The records of segment `number`; see Scan."""
    return Scan(file, number, seed)


def _unpack(header: bytes, offset: int, number: int) -> Record | None:
    if len(header) < HEADER_BYTES or not header.startswith(HEADER_PREFIX):
        return None
    fields = header[len(HEADER_PREFIX) : -_CHECK.size]
    version, flags, length, accepted_at, items, digest = _FIELDS.unpack(fields)
    if version != VERSION or _CHECK.unpack(header[-_CHECK.size :])[0] != _check(fields, number):
        return None
    recycled = bool(flags & RECYCLED)
    return Record(offset, HEADER_BYTES, offset + HEADER_BYTES, length, items, accepted_at, digest, recycled)


def segment_path(folder: Path, number: int, state: str) -> Path:
    """Where segment `number` of a signal's folder lies in that state."""
    return folder / f"{number:012d}{state}"


def segment_numbers(folder: Path, state: str) -> list[int]:
    """The numbers of the segments in that state, lowest first; drains ask twenty times a second."""
    try:
        names = [path.name for path in folder.iterdir()]
    except FileNotFoundError:
        return []
    stems = (name.removesuffix(state) for name in names if name.endswith(state))
    return sorted(int(stem) for stem in stems if stem.isdigit())


def fsync_folder(folder: Path) -> None:
    """Make names that were made, changed or removed in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class SegmentWriter:
    """A new segment being written, in the file of an older one if there is a spare. File and name are on disk before
    the constructor returns."""

    def __init__(self, folder: Path, number: int) -> None:
        self.number = number
        self.recycled = False
        self.length = 0
        self.durable = 0
        """Bytes that survive a power cut."""
        self._folder = folder
        self._path = segment_path(folder, number, OPEN)
        spare = self._take_spare()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._descriptor = os.open(self._path, flags, 0o640) if spare is None else spare
        try:
            fsync_folder(folder)
        except OSError:
            os.close(self._descriptor)
            self._path.unlink(missing_ok=True)
            raise

    def _take_spare(self) -> int | None:
        for spare in self._folder.glob(f"*{SPARE}"):
            with suppress(FileNotFoundError):  # the tidier was faster
                descriptor = os.open(spare, os.O_WRONLY | os.O_CLOEXEC)
                try:
                    os.pwrite(descriptor, bytes(HEADER_BYTES), 0)  # until there is a record it holds nothing
                    spare.rename(self._path)
                except OSError:
                    os.close(descriptor)
                    raise
                self.recycled = True
                return descriptor
        return None

    def append(self, buffers: Sequence[bytes]) -> None:
        """Write the buffers and put them on disk. After an OSError the segment must be `cut`."""
        for start in range(0, len(buffers), _MOST_BUFFERS):
            self._write(buffers[start : start + _MOST_BUFFERS])
        os.fdatasync(self._descriptor)
        self.durable = self.length

    def _write(self, buffers: Sequence[bytes]) -> None:
        left = [memoryview(buffer) for buffer in buffers]
        while left:
            written = os.writev(self._descriptor, left)
            self.length += written
            while left and written >= len(left[0]):
                written -= len(left.pop(0))
            if left:
                left[0] = left[0][written:]

    def cut(self) -> None:
        """Take back what did not become durable. It may reach the disk unless this succeeds."""
        os.ftruncate(self._descriptor, self.durable)
        os.lseek(self._descriptor, self.durable, os.SEEK_SET)
        os.fdatasync(self._descriptor)
        self.length = self.durable

    def seal(self) -> bool:
        """Hand the segment to the drain, or remove it if it is empty. True if it was handed over.

        After an OSError it may be tried again.
        """
        if not self.durable:
            self._path.unlink(missing_ok=True)
        elif self._path.exists():
            if self.recycled:  # what the older segment left must be gone before the drain sees the file
                os.ftruncate(self._descriptor, self.durable)
                os.fdatasync(self._descriptor)
            self._path.rename(segment_path(self._folder, self.number, SEALED))
        fsync_folder(self._folder)
        os.close(self._descriptor)
        return self.durable > 0


def recover(folder: Path, number: int, seed: int, torn: Path) -> tuple[list[Record], int]:
    """Seal a segment that was left open, without the bytes behind its last whole record; those go to the file `torn`.

    Returns its records and the number of bytes cut.
    """
    path = segment_path(folder, number, OPEN)
    with path.open("r+b") as file:
        scanned = scan(file, number, seed)
        records = list(scanned)
        start = scanned.valid_up_to
        cut = _torn_bytes(file, number, records, scanned)
        if cut:
            _copy(file, start, cut, torn)
        if scanned.cut:
            file.truncate(start)
            os.fsync(file.fileno())
    if records:
        path.rename(segment_path(folder, number, SEALED))
    else:
        path.unlink()
    fsync_folder(folder)
    return records, cut


def _torn_bytes(file: BinaryIO, number: int, records: Sequence[Record], scanned: Scan) -> int:
    """How many bytes behind the whole records are of a request that was being written."""
    start = scanned.valid_up_to
    file.seek(start)
    header = file.read(HEADER_BYTES)
    torn = _unpack(header, start, number)
    first = records[0] if records else torn
    if first and first.recycled:
        return min(torn.end - start, scanned.cut) if torn else 0
    return 0 if header == bytes(HEADER_BYTES) and not records else scanned.cut


def _copy(file: BinaryIO, start: int, length: int, torn: Path) -> None:
    torn.parent.mkdir(exist_ok=True)
    file.seek(start)
    with torn.open("ab") as kept:
        while length and (piece := file.read(min(length, _HASH_STEP))):
            kept.write(piece)
            length -= len(piece)
        kept.flush()
        os.fsync(kept.fileno())
    fsync_folder(torn.parent)
