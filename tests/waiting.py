"""Waiting for what comes by itself."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(condition: Callable[[], bool], seconds: float = 60.0, what: str = "it") -> None:
    """Wait for it. The limit is only for what never comes: a busy machine may take ten times as long as an idle one."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what} did not come to pass within {seconds} s"
        time.sleep(0.02)
