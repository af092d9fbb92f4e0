"""`spanledger up`: two processes and a quiet status line.

collect (receivers and spool) and serve (engine, drain, API) share nothing but the spool on disk. Each is started again
when it ends by itself: a crash in the engine's native code refuses and loses nothing.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from collector.report import read_report
from spanledger.ownership import read_owner
from spanledger.settings import Settings, load

FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
STEADY_SECONDS = 30.0
"""A process that ran this long starts again without a pause."""
STOP_SECONDS = 40.0
STATUS_SECONDS = 1.0
TURN_SECONDS = 0.1
ARENAS = max(1, (os.cpu_count() or 1) // 2)
ALLOCATOR = {
    "JE_MALLOC_CONF": f"oversize_threshold:0,dirty_decay_ms:600000,percpu_arena:disabled,narenas:{ARENAS}",
}
"""The engine's allocator keeps for ten minutes what an insert freed, for the next one: getting it again from the
system is 50,000 page faults. By default each core has a store of its own, which holds as much again (ADR 35)."""


@dataclass
class Child:
    """One role, and what it takes to keep it running."""

    role: str
    process: subprocess.Popen[str] | None = None
    started_at: float = 0.0
    pause: float = FIRST_PAUSE_SECONDS
    start_at: float = 0.0
    restarts: int = 0
    said: list[str] = field(default_factory=list)
    """What it said when it was ready: its addresses."""

    def start(self, now: float) -> None:
        """Start the process; the line it prints when it is ready lands in `said`."""
        self.started_at = now
        command = [sys.executable, "-m", "spanledger.cli.child", self.role]
        # a session of its own: Ctrl-C in the terminal reaches only the supervisor, which stops them in order
        self.process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=ALLOCATOR | os.environ,
        )
        threading.Thread(target=self._listen, args=(self.process,), daemon=True).start()

    def _listen(self, process: subprocess.Popen[str]) -> None:
        for line in process.stdout or ():
            self.said.append(line.strip())

    def ended(self, now: float) -> int | None:
        """The exit code if it ended by itself; the next start is planned then."""
        code = self.process.poll() if self.process else None
        if code is None or self.process is None:
            return None
        self.process = None
        self.pause = FIRST_PAUSE_SECONDS if now - self.started_at > STEADY_SECONDS else self.pause * 2
        self.start_at = now + min(self.pause, LONGEST_PAUSE_SECONDS)
        self.restarts += 1
        return code

    def stop(self, timeout: float) -> bool:
        """SIGTERM, wait, and SIGKILL at the end; False if it took that."""
        if not self.process:
            return True
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False
        return True


class Supervisor:
    """Keeps both processes running until it is told to stop."""

    def __init__(self, settings: Settings, out: TextIO) -> None:
        self._settings = settings
        self._out = out
        self._stop = threading.Event()
        self._collect = Child("collect")
        self._serve = Child("serve")
        self._greeted = False
        self._status_at = 0.0

    def stop(self, *_: object) -> None:
        """End `run`; safe in a signal handler."""
        self._stop.set()

    def run(self) -> int:
        """Start both, watch them, and stop them in order: first what takes requests, then what drains them."""
        children = (self._collect, self._serve)
        for child in children:
            child.start(time.monotonic())
        code = 0
        while not self._stop.is_set() and code == 0:
            code = max(self._watch(child) for child in children)
            self._greet()
            self._show_status()
            self._stop.wait(TURN_SECONDS)
        self._line("\nStopping: no new requests, draining what is in the spool …")
        self._collect.stop(STOP_SECONDS)
        self._drained(STOP_SECONDS)
        self._serve.stop(STOP_SECONDS)
        self._line("Stopped.")
        return code

    def _watch(self, child: Child) -> int:
        """Start what ended again. One that gave up before it was ever ready has said why: its exit code; else 0."""
        now = time.monotonic()
        code = child.ended(now)
        if code is not None:
            if not child.said and code >= 0:
                return code or 1
            self._line(f"\n{child.role} ended ({_why(code)}); starting it again. Nothing that was accepted is lost.")
        if child.process is None and now >= child.start_at:
            child.start(now)
        return 0

    def _greet(self) -> None:
        if self._greeted or not (self._collect.said and self._serve.said):
            return
        self._greeted = True
        name = self._settings.host.strip("[]")
        host, http = f"[{name}]" if ":" in name else name, self._collect.said[0].rsplit(":", 1)[-1]
        grpc = self._collect.said[0].split()[1].rsplit(":", 1)[-1]
        engine = f"embedded, in {self._settings.data_dir}" if self._settings.embedded else "ClickHouse server"
        self._line(
            f"\n  spanledger is up\n\n"
            f"  pages and API   {self._serve.said[0].split()[-1]}\n"
            f"  OTLP/HTTP       http://{host}:{http}\n"
            f"  OTLP/gRPC       {host}:{grpc}\n"
            f"  engine          {engine}\n\n"
            f"  Send spans from any OpenTelemetry SDK:\n\n"
            f"    export OTEL_EXPORTER_OTLP_ENDPOINT=http://{host}:{http} OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\n"
        )

    def _show_status(self) -> None:
        """One line that is written over, on a terminal only."""
        now = time.monotonic()
        if not self._greeted or not self._out.isatty() or now - self._status_at < STATUS_SECONDS:
            return
        self._status_at = now
        report = read_report(self._settings.data_dir)
        if report:
            totals = [total for total in report.counters.totals() if total["name"] == "accepted_items"]
            taken = ", ".join(f"{total['value']:,} {total['labels']['signal']}" for total in totals) or "nothing yet"
            line = f"  accepted {taken} · spool {report.spool.bytes / 1e6:.1f} MB {report.spool.problem}"
            width = shutil.get_terminal_size().columns - 1
            self._out.write("\r\x1b[K" + line[:width])
            self._out.flush()

    def _drained(self, timeout: float) -> None:
        """Wait until the engine has what the spool holds."""
        end = time.monotonic() + timeout
        spool = self._settings.data_dir / "spool"
        while time.monotonic() < end and self._serve.process and self._serve.process.poll() is None:
            if not any(spool.glob("*/*.seg")):
                return
            time.sleep(TURN_SECONDS)

    def _line(self, text: str) -> None:
        self._out.write(text + "\n")
        self._out.flush()


def _why(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def up() -> None:
    """Start everything: receivers, engine, API and pages. Ctrl-C drains and stops."""
    sys.exit(_run(load()))


def _run(settings: Settings) -> int:
    """Run until SIGINT or SIGTERM; the exit code."""
    if settings.embedded and (owner := read_owner(_lock(settings))):
        sys.stderr.write(
            f"spanledger: The data directory {settings.data_dir} is in use by `spanledger {owner.role}` "
            f"(process {owner.pid}). Stop it, or set SPANLEDGER_DATA_DIR to another directory.\n"
        )
        return 1
    supervisor = Supervisor(settings, sys.stdout)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, supervisor.stop)
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    return supervisor.run()


def _lock(settings: Settings) -> Path:
    return settings.data_dir / "engine.lock"
