"""A ClickHouse for tests: as much of its HTTP interface as clickhouse-connect uses, over chDB in this process.

    python tests/server/front.py --data DIR --port 0 --user NAME --password SECRET

It prints its port when it answers. What a real server does and chDB does not (accounts, status codes, bounds of a
URL and of its fields) is imitated here as ClickHouse 26 does it. `POST /_front/fault` makes it misbehave, and
`GET /_front/requests` tells what was asked; see `Fault`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import socket
import sys
import tempfile
import threading
import uuid
import zlib
from base64 import b64decode
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import chdb
import lz4.frame  # type: ignore[import-untyped]
import zstandard

MAX_URI_BYTES = 1 << 20
"""`http_max_uri_size` of a server."""
MAX_FIELD_BYTES = 128 << 10
"""`http_max_field_value_size` of a server."""

NOT_SETTINGS = frozenset(
    {
        "query", "database", "default_format", "user", "password", "query_id", "quota_key", "role", "stacktrace",
        "session_id", "session_timeout", "session_check", "close_session", "wait_end_of_query", "buffer_size",
        "compress", "decompress", "client_protocol_version",
    }
)  # fmt: skip
"""Parameters of the URL that the HTTP interface takes for itself."""

STATUS_OF_CODE = {
    194: 401,
    516: 403,
    192: 403,
    193: 403,
    62: 400,
    6: 400,
    26: 400,
    27: 400,
    36: 400,
    48: 501,
} | dict.fromkeys((46, 47, 50, 56, 60, 63, 81, 115), 404)
"""HTTP status by ClickHouse's code; 500 for all others."""

INSERT = re.compile(rb"\s*(INSERT\s+INTO\s+[^\s(]+\s*(?:\([^)]*\))?)\s+FORMAT\s+(\w+)[ \t\f]*\r?\n?", re.IGNORECASE)
"""An insert whose data follow the statement."""
FORMAT = re.compile(rb"\bFORMAT\s+(\w+)\s*;?\s*$", re.IGNORECASE)
CODE = re.compile(r"Code: (\d+)\.")


@dataclass
class Fault:
    """Something to do wrong to requests whose statement contains `match`: `times` times, after `skip` of them."""

    kind: str
    """error: answer `status` with ClickHouse's `code` (0: none, as a proxy would) instead of running the statement;
    hang_up: run the statement, then close the connection without an answer."""
    match: str = ""
    skip: int = 0
    times: int = 1
    code: int = 0
    status: int = 500


@dataclass
class Seen:
    """One request as it came."""

    url: str
    statement: str
    encoding: str
    parameters: dict[str, str] = field(default_factory=dict)


connect: Callable[[str], Any] = chdb.connect


