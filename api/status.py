"""What the process tells about itself; the engine process implements it."""

from __future__ import annotations

from typing import Protocol


class Status(Protocol):
    """Asked by `/readyz` and `/metrics`. Both calls are quick and thread-safe."""

    def ready(self) -> list[str]:
        """Reasons why the service can't do its work now, as sentences; empty: it can."""

    def metrics(self) -> str:
        """All metrics in Prometheus' text format."""
