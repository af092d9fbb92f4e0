"""A service for the demo: the one that runs over its directory, or one that is started for it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson
import urllib3

from spanledger.cli import local
from spanledger.errors import EngineUnavailable, QueryFailed
from spanledger.ownership import read_owner
from spanledger.settings import Settings

START_SECONDS = 180.0
STOP_SECONDS = 90.0
SEND_SECONDS = 120.0
BACKFILL_SECONDS = 600.0
TRIES = 8
BUSY = (429, 502, 503, 504)
ENDED = "The service did not come up. What it said stands above."


@dataclass
class DemoService:
    """A running service: where it is, and its process when it is ours."""

    settings: Settings
    otlp: str
    api: str
    process: subprocess.Popen[str] | None = None

    def send(self, body: bytes, signal_name: str = "traces") -> None:
        """One OTLP request, again and again while the receiver is busy."""
        url = f"{self.otlp}/v1/{signal_name}"
        headers = self._headers("application/x-protobuf")
        for attempt in range(TRIES):
            try:
                reply = urllib3.request("POST", url, body=body, headers=headers, timeout=SEND_SECONDS, retries=False)
            except urllib3.exceptions.HTTPError as error:
                raise EngineUnavailable(f"The receiver at {url} does not answer: {error}") from error
            if reply.status not in BUSY:
                break
            time.sleep(float(reply.headers.get("Retry-After") or 0.2 * 2**attempt))
        if reply.status != 200:
            raise QueryFailed(f"The receiver at {url} answered {reply.status}: {reply.data[:300]!r}")

    def query(self, sql: str) -> list[list[Any]]:
        """Rows of a SELECT."""
        return list(self.call("POST", "/query", {"sql": sql, "parameters": {}})["rows"])

    def call(self, method: str, path: str, body: object = None) -> Any:
        """An answer of the API."""
        return local.call(self.settings, method, f"{self.api}/api/v1{path}", body)

    def backfill(self, job: str, since: str, until: str) -> Iterator[Mapping[str, Any]]:
        """The answer of the API line by line: how many windows, then each run."""
        body = orjson.dumps({"from": since, "to": until})
        reply = urllib3.request(
            "POST", f"{self.api}/api/v1/jobs/{job}/backfill", body=body, headers=self._headers("application/json"),
            timeout=BACKFILL_SECONDS, retries=False, preload_content=False,
        )  # fmt: skip
        if reply.status != 200:
            raise QueryFailed(str(orjson.loads(reply.read()).get("detail", reply.status)))
        for line in reply:
            yield orjson.loads(line)

    def stay(self) -> None:
        """Until the service ends, by Ctrl-C for one."""
        if self.process:
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal tells the service as well, which then drains
            self.process.wait()

    def _headers(self, kind: str) -> dict[str, str]:
        keys = self.settings.api_keys
        return {"Content-Type": kind, **({"Authorization": f"Bearer {keys[0].get_secret_value()}"} if keys else {})}


@contextmanager
def running(settings: Settings, environ: Mapping[str, str]) -> Iterator[DemoService]:
    """The service over the data directory of `settings`, or one with this environment, which is stopped at the end."""
    if read_owner(settings.data_dir / "engine.lock") or not settings.embedded:
        host = settings.host.strip("[]")
        yield DemoService(
            settings,
            f"http://{host}:{settings.otlp_http_port}",
            local.address(settings) or f"http://{host}:{settings.http_port}",
        )
        return
    process = subprocess.Popen(
        [sys.executable, "-m", "spanledger", "up"], stdout=subprocess.PIPE, text=True, env=dict(environ)
    )
    try:
        yield _greeted(settings, process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_SECONDS)


def _greeted(settings: Settings, process: subprocess.Popen[str]) -> DemoService:
    """The service, when it has said its addresses."""
    found: dict[str, str] = {}
    end = time.monotonic() + START_SECONDS
    for line in process.stdout or ():
        words: Sequence[str] = line.split()
        if words and words[-1].startswith("http://"):
            found[words[0]] = words[-1]
        if {"pages", "OTLP/HTTP"} <= found.keys():
            return DemoService(settings, found["OTLP/HTTP"], found["pages"], process)
        if time.monotonic() > end:
            break
    raise EngineUnavailable(ENDED)
