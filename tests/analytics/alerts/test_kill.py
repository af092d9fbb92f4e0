"""kill -9 between any two steps of writing, sending and writing that it was sent."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests import tables
from tests.analytics.alerts.receivers import receiving


def run(data: Path, port: int, *lives: tuple[int, str, str]) -> subprocess.CompletedProcess[str]:
    """A process that lives through the levels of each rule; a life with a step ends at it."""
    told = [str(each) for life in lives for each in life]
    arguments = [sys.executable, "-m", "tests.analytics.alerts.doomed", str(data), str(port), *told]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=120, check=False)


def test_every_page_arrives_once_a_key_and_resolves(tmp_path: Path) -> None:
    """The process that ends one alert is the one that is killed in the next: starting one takes two seconds."""
    tables.copy(tmp_path)
    with receiving() as receiver:
        died = run(tmp_path, receiver.port, (0, "199", "whole"), (1, "9", "killed-1"))
        assert [taken.body["alert"]["rule"] for taken in receiver.requests] == ["whole"], died.stderr
        [steps] = map(int, re.findall(r"steps (\d+)", died.stdout))
        assert steps == 6, "before and after: the change, the request, the record of it"
        for doom in range(1, steps + 1):
            assert died.returncode == -9, died.stderr
            following = [(doom + 1, "9", f"killed-{doom + 1}")] if doom < steps else []
            died = run(tmp_path, receiver.port, (0, "9911", f"killed-{doom}"), *following)
            pages = [taken for taken in receiver.accepted if taken.body["alert"]["rule"] == f"killed-{doom}"]
            keys = [page.body["key"].split(":", 1)[1] for page in pages]
            assert list(dict.fromkeys(keys)) == ["1:trigger", "1:resolve"], f"killed at {doom}"
            assert len(keys) <= 3, "at most one was sent twice"
            assert len({page.headers["Idempotency-Key"] for page in pages}) == 2
        assert died.returncode == 0, died.stderr
