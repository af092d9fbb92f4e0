"""Who a spool is. The drain names its inserts after it; the digests of its records start from it."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from collector.segment import fsync_folder
from collector.signals import SIGNALS, Signal

SPOOL_FOLDER = "spool"
_FILE = "identity.json"


@dataclass(frozen=True)
class Identity:
    """Who this spool is: made once, part of every deduplication token."""

    id: str
    seed: int
    """Secret start of all digests, so that nobody can make two bodies that collide."""

    def seed_of(self, signal: Signal) -> int:
        """The seed of a signal's digests: the same bytes sent as traces and as logs are two requests."""
        return (self.seed + list(SIGNALS).index(signal.name)) % 2**64


def new_identity() -> Identity:
    """A random one."""
    return Identity(secrets.token_hex(8), secrets.randbits(64))


def read_identity(data_dir: Path) -> Identity | None:
    """The identity of the spool in `data_dir`, or None before its first start."""
    try:
        return Identity(**json.loads((data_dir / SPOOL_FOLDER / _FILE).read_bytes()))
    except FileNotFoundError:
        return None


def write_identity(data_dir: Path, identity: Identity) -> None:
    """Put it on disk, once; the folder must exist."""
    folder = data_dir / SPOOL_FOLDER
    fresh = folder / f"{_FILE}.new"
    with fresh.open("w") as file:
        file.write(json.dumps(asdict(identity)))
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(folder / _FILE)
    fsync_folder(folder)
    fsync_folder(data_dir)
