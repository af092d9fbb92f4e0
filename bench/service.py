"""The whole service as a benchmark subject: `spanledger up` in a directory of its own, and what its processes use."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import urllib3

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
START_SECONDS = 60.0
DRAIN_SECONDS = 600.0


class ServiceError(Exception):
    """The service did not start, or did not take in what was sent; the message says which."""


@dataclass(frozen=True)
class Usage:
    """CPU seconds and resident bytes of the service's processes."""

    cpu_seconds: float
    resident_bytes: int


@dataclass(frozen=True)
class Service:
    """A running service."""

    supervisor: int
    otlp: str
    """Base URL of OTLP/HTTP."""
    api: str
    data_dir: Path

    def query(self, sql: str, parameters: Mapping[str, str] | None = None) -> list[list[Any]]:
        """Rows of a SELECT through the API."""
        body = {"sql": sql, "parameters": dict(parameters or {})}
        reply = urllib3.request("POST", f"{self.api}/api/v1/query", json=body, timeout=60.0)
        answer = orjson.loads(reply.data)
        if reply.status != 200:
            raise ServiceError(f"{sql}: {answer}")
        return list(answer["rows"])

    def usage(self) -> Usage:
        """Of the supervisor and its children, from /proc."""
        cpu, resident = 0.0, 0
        for pid in (self.supervisor, *_children(self.supervisor)):
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
            cpu += (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
            resident += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
        return Usage(cpu, resident)

    def wait_for_spans(self, count: int) -> None:
        """Until so many spans can be queried."""
        end = time.monotonic() + DRAIN_SECONDS
        while (have := self.query("SELECT count() FROM spans")[0][0]) < count:
            if time.monotonic() > end:
                raise ServiceError(f"{have:,} of {count:,} spans came in.")
            time.sleep(0.2)

    def wait_for_quiet(self) -> None:
        """Until background merges have ended: three seconds in which hardly any CPU is used."""
        quiet, last = 0, self.usage().cpu_seconds
        while quiet < 3:
            time.sleep(1.0)
            now = self.usage().cpu_seconds
            quiet = quiet + 1 if now - last < 0.15 else 0
            last = now

    def disk_bytes(self) -> int:
        """Bytes of the data directory, all included; files that are going away while we look count as gone."""
        listing = subprocess.run(["du", "-sb", str(self.data_dir)], capture_output=True, text=True, check=False)
        return int(listing.stdout.split()[0])


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@contextmanager
def running(environ: Mapping[str, str] | None = None) -> Iterator[Service]:
    """A service on free ports; it is stopped and its data removed at the end."""
    data_dir = Path(tempfile.mkdtemp(prefix="spanledger-bench-"))
    ports = {f"SPANLEDGER_{name}_PORT": "0" for name in ("OTLP_GRPC", "OTLP_HTTP", "HTTP")}
    process = subprocess.Popen(
        [sys.executable, "-m", "spanledger", "up"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ
        | ports
        | {"SPANLEDGER_DATA_DIR": str(data_dir), "SPANLEDGER_LOG_LEVEL": "warning"}
        | dict(environ or {}),
    )
    try:
        otlp, api = _addresses(process)
        yield Service(process.pid, otlp, api, data_dir)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        shutil.rmtree(data_dir, ignore_errors=True)


def _addresses(process: subprocess.Popen[str]) -> tuple[str, str]:
    """The base URLs of OTLP/HTTP and of the API, from the greeting."""
    otlp = api = ""
    end = time.monotonic() + START_SECONDS
    for line in process.stdout or ():
        words = line.split()
        if words[:1] == ["OTLP/HTTP"]:
            otlp = words[-1]
        elif words[:3] == ["pages", "and", "API"]:
            api = words[-1]
        if (otlp and api) or time.monotonic() > end:
            break
    if not (otlp and api):
        raise ServiceError("The service did not start; run `spanledger up` to see why.")
    return otlp, api
