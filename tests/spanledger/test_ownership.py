"""One process owns a directory; others are told who."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from spanledger.errors import DataDirectoryBusy
from spanledger.ownership import Ownership, read_owner

HOLD = """
import sys, time
from pathlib import Path
from spanledger.ownership import Ownership
held = Ownership.take(Path(sys.argv[1]), "up")
print("held", flush=True)
time.sleep(60)
"""


def test_the_second_is_told_who_holds_it(tmp_path: Path) -> None:
    lock = tmp_path / "engine.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DataDirectoryBusy) as error:
            Ownership.take(lock, "query")
        assert f"in use by `spanledger up` (process {holder.pid})" in str(error.value)
        assert "SPANLEDGER_DATA_DIR" in str(error.value)
    finally:
        holder.kill()
        holder.communicate()
    Ownership.take(lock, "query").release()  # the kernel freed it


def test_the_owner_can_be_read_while_it_lives(tmp_path: Path) -> None:
    lock = tmp_path / "engine.lock"
    assert read_owner(lock) is None
    held = Ownership.take(lock, "serve")
    held.announce("http://127.0.0.1:1")
    owner = read_owner(lock)
    assert owner is not None
    assert (owner.role, owner.address) == ("serve", "http://127.0.0.1:1")
    held.release()
    held.release()
    assert read_owner(lock) is None
