"""`spanledger` as its users run it: in processes of its own, on free ports of loopback, over a directory of its own."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stderr, redirect_stdout, suppress
from io import StringIO
from pathlib import Path
from typing import Any, Self
from unittest import mock

import pytest
import urllib3
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from spanledger.cli import main
from tests import tables

START_SECONDS = 40.0
STOP_SECONDS = 60.0
PORTS = ("OTLP_GRPC_PORT", "OTLP_HTTP_PORT", "HTTP_PORT")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now, for a service that must find them again after a restart.

    They are below those that the system gives to clients: a client of ours could sit on the port while the service is
    down, or even connect to itself there.
    """
    found: list[int] = []
    while len(found) < count:
        port = random.randrange(16_000, 32_000)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.append(port)
    return found


def spans_body(service: str, names: list[str], *, text: str = "", **attributes: str) -> bytes:
    """A trace request; the name of a span gives it its ids."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    spans = resource.scope_spans.add().spans
    start = time.time_ns()
    for name in names:
        span = spans.add(name=name, start_time_unix_nano=start, end_time_unix_nano=start + 1000)
        span.trace_id, span.span_id = os.urandom(16), os.urandom(8)
        for key, value in {**attributes, **({"text": text} if text else {})}.items():
            span.attributes.add(key=key).value.string_value = value
    return bytes(request.SerializeToString())


class Program:
    """One `spanledger` command that runs until it is told to stop; its standard output is read as it comes."""

    def __init__(self, arguments: list[str], environment: Mapping[str, str], log: Path, module: str) -> None:
        self._log = log
        self._lines: list[str] = []
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
            )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        with self.process.stdout:
            for line in self.process.stdout:
                self._lines.append(line)

    @property
    def output(self) -> str:
        return "".join(self._lines)

    def expect(self, pattern: str, seconds: float = START_SECONDS) -> re.Match[str]:
        """The first match in what it has said; an end before it is a failure."""
        end = time.monotonic() + seconds
        while True:
            ended = self.process.poll() is not None
            if match := re.search(pattern, self.output):
                return match
            if ended or time.monotonic() > end:
                state = f"ended with {self.process.returncode}" if ended else "runs"
                raise AssertionError(f"{pattern!r} was not said ({state}):\n{self.output}\n{self._log.read_text()}")
            time.sleep(0.02)

    def end(self, number: signal.Signals = signal.SIGTERM, seconds: float = STOP_SECONDS) -> int:
        """Send a signal and wait; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(seconds)
        self._reader.join(seconds)
        return code


