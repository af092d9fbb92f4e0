"""kill -9 between any two steps of writing, sending and writing that it was sent."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.analytics.alerts.receivers import receiving


def run(data: Path, port: int, doom: int, levels: str, rule: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-m", "tests.analytics.alerts.doomed", str(data), str(port), str(doom), levels, rule]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)


def test_every_page_arrives_once_a_key_and_resolves(tmp_path: Path) -> None:
    with receiving() as receiver:
        whole = run(tmp_path, receiver.port, 0, "199", "whole")
        assert len(receiver.requests) == 1, whole.stderr
    [steps] = re.findall(r"steps (\d+)", whole.stdout)
    assert int(steps) == 6, "before and after: the change, the request, the record of it"
    for doom in range(1, int(steps) + 1):
        rule = f"killed-{doom}"
        with receiving() as receiver:
            assert run(tmp_path, receiver.port, doom, "9", rule).returncode == -9
            after = run(tmp_path, receiver.port, 0, "9911", rule)
            assert after.returncode == 0, after.stderr
            pages = [taken for taken in receiver.accepted if taken.body["alert"]["rule"] == rule]
        keys = [page.body["key"].split(":", 1)[1] for page in pages]
        assert list(dict.fromkeys(keys)) == ["1:trigger", "1:resolve"], f"killed at {doom}"
        assert len(keys) <= 3, "at most one was sent twice"
        assert len({page.headers["Idempotency-Key"] for page in pages}) == 2
