"""What is whole in a segment of which a disk has changed bytes: all but the requests that the changes are in."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import BinaryIO

from collector.segment import HEADER_BYTES, HEADER_PREFIX, Record, Scan

_PIECE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes that are no whole record, from `start` up to `end`."""

    start: int
    end: int
    items: int
    """Of the one request that they were, as its header says; 0 when the header is damaged too."""


@dataclass
class Salvage:
    """A segment from end to end."""

    runs: list[list[Record]] = field(default_factory=list)
    """Whole records; those of a run lie one behind the other."""
    damaged: list[Damage] = field(default_factory=list)

    @property
    def records(self) -> list[Record]:
        """All whole records."""
        return [record for run in self.runs for record in run]


def salvage(file: BinaryIO, number: int, seed: int) -> Salvage:
    """The whole records of segment `number`, and what lies between them.

    Behind a damaged body goes on what its header says; behind a damaged header, the next record that header and body
    prove. Nothing that an older segment left is one: its number is another.
    """
    found, start, size = Salvage(), 0, os.fstat(file.fileno()).st_size
    while start < size:
        scanned = Scan(file, number, seed, start)
        if records := list(scanned):
            found.runs.append(records)
        start = scanned.valid_up_to
        if start < size:
            lost = scanned.announced()
            end = lost.end if lost else _next_whole(file, number, seed, start + 1)
            found.damaged.append(Damage(start, end, lost.items if lost else 0))
            start = end
    return found


def _next_whole(file: BinaryIO, number: int, seed: int, start: int) -> int:
    """Where the first whole record at or behind `start` begins; the end of the file if there is none."""
    size = os.fstat(file.fileno()).st_size
    for begin in range(start, size, _PIECE):
        file.seek(begin)
        piece = file.read(_PIECE + HEADER_BYTES)
        place = piece.find(HEADER_PREFIX)
        while place >= 0:
            if next(iter(Scan(file, number, seed, begin + place)), None):
                return begin + place
            place = piece.find(HEADER_PREFIX, place + 1)
    return size
