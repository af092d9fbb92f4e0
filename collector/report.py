"""What the collect process last wrote of itself into `collect.json`, read by the process that answers for both."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from collector.counters import STATUS_FILE, Counters, SpoolState, render

SILENT_SECONDS = 10.0
"""The file is written every second; older than this, the collect process hangs or is gone."""


@dataclass(frozen=True)
class Report:
    """The collect process at one moment."""

    at: float
    """Unix seconds."""
    counters: Counters
    spool: SpoolState

    def state(self) -> SpoolState:
        """The spool, in the form that `render` asks for."""
        return self.spool

    def problems(self, now: float) -> list[str]:
        """Why spans are not taken or may not be, as sentences."""
        found = []
        if now - self.at > SILENT_SECONDS:
            found.append(f"The receivers have not reported for {now - self.at:.0f} s.")
        if self.spool.problem:
            found.append(self.spool.problem)
        if self.spool.bytes >= self.spool.bound:
            found.append(f"The spool is full ({self.spool.bytes:,} bytes).")
        return found

    def exposition(self) -> str:
        """Prometheus text."""
        return render(self.counters, self).decode()


def read_report(data_dir: Path) -> Report | None:
    """The last report, or None before the first."""
    try:
        body = json.loads((data_dir / STATUS_FILE).read_bytes())
    except FileNotFoundError:
        return None
    counters = Counters()
    counters.restore(body["totals"])
    return Report(body["at"], counters, SpoolState(**body["spool"]))
