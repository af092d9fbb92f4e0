"""kill -9 between any two steps of writing, sending and writing that it was sent."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.analytics.alerts.receivers import receiving


def run(data: Path, port: int, doom: int, levels: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", "tests.analytics.alerts.doomed", str(data), str(port), str(doom), levels]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)


def test_every_page_arrives_once_a_key_and_resolves(tmp_path: Path) -> None:
    fresh, whole = tmp_path / "fresh", tmp_path / "whole"
    with receiving() as receiver:
        done = run(fresh, receiver.port, 0, "1")
        assert done.returncode == 0, done.stderr
        assert receiver.requests == []
        shutil.copytree(fresh, whole)
        said = run(whole, receiver.port, 0, "99")
        assert len(receiver.requests) == 1, said.stderr
    [steps] = re.findall(r"steps (\d+)", said.stdout)
    assert int(steps) == 6, "before and after: the change, the request, the record of it"
    for doom in range(1, int(steps) + 1):
        data = tmp_path / f"killed-{doom}"
        shutil.copytree(fresh, data)
        with receiving() as receiver:
            assert run(data, receiver.port, doom, "9").returncode == -9
            assert run(data, receiver.port, 0, "9911").returncode == 0
            keys = [taken.body["key"].split(":", 1)[1] for taken in receiver.accepted]
            assert list(dict.fromkeys(keys)) == ["1:trigger", "1:resolve"], f"killed at {doom}"
            assert len(keys) <= 3, "at most one was sent twice"
            assert len({taken.headers["Idempotency-Key"] for taken in receiver.accepted}) == 2
