"""One process owns a directory: a lock file that says who."""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from spanledger.errors import DataDirectoryBusy

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Owner:
    """Who holds a lock, as written in its file."""

    pid: int
    role: str
    since: float
    """Unix seconds."""
    address: str = ""
    """Base URL of the owner's HTTP API, once it listens."""


class Ownership:
    """A held lock. The kernel frees it when the process ends, however it ends."""

    def __init__(self, path: Path, file: IO[str], owner: Owner) -> None:
        self._path = path
        self._file = file
        self._owner = owner

    @classmethod
    def take(cls, path: Path, role: str) -> Ownership:
        """Lock `path`, or raise DataDirectoryBusy with a sentence that says who holds it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            holder = read_owner(path)
            who = f"`spanledger {holder.role}` (process {holder.pid})" if holder else "another process"
            raise DataDirectoryBusy(
                f"The data directory {path.parent} is in use by {who}. "
                "Stop it, or set SPANLEDGER_DATA_DIR to another directory."
            ) from None
        ownership = cls(path, file, Owner(os.getpid(), role, time.time()))
        ownership._write()
        return ownership

    def announce(self, address: str) -> None:
        """Tell others at which base URL the owner answers."""
        self._owner = Owner(self._owner.pid, self._owner.role, self._owner.since, address)
        self._write()

    def _write(self) -> None:
        """Say who we are. A full disk must not keep the one from starting that would free it: the lock holds anyway."""
        try:
            self._file.seek(0)
            self._file.truncate()
            self._file.write(json.dumps(asdict(self._owner)))
            self._file.flush()
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            logger.warning("The disk is full: %s can't say who holds it.", self._path)

    def release(self) -> None:
        """Give the lock free; a second call does nothing."""
        if not self._file.closed:
            self._file.seek(0)
            self._file.truncate()
            self._file.close()


def read_owner(path: Path) -> Owner | None:
    """Who holds `path` right now, or None when nobody does."""
    try:
        with path.open("r") as file:
            text = file.read()
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return Owner(**json.loads(text)) if text else Owner(0, "unknown", 0)
            return None
    except (FileNotFoundError, json.JSONDecodeError, TypeError):
        return None
