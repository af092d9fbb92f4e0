"""What a drain knows of the segment that it is inserting. It lies on disk, so it outlives the process.

<data_dir>/drain-<signal>.json: notes as lines of JSON, there only while a segment is on its way.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any


class Attempt:
    """One segment's way into the engine, over as many lives of the process as it takes."""

    def __init__(self, path: Path, token: str) -> None:
        self.deaths = 0
        """How often the process ended, without a word, while it inserted this segment."""
        self.refused: dict[str, str] = {}
        """Tokens that the engine refused, and why. They are not tried again, even if the engine would take them now:
        parts of them may be stored by now, under tokens of their own."""
        self._path = path
        mine = self._recall(token)
        with suppress(OSError):  # a disk too full for a note must not stop what would free it
            if not mine:
                path.unlink(missing_ok=True)
            self._note(token=token, starts=self.deaths + 1)

    def refuse(self, token: str, reason: str) -> None:
        """The engine refused `token`. This is on disk before parts of it are inserted."""
        self._note(durable=True, refused={token: reason})
        self.refused[token] = reason

    def pause(self) -> None:
        """The process lives on; it will try this segment again."""
        with suppress(OSError):
            self._note(starts=self.deaths)

    def end(self) -> None:
        """The segment is done with."""
        self._path.unlink(missing_ok=True)

    def _recall(self, token: str) -> bool:
        notes = list(_read(self._path))
        mine = bool(notes) and notes[0].get("token") == token
        for note in notes if mine else []:
            self.deaths = note.get("starts", self.deaths)
            self.refused |= note.get("refused", {})
        return mine

    def _note(self, *, durable: bool = False, **note: Any) -> None:
        with self._path.open("a") as file:
            file.write(f"\n{json.dumps(note)}")  # the last note may be torn: begin a line
            if durable:
                file.flush()
                os.fsync(file.fileno())


def _read(path: Path) -> Iterator[dict[str, Any]]:
    """The notes that are whole."""
    lines = path.read_text().splitlines() if path.exists() else []
    for line in lines:
        with suppress(ValueError):
            yield json.loads(line)
