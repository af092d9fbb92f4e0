"""Receivers on loopback: they record requests and answer what a test says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Taken:
    """A request."""

    path: str
    headers: dict[str, str]
    raw: bytes
    status: int

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Receiver:
    """What came, and how the next ones are answered; after the last answer 202."""

    port: int = 0
    requests: list[Taken] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], float]] = field(default_factory=list)
    """Status, headers, seconds between the bytes of a body."""

    @property
    def accepted(self) -> list[Taken]:
        return [taken for taken in self.requests if taken.status < 300]


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            status, headers, slow = receiver.answers.pop(0) if receiver.answers else (202, {}, 0.0)
            receiver.requests.append(Taken(self.path, dict(self.headers), raw, status))
            if status == 0:  # hangs until the other side has enough
                time.sleep(slow)
                return
            self.send_response(status)
            for name, value in {"Content-Length": "20", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            for _ in range(20):
                time.sleep(slow)
                try:
                    self.wfile.write(b"x")
                    self.wfile.flush()
                except OSError:
                    return

        def log_message(self, *_: object) -> None: ...

    return Handler


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    receiver = Receiver()
    server = ThreadingHTTPServer(("127.0.0.1", port), _handler(receiver))
    server.daemon_threads = True
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


Wait = Callable[[], bool]


def wait_for(condition: Wait, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.05)