class Service:
    """One data directory, the processes over it and a client."""

    module = "spanledger"
    """What `python -m` starts."""

    def __init__(self, folder: Path, **settings: object) -> None:
        given = {"DATA_DIR": folder / "data", "SEAL_AFTER_SECONDS": 0.2, **dict.fromkeys(PORTS, 0), **settings}
        self.data_dir = Path(str(given["DATA_DIR"]))
        self.log = folder / "stderr.log"
        self.log.touch()
        self.http_url = self.otlp_url = self.grpc_address = ""
        self._http = urllib3.PoolManager(retries=False, timeout=30.0, headers={"Connection": "close"})
        self._programs: list[Program] = []
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("SPANLEDGER_")}
        self.environment |= {f"SPANLEDGER_{name}": str(value) for name, value in given.items()}

    @classmethod
    def on_fixed_ports(cls, folder: Path, **settings: object) -> Self:
        """One that is found where it was after a restart."""
        return cls(folder, **{**dict(zip(PORTS, free_ports(len(PORTS)), strict=True)), **settings})

    def with_tables(self) -> Self:
        """Its data directory begins with the tables that the first start would make."""
        tables.copy(self.data_dir)
        return self

    # Processes

    def start(self, *arguments: str) -> Program:
        """Start a command and return at once."""
        self._programs.append(Program(list(arguments), self.environment, self.log, self.module))
        return self._programs[-1]

    def up(self) -> Program:
        """Everything; returns when it has greeted."""
        program = self.start("up")
        program.expect("OTEL_EXPORTER_OTLP_ENDPOINT=")
        self.http_url = program.expect(r"pages and API\s+(http\S+)")[1]
        self.otlp_url = program.expect(r"OTLP/HTTP\s+(http\S+)")[1]
        self.grpc_address = program.expect(r"OTLP/gRPC\s+(\S+)")[1]
        return program

    def collect(self) -> Program:
        """Only the receivers."""
        program = self.start("collect")
        said = program.expect(r"OTLP/gRPC (\S+) OTLP/HTTP (\S+)")
        self.grpc_address, self.otlp_url = said[1], f"http://{said[2]}"
        return program

    def serve(self) -> Program:
        """Only the engine's side."""
        program = self.start("serve")
        self.http_url = program.expect(r"API and pages (\S+)")[1]
        return program

    def run(self, *arguments: str, seconds: float = 60.0, **settings: object) -> subprocess.CompletedProcess[str]:
        """A command that ends by itself."""
        environment = self.environment | {f"SPANLEDGER_{name}": str(value) for name, value in settings.items()}
        return subprocess.run(
            [sys.executable, "-m", self.module, *arguments],
            env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds, check=False,
        )  # fmt: skip

    def run_here(self, *arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
        """A command that asks a running service, in this process: to start one takes a second."""
        environment = self.environment | {f"SPANLEDGER_{name}": str(value) for name, value in settings.items()}
        out, errors, code = StringIO(), StringIO(), 0
        with (
            mock.patch.dict(os.environ, environment, clear=True),
            mock.patch.object(sys, "argv", ["spanledger", *arguments]),
            mock.patch.object(sys, "stdin", StringIO()),
            redirect_stdout(out),
            redirect_stderr(errors),
        ):
            try:
                main()
            except SystemExit as ended:
                code = int(ended.code or 0)
        return subprocess.CompletedProcess(list(arguments), code, out.getvalue(), errors.getvalue())

    def pids(self, role: str = "") -> list[int]:
        """Processes of this data directory, whoever started them; `role` is their last argument."""
        mark = f"SPANLEDGER_DATA_DIR={self.data_dir}".encode()
        found = []
        for folder in Path("/proc").iterdir():
            with suppress(OSError):  # it has ended meanwhile
                if folder.name.isdigit() and mark in (folder / "environ").read_bytes().split(b"\0"):
                    command = (folder / "cmdline").read_bytes().rstrip(b"\0").split(b"\0")
                    if not role or command[-1] == role.encode():
                        found.append(int(folder.name))
        return found

    def close(self) -> None:
        """End all that still runs."""
        for pid in self.pids():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for program in self._programs:
            program.end(signal.SIGKILL)
        self._http.clear()

    # Client

    def send(self, body: bytes, signal_name: str = "traces") -> urllib3.BaseHTTPResponse:
        """One OTLP request."""
        headers = {"Content-Type": "application/x-protobuf", "Connection": "close"}
        return self._http.request("POST", f"{self.otlp_url}/v1/{signal_name}", body=body, headers=headers)

    def get(self, url: str) -> urllib3.BaseHTTPResponse:
        return self._http.request("GET", url)

    def answers(self) -> bool:
        """True when both sides are ready."""
        with suppress(urllib3.exceptions.HTTPError):
            return {self.get(f"{url}/readyz").status for url in (self.http_url, self.otlp_url)} == {200}
        return False

    def query(self, sql: str, **parameters: object) -> dict[str, Any]:
        """The answer of the query API."""
        body = json.dumps({"sql": sql, "parameters": parameters})
        headers = {"Content-Type": "application/json", "Connection": "close"}
        reply = self._http.request("POST", f"{self.http_url}/api/v1/query", body=body, headers=headers)
        assert reply.status == 200, reply.data
        return dict(json.loads(reply.data))

    def rows(self, sql: str, **parameters: object) -> list[list[Any]]:
        return list(self.query(sql, **parameters)["rows"])

    def records(self, sql: str, **parameters: object) -> list[dict[str, Any]]:
        answer = self.query(sql, **parameters)
        names = [column["name"] for column in answer["columns"]]
        return [dict(zip(names, row, strict=True)) for row in answer["rows"]]

    def count(self, service: str, table: str = "spans") -> int:
        """Rows of a service name."""
        [[count]] = self.rows(f"SELECT count() FROM {table} WHERE service = {{service:String}}", service=service)
        return int(count)

    def waiting(self) -> list[Path]:
        """Segments that are not in the engine yet."""
        return [path for path in (self.data_dir / "spool").glob("*/*") if path.suffix in (".open", ".seg")]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A running service, shared by the tests of a module; it seals as it does for users."""
    service = Service(tmp_path_factory.mktemp("service"), SEAL_AFTER_SECONDS=1).with_tables()
    try:
        service.up()
        yield service
    finally:
        service.close()


@pytest.fixture
def new_service(tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Makes a service that does not run yet, at ports that stay the same; its tables are there unless it is `new`."""
    made: list[Service] = []

    def make(*, new: bool = False, **settings: object) -> Service:
        made.append(Service.on_fixed_ports(tmp_path, **settings))
        return made[-1] if new else made[-1].with_tables()

    yield make
    for service in made:
        service.close()
