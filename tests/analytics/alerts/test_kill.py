"""kill -9 between any two steps of writing, sending and writing that it was sent."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.analytics.alerts.receivers import receiving


def run(data: Path, port: int, doom: int, level: int) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", "tests.analytics.alerts.doomed", str(data), str(port), str(doom), str(level)]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)


def test_every_page_arrives_once_a_key_and_resolves(tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    with receiving() as quiet:
        done = run(fresh, quiet.port, 0, 1)
        assert done.returncode == 0, done.stderr
        assert quiet.requests == []
        first = tmp_path / "first"
        shutil.copytree(fresh, first)
        said = run(first, quiet.port, 0, 9)
    steps = int(re.findall(r"steps (\d+)", said.stdout)[0])
    assert steps == 6, "before and after: the change, the request, the record of it"
    for doom in range(1, steps + 1):
        with receiving() as receiver:
            data = tmp_path / f"killed-{doom}"
            shutil.copytree(fresh, data)
            assert run(data, receiver.port, doom, 9).returncode == -9
            assert run(data, receiver.port, 0, 9).returncode == 0
            keys = [taken.body["key"] for taken in receiver.accepted]
            assert {key.split(":", 1)[1] for key in keys} == {"1:trigger"}, f"killed at {doom}"
            assert len(set(keys)) == 1
            assert run(data, receiver.port, 0, 1).returncode == 0
            events = [taken.body["event"] for taken in receiver.accepted]
            assert events[-1] == "resolve"
            assert len({taken.headers["Idempotency-Key"] for taken in receiver.accepted}) == 2
            assert len(events) <= 3, "at most one was sent twice"