class Refused(Exception):
    """An error answer."""

    def __init__(self, code: int, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.status = status or STATUS_OF_CODE.get(code, 500)


class Front(ThreadingHTTPServer):
    """The server, with its chDB and its faults."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, data: Path, port: int, user: str, password: str) -> None:
        self.data = f"{data.resolve()}?{urlencode({'max_server_memory_usage': 1 << 30})}"
        self.login = f"{user}:{password}"
        self.faults: list[Fault] = []
        self.seen: deque[Seen] = deque(maxlen=2000)
        self.lock = threading.Lock()
        self.first = connect(self.data)  # keeps the engine open
        super().__init__(("127.0.0.1", port), Handler)

    def fault_for(self, statement: bytes) -> Fault | None:
        """What is due for a statement: faults come one after the other."""
        with self.lock:
            for fault in self.faults:
                if fault.times and fault.match.encode() in statement[:1000]:
                    if fault.skip:
                        fault.skip -= 1
                        return None
                    fault.times -= 1
                    return fault
        return None


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: Front
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: tests read the answers."""

    def _handle(self) -> None:
        try:
            body = self._body()
            if self.path == "/ping":
                self._answer(200, b"Ok.\n")
            elif self.path == "/_front/fault":
                self.server.faults = [Fault(**fault) for fault in json.loads(body)]
                self._answer(200, b"")
            elif self.path == "/_front/requests":
                self._answer(200, json.dumps([asdict(seen) for seen in self.server.seen]).encode())
            else:
                self._query(body)
        except Refused as error:
            headers = {"X-ClickHouse-Exception-Code": str(error.code)} if error.code else {}
            self._answer(error.status, str(error).encode() + b"\n", headers)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            chunks = []
            while size := int(self.rfile.readline().split(b";")[0], 16):
                chunks.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            body = b"".join(chunks)
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        return _inflated(body, self.headers.get("Content-Encoding", ""))

    def _answer(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _query(self, body: bytes) -> None:
        parameters = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        kind = self.headers.get("Content-Type", "")
        if kind.startswith("multipart/form-data"):  # the driver's way when parameters are long
            parameters |= _form(kind, body)
            body = b""
        self._check_bounds(parameters)
        self._check_login()
        text = parameters.get("query", "")
        statement = f"{text}\n".encode() + body if text else body
        head = statement[:300].decode(errors="replace")
        encoding = self.headers.get("Content-Encoding", "")
        self.server.seen.append(Seen(self.path, head, encoding, parameters))
        fault = self.server.fault_for(statement)
        if fault and fault.kind == "error":
            raise Refused(
                fault.code, f"Code: {fault.code}. DB::Exception: As the test asked for. (FAULT)", fault.status
            )
        answer, headers = run(self.server.data, statement, parameters, read_only=self.command == "GET")
        if fault:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self._answer(200, answer, headers)

    def _check_bounds(self, parameters: dict[str, str]) -> None:
        if len(self.path) > MAX_URI_BYTES:
            raise Refused(0, "URI Too Long", 414)
        if any(len(value) > MAX_FIELD_BYTES for value in parameters.values()):
            raise Refused(1000, "Poco::Exception. Code: 1000, HTML Form Exception: Field value too long")

    def _check_login(self) -> None:
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic" or b64decode(token).decode() != self.server.login:
            raise Refused(516, "Code: 516. DB::Exception: Authentication failed: password is incorrect, or there is no user with such name. (AUTHENTICATION_FAILED)")  # fmt: skip  # noqa: E501


def run(data: str, statement: bytes, parameters: dict[str, str], *, read_only: bool) -> tuple[bytes, dict[str, str]]:
    """The answer to one statement with its headers, on a handle of its own, as each request to a server has."""
    settings = {k: v for k, v in parameters.items() if k not in NOT_SETTINGS and not k.startswith("param_")}
    if read_only:
        settings.setdefault("readonly", "2")
    bound = {k.removeprefix("param_"): v for k, v in parameters.items() if k.startswith("param_")}
    form = FORMAT.search(statement[-200:])
    wanted = form[1].decode() if form else parameters.get("default_format", "TabSeparated")
    handle = connect(data)
    try:
        if database := parameters.get("database"):
            handle.query(f"USE `{database}`")
        if settings:
            handle.query("SET " + ", ".join(f"{name} = {_quoted(value)}" for name, value in settings.items()))
        result = (
            _insert(handle, statement) if INSERT.match(statement) else handle.query(statement, wanted, params=bound)
        )
        answer = bytes(result.bytes())
        summary = {"read_rows": str(result.rows_read()), "written_rows": str(result.rows_written())}
    except RuntimeError as error:
        code = CODE.search(str(error))
        raise Refused(int(code[1]) if code else 1001, str(error)) from error
    finally:
        handle.close()
    headers = {
        "X-ClickHouse-Summary": json.dumps(summary),
        "X-ClickHouse-Query-Id": parameters.get("query_id") or str(uuid.uuid4()),
        "X-ClickHouse-Timezone": "UTC",
    }
    return answer, headers | ({"X-ClickHouse-Format": wanted} if answer else {})


def _insert(handle: Any, statement: bytes) -> Any:
    match = INSERT.match(statement)
    assert match
    with tempfile.NamedTemporaryFile() as file:
        file.write(memoryview(statement)[match.end() :])
        file.flush()
        into, form = match[1].decode(), match[2].decode()
        return handle.query(f"{into} FROM INFILE {_quoted(file.name)} COMPRESSION 'none' FORMAT {form}")


def _form(kind: str, body: bytes) -> dict[str, str]:
    form = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    fields = {}
    for part in form.walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            fields[str(part.get_param("name", header="content-disposition"))] = content.decode()
    return fields


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _inflated(body: bytes, encoding: str) -> bytes:
    match encoding:
        case "lz4":
            return bytes(lz4.frame.decompress(body))
        case "zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(body)
        case "gzip":
            return gzip.decompress(body)
        case "deflate":
            return zlib.decompress(body)
    return body


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--user", default="default")
    parser.add_argument("--password", default="")
    asked = parser.parse_args()
    front = Front(asked.data, asked.port, asked.user, asked.password)
    sys.stdout.write(f"{front.server_address[1]}\n")
    sys.stdout.flush()
    front.serve_forever()


if __name__ == "__main__":
    main()
