"""The collect process: spool, receivers and counters, from start to clean stop."""

from __future__ import annotations

import ctypes
import logging
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType

from collector.counters import load, write_status
from collector.intake import Intake
from collector.receive_grpc import GrpcServer
from collector.receive_http import Application, HttpServer
from collector.spool import Spool
from spanledger.access.keyring import USES_FILE, read_uses, write_uses
from spanledger.errors import BadSetting
from spanledger.settings import MIB, Settings

logger = logging.getLogger(__name__)

STATUS_SECONDS = 1.0
BACKLOG = 2048
"""Connections that the system holds until they are accepted."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEEP_BYTES, _MAP_BYTES = 128 * MIB, 32 * MIB
"""Freed memory that glibc keeps, and the size from which it maps an allocation by itself. With its defaults each body
of some 100 kB costs hundreds of page faults, 0.5 µs a span."""


@dataclass(frozen=True)
class Addresses:
    """Where the service listens; port 0 of the settings is resolved."""

    host: str
    grpc_port: int
    http_port: int


class CollectService:
    """Receivers over a spool. Raises BadSetting, DataDirectoryBusy or SpoolUnwritable if it can't start."""

    def __init__(self, settings: Settings, clock: Callable[[], int] = time.time_ns) -> None:
        self._settings = settings
        self._counters = load(settings.data_dir)
        self._stop_status = threading.Event()
        self._uses = read_uses(settings.data_dir / USES_FILE)
        listener = _listen(settings)
        try:
            self._spool = Spool(settings, clock, self._counters)
        except BaseException:
            listener.close()
            raise
        try:
            self._intake = Intake(settings, self._spool, self._counters)
            self._grpc = GrpcServer(settings, self._intake)
        except BaseException:
            listener.close()
            self._spool.close()
            raise
        self._http = HttpServer(Application(settings, self._intake), listener)
        self.addresses = Addresses(settings.host, self._grpc.port, listener.getsockname()[1])
        self._threads = [
            threading.Thread(target=self._http.run, name="otlp-http", daemon=True),
            threading.Thread(target=self._status_loop, name="collect-status", daemon=True),
        ]

    def start(self) -> Addresses:
        """Serve in threads of its own; returns when requests are taken."""
        self._grpc.start()
        for thread in self._threads:
            thread.start()
        while not self._http.started:
            if not self._threads[0].is_alive():
                raise BadSetting("The OTLP/HTTP server did not start; the log says why.")
            time.sleep(0.01)
        return self.addresses

    def stop(self) -> None:
        """Take no more requests, answer those in work, and leave the spool sealed."""
        self._http.stop()
        self._grpc.stop()
        self._threads[0].join()
        self._spool.close()
        self._stop_status.set()
        self._threads[1].join()

    def _status_loop(self) -> None:
        failed = False
        while True:
            stopped = self._stop_status.wait(STATUS_SECONDS)
            try:
                write_status(self._settings.data_dir, self._counters, self._spool)
                self._write_uses()
                failed = False
            except OSError as error:
                if not failed:
                    logger.warning("The collector's counters can't be written: %s", error)
                failed = True
            if stopped:
                return

    def _write_uses(self) -> None:
        """Tell when keys were used, for the process that has the table of them."""
        news = self._intake.keys.take_uses()
        if news:
            self._uses |= news
            write_uses(self._settings.data_dir / USES_FILE, self._uses)


def run(settings: Settings, ready: Callable[[Addresses], None]) -> None:
    """Serve until SIGTERM or SIGINT; `ready` is called once requests are taken. Runs in the main thread.

    An error that ends one of the service's threads ends the service, by raising it here.
    """
    stopped = threading.Event()
    failures: list[BaseException] = []

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        stopped.set()

    def on_failure(failure: threading.ExceptHookArgs) -> None:
        logger.critical("The thread %s ended.", failure.thread, exc_info=failure.exc_value)
        if failure.exc_value:
            failures.append(failure.exc_value)
        stopped.set()

    _keep_freed_memory()
    threading.excepthook = on_failure
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    service = CollectService(settings)
    ready(service.start())
    stopped.wait()
    if failures:
        raise failures[0]  # without a clean stop, which may need that thread; the next start recovers
    service.stop()


def _keep_freed_memory() -> None:
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):  # glibc
        libc.mallopt(_M_TRIM_THRESHOLD, _KEEP_BYTES)
        libc.mallopt(_M_MMAP_THRESHOLD, _MAP_BYTES)


def _listen(settings: Settings) -> socket.socket:
    """The socket of OTLP/HTTP."""
    host = settings.host.strip("[]")
    try:
        family = socket.getaddrinfo(host, settings.otlp_http_port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, settings.otlp_http_port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise BadSetting(
            f"SPANLEDGER_OTLP_HTTP_PORT: {host}:{settings.otlp_http_port} can't be listened on "
            f"({error.strerror or error}). Stop the process that has it or choose another port."
        ) from error
