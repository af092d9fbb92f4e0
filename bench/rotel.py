"""What the Rust collector rotel spends on a span, beside which our own ingest is measured: `python -m bench.rotel`.

Rotel takes OTLP/HTTP and writes for ClickHouse, all at its defaults (batches of 8192 spans, RowBinary in LZ4); in place
of ClickHouse stands a process that reads and forgets. Its CPU and the client's are not counted. So the number is
re-encoding alone: rotel keeps nothing on disk before it acknowledges, and parsing, sorting and storing the rows, which
ClickHouse would do, come on top.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import BufferedIOBase
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import NamedTuple

from bench import load, workload

SPANS = 204_800
ROUNDS = 3
HOST = "127.0.0.1"
START_TIMEOUT_S = 10.0
EXPORT_TIMEOUT_S = 60.0
QUIET_S = 1.0  # five times rotel's batch timeout: nothing more is coming
LEAST_BYTES_PER_SPAN = 100  # spans19 comes out at 132 in LZ4; less means that rotel dropped spans


class RotelError(Exception):
    """Rotel is not there, does not start, or does not export what it took; the message says which."""


def measure(bodies: Sequence[bytes], spans: int) -> float:
    """Microseconds of CPU, user and system, that rotel spends on a span from OTLP/HTTP in to ClickHouse's HTTP out."""
    with _sink() as sink, _rotel(sink.port) as rotel:
        before_s = rotel.cpu_s()
        load.run(rotel.endpoint, bodies, spans)
        exported = _wait_for_quiet(sink)
        after_s = rotel.cpu_s()
    if exported < LEAST_BYTES_PER_SPAN * spans:
        raise RotelError(f"Rotel took {spans:,} spans and exported only {exported:,} bytes: some were dropped.")
    return 1e6 * (after_s - before_s) / spans


def binary() -> Path:
    """The program inside the PyPI package `rotel`."""
    package = importlib.util.find_spec("rotel")
    program = Path(package.origin).with_name("rotel-agent") if package and package.origin else None
    if program is None or not program.exists():
        raise RotelError("Rotel is not installed; `pip install rotel==0.0.1a15` brings it (extra `bench`).")
    return program


class _Sink(NamedTuple):
    """The port that stands for ClickHouse's, and a count of the body bytes it got, shared with its process."""

    port: int
    received: Synchronized[int]


class _Rotel(NamedTuple):
    """A running rotel: its process and the base address of its OTLP/HTTP receiver."""

    process: subprocess.Popen[bytes]
    endpoint: str

    def cpu_s(self) -> float:
        """Seconds of CPU of all its threads so far, to 10 ms."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")  # utime, stime


@contextmanager
def _sink() -> Iterator[_Sink]:
    """A process that answers 200 to every request on a port of its own."""
    context = multiprocessing.get_context("spawn")
    received = context.Value("Q", 0)
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_serve_sink, args=(theirs, received), daemon=True)
    process.start()
    try:
        if not ours.poll(START_TIMEOUT_S):
            raise RotelError(f"The sink that stands for ClickHouse did not start within {START_TIMEOUT_S:.0f} s.")
        yield _Sink(ours.recv(), received)
    finally:
        process.terminate()
        process.join()


def _serve_sink(ready: Connection, received: Synchronized[int]) -> None:
    """Counts and forgets request bodies until it is terminated; tells its port once it listens."""

    class Handler(StreamRequestHandler):
        def handle(self) -> None:
            while headers := _read_headers(self.rfile):
                size = _skip_body(self.rfile, headers)
                with received.get_lock():
                    received.value += size
                self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with ThreadingTCPServer((HOST, 0), Handler) as server:
        server.daemon_threads = True
        ready.send(server.server_address[1])
        server.serve_forever()


def _read_headers(stream: BufferedIOBase) -> bytes:
    """The head of a request in lower case; empty at the end of the connection."""
    head = b""
    while (line := stream.readline()) not in (b"", b"\r\n"):
        head += line
    return head.lower()


def _skip_body(stream: BufferedIOBase, headers: bytes) -> int:
    """Reads a body, chunked or of known length, and returns its size in bytes."""
    if b"transfer-encoding: chunked" not in headers:
        length = re.search(rb"content-length: *(\d+)", headers)
        return len(stream.read(int(length[1]))) if length else 0
    total = 0
    while size := int(stream.readline(), 16):
        total += len(stream.read(size + 2)) - 2
    stream.readline()
    return total


@contextmanager
def _rotel(clickhouse_port: int) -> Iterator[_Rotel]:
    """Rotel on two free ports, exporting traces to the given port; ended, and its log forgotten, afterwards."""
    grpc_port, http_port = _free_port(), _free_port()
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log")
        command = [
            str(binary()),
            "start",
            f"--otlp-grpc-endpoint={HOST}:{grpc_port}",
            f"--otlp-http-endpoint={HOST}:{http_port}",
            "--exporter=clickhouse",
            f"--clickhouse-exporter-endpoint=http://{HOST}:{clickhouse_port}",
            f"--pid-file={folder}/pid",
            f"--log-file={folder}/daemon-log",
        ]
        with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
            try:
                _wait_until_listening(process, http_port, log)
                yield _Rotel(process, f"http://{HOST}:{http_port}")
            finally:
                process.kill()


def _free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server((HOST, 0)) as server:
        port: int = server.getsockname()[1]
        return port


def _wait_until_listening(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    """Returns when rotel takes connections."""
    deadline_s = time.perf_counter() + START_TIMEOUT_S
    while time.perf_counter() < deadline_s and process.poll() is None:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.05)
    last = log.read_text(encoding="utf-8", errors="replace")[-500:].strip()
    raise RotelError(f"Rotel did not start within {START_TIMEOUT_S:.0f} s; its last words: {last or 'none'}.")


def _wait_for_quiet(sink: _Sink) -> int:
    """The bytes in the sink, when there have been some and no more came for a while."""
    deadline_s = time.perf_counter() + EXPORT_TIMEOUT_S
    seen, since_s = 0, time.perf_counter()
    while not seen or time.perf_counter() - since_s < QUIET_S:
        if time.perf_counter() > deadline_s:
            raise RotelError(f"Rotel was still exporting, or had exported nothing, after {EXPORT_TIMEOUT_S:.0f} s.")
        time.sleep(0.05)
        if sink.received.value != seen:
            seen, since_s = sink.received.value, time.perf_counter()
    return seen


def main() -> None:
    """Measures the default workload several times and prints one line."""
    hour_ns = 3600 * 10**9
    try:
        binary()
        bodies = list(workload.requests("spans19", SPANS, seed=1, start_ns=time.time_ns() - hour_ns, window_ns=hour_ns))
        costs_us = sorted(measure(bodies, SPANS) for _ in range(ROUNDS))
    except (RotelError, load.LoadError) as error:
        sys.exit(str(error))
    print(
        f"rotel: {costs_us[ROUNDS // 2]:.1f} µs of CPU a span of kind spans19 "
        f"(median of {ROUNDS} runs, {costs_us[0]:.1f} to {costs_us[-1]:.1f}; {SPANS:,} spans each)"
    )


if __name__ == "__main__":
    main()
