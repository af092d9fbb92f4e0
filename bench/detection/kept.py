"""Judgements on disk, so that a run of many scenarios that was stopped goes on where it was."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench.detection.judgement import Judgement

ROOT = Path(__file__).parents[2]
JUDGED = ("analytics", "collector", "schema", "spanledger", "bench/detection")
"""What a judgement follows from: with other code it is another one."""


class Kept:
    """Judgements in a file of our own (it is a pickle: read none of somebody else's), by seed and by the code."""

    def __init__(self, path: Path, code: str) -> None:
        self._path = path
        self._code = code

    def of(self, seeds: Sequence[int]) -> list[Judgement]:
        """Those of these seeds that this code has made before."""
        return [found for code, found in self._all() if code == self._code and found.seed in seeds]

    def add(self, judgement: Judgement) -> None:
        """Write one behind the others."""
        with self._path.open("ab") as file:
            pickle.dump((self._code, judgement), file)

    def _all(self) -> Iterator[tuple[str, Judgement]]:
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            while True:
                try:
                    yield pickle.load(file)
                except (EOFError, pickle.UnpicklingError):  # the end, or the half one of a run that was killed
                    return


def fingerprint(root: Path = ROOT) -> str:
    """Of all files that a judgement follows from."""
    digest = hashlib.sha256()
    for folder in JUDGED:
        for path in sorted((root / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
