"""Mapping a pasted span for the pages: by `spanledger explain-mapping` in a process of its own, for an embedded engine
is one to a process, and what strangers paste does not come near the data."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import orjson

from spanledger.errors import BadRequest, EngineUnavailable

SECONDS = 60
"""An engine with all its views is there in some four seconds on a quiet machine."""


class ExplainApart:
    """Explains one request at a time: each takes an engine's memory."""

    def __init__(self) -> None:
        self._busy = threading.Lock()

    def __call__(self, body: bytes) -> list[dict[str, Any]]:
        """The spans of an OTLP request, explained; EngineUnavailable while another is under way."""
        if not self._busy.acquire(blocking=False):
            raise EngineUnavailable("Another span is being mapped; try again in some seconds.")
        try:
            return self._explained(body)
        finally:
            self._busy.release()

    def _explained(self, body: bytes) -> list[dict[str, Any]]:
        with tempfile.NamedTemporaryFile(prefix="spanledger-paste-", suffix=".json") as file:
            Path(file.name).write_bytes(body)
            command = [sys.executable, "-m", "spanledger", "explain-mapping", "--json", file.name]
            try:
                done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603  (our own program)
            except subprocess.TimeoutExpired as error:
                raise EngineUnavailable(f"Mapping it took longer than {SECONDS} s; try again.") from error
            if done.returncode:
                said = done.stderr.decode(errors="replace").strip().splitlines()
                sentence = said[-1].replace(file.name, "What was pasted") if said else "no reason was given"
                raise BadRequest(f"It can't be mapped: {sentence.removeprefix('spanledger: ')}")
            found: list[dict[str, Any]] = orjson.loads(done.stdout)
            return found
