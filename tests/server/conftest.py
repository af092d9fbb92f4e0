"""A ClickHouse for these tests (see front.py), and the roles of spanledger as processes that use it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import urllib3

from spanledger.settings import Settings

FRONT = Path(__file__).with_name("front.py")
USER, PASSWORD = "spanledger", "p@ss:w/rd?100%#"
SECRETS = (PASSWORD, quote(PASSWORD, safe=""), "w/rd", "w%2Frd", "cEBzczp3")
"""The password as written, as in a URL, parts of both, and a part of its base64."""


class ClickHouse:
    """The front as a process that can be stopped and started on the same data and port."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self.port = 0
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        if self._process:
            return
        arguments = ["--data", str(self._data), "--port", str(self.port), "--user", USER, "--password", PASSWORD]
        command = [sys.executable, str(FRONT), *arguments]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=self._data.parent)
        assert self._process.stdout
        self.port = int(self._process.stdout.readline())

    def stop(self) -> None:
        """The hard way: kill -9, whatever it is doing."""
        if self._process:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def url(self, database: str, password: str = PASSWORD) -> str:
        return f"http://{USER}:{quote(password, safe='')}@127.0.0.1:{self.port}/{database}"

    def fault(self, *faults: dict[str, Any]) -> None:
        """From now on these faults and no others; see `front.Fault`."""
        urllib3.request("POST", f"http://127.0.0.1:{self.port}/_front/fault", json=list(faults))

    def requests(self) -> list[dict[str, Any]]:
        """The last requests, with their URLs and the beginnings of their statements."""
        answer = urllib3.request("GET", f"http://127.0.0.1:{self.port}/_front/requests")
        return list(json.loads(answer.data))


@pytest.fixture(scope="session")
def the_clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClickHouse]:
    server = ClickHouse(tmp_path_factory.mktemp("clickhouse") / "data")
    yield server
    server.stop()


@pytest.fixture
def clickhouse(the_clickhouse: ClickHouse) -> ClickHouse:
    """Running, and without faults."""
    the_clickhouse.start()
    the_clickhouse.fault()
    return the_clickhouse


@pytest.fixture
def database() -> str:
    """The name of a database that is not there yet."""
    return f"spans-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def server_settings(clickhouse: ClickHouse, database: str, tmp_path: Path) -> Settings:
    """Settings of server mode, with limits that a test can meet quickly."""
    return Settings.model_validate(
        {
            "data_dir": tmp_path / "data",
            "clickhouse_url": clickhouse.url(database),
            "query_max_seconds": 1,
            "query_max_memory_bytes": 64 << 20,
            "query_max_rows": 1000,
        }
    )


class Role:
    """One `spanledger collect` or `spanledger serve`."""

    def __init__(self, name: str, folder: Path, environment: dict[str, str]) -> None:
        self.log = folder / f"{name}.log"
        with self.log.open("a") as log:
            command = [sys.executable, "-m", "spanledger", name]
            self._process = subprocess.Popen(
                command, env=environment, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True
            )

    def ready(self) -> str:
        """The line that it prints when it is ready; its last word is an address."""
        assert self._process.stdout
        return self._process.stdout.readline().strip()

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
        return self._process.returncode


class Roles:
    """`collect` and `serve` over one data directory and one database."""

    def __init__(self, clickhouse: ClickHouse, database: str, folder: Path) -> None:
        self.folder = folder
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("SPANLEDGER_")},
            "PYTHONWARNINGS": "error",
            "SPANLEDGER_DATA_DIR": str(folder / "data"),
            "SPANLEDGER_CLICKHOUSE_URL": clickhouse.url(database),
            "SPANLEDGER_OTLP_GRPC_PORT": "0",
            "SPANLEDGER_OTLP_HTTP_PORT": "0",
            "SPANLEDGER_HTTP_PORT": "0",
            "SPANLEDGER_SEAL_AFTER_SECONDS": "0.2",
            "SPANLEDGER_LOG_LEVEL": "debug",
        }
        self._running: list[Role] = []
        self.otlp = ""
        self.api = ""

    def start(self) -> None:
        collect, serve = self.begin("collect"), self.begin("serve")
        self.otlp = f"http://{collect.ready().split()[-1]}"
        self.api = serve.ready().split()[-1]

    def begin(self, name: str) -> Role:
        environment = dict(self.environment)
        if name == "collect":  # as in docker-compose.yml: the receivers know no server
            del environment["SPANLEDGER_CLICKHOUSE_URL"]
        role = Role(name, self.folder, environment)
        self._running.append(role)
        return role

    def stop(self) -> list[int]:
        """Exit codes, in the order in which they were started."""
        codes = [role.stop() for role in self._running]
        self._running.clear()
        return codes

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "spanledger", *arguments]
        return subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, timeout=30, check=False
        )

    def send(self, body: bytes) -> int:
        """The status that an OTLP/HTTP client gets for a request with traces."""
        headers = {"Content-Type": "application/x-protobuf"}
        return urllib3.request("POST", f"{self.otlp}/v1/traces", body=body, headers=headers, timeout=10).status

    def rows(self, sql: str) -> list[list[Any]]:
        answer = urllib3.request("POST", f"{self.api}/api/v1/query", json={"sql": sql}, timeout=10)
        body = json.loads(answer.data)
        return list(body["rows"]) if answer.status == 200 else []

    def wait_for(self, sql: str, rows: list[list[Any]], seconds: float = 15) -> list[list[Any]]:
        """The rows of `sql` once they are `rows`, or what they are when time is up."""
        end = time.monotonic() + seconds
        while (found := self.rows(sql)) != rows and time.monotonic() < end:
            time.sleep(0.05)
        return found

    def logs(self) -> str:
        return "".join(path.read_text() for path in self.folder.glob("*.log"))


@pytest.fixture
def roles(clickhouse: ClickHouse, database: str, tmp_path: Path) -> Iterator[Roles]:
    roles = Roles(clickhouse, database, tmp_path)
    yield roles
    roles.stop()


@pytest.fixture(scope="module")
def shared_roles(the_clickhouse: ClickHouse, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roles]:
    """Both running for all tests of a module; each test takes a name of spans for itself."""
    the_clickhouse.start()
    roles = Roles(the_clickhouse, "shared", tmp_path_factory.mktemp("roles"))
    roles.start()
    yield roles
    roles.stop()


@pytest.fixture
def without_secrets() -> Callable[[str], bool]:
    """Whether a text has no part of the password."""
    return lambda text: not any(secret in text for secret in SECRETS)
