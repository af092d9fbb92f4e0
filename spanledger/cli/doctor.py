"""`spanledger doctor`: checks of an installation, each with what to do when it fails."""

from __future__ import annotations

import os
import platform
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from rich.console import Console

from collector.report import read_report
from spanledger.engine import open_engine
from spanledger.errors import SpanledgerError
from spanledger.migrate import pending
from spanledger.ownership import read_owner
from spanledger.settings import MIB, Settings, load, variable

LEAST_FREE_BYTES = 2048 * MIB


@dataclass(frozen=True)
class Finding:
    """One check: what was found, whether that is fine, and how to mend it."""

    fine: bool
    what: str
    mend: str = ""


def doctor() -> None:
    """What is wrong with this installation, and how to mend it."""
    console = Console()
    findings = examine(load())
    for finding in findings:
        mark = "[green]ok  [/]" if finding.fine else "[red]WRONG[/]"
        console.print(f"{mark} {finding.what}", highlight=False)
        if finding.mend:
            console.print(f"      {finding.mend}", style="dim", highlight=False)
    sys.exit(0 if all(finding.fine for finding in findings) else 1)


def examine(settings: Settings) -> list[Finding]:
    """All checks, in the order in which a start would meet them."""
    return [_python(), *_data_dir(settings), *_ports(settings), _engine(settings), *_service(settings)]


def _python() -> Finding:
    return Finding(True, f"Python {platform.python_version()} on {platform.system()} {platform.machine()}")


def _data_dir(settings: Settings) -> Iterator[Finding]:
    path = settings.data_dir.absolute()
    nearest = next(folder for folder in (path, *path.parents) if folder.exists())
    if not os.access(nearest, os.W_OK):
        mend = f"Give this user the right to write there, or set {variable('data_dir')}."
        yield Finding(False, f"The data directory {path} can't be written.", mend)
        return
    free = shutil.disk_usage(nearest).free
    yield Finding(
        free > LEAST_FREE_BYTES,
        f"Data directory {path}: {free / 1e9:.1f} GB free",
        "" if free > LEAST_FREE_BYTES else "Free some space; when the disk is full, clients are asked to wait.",
    )


def _ports(settings: Settings) -> Iterator[Finding]:
    running = _running(settings)
    for name in ("otlp_grpc_port", "otlp_http_port", "http_port"):
        port = int(getattr(settings, name))
        taken = _is_taken(settings.host, port)
        if running:
            mend = "" if taken else "The service runs but this port does not answer; see its log."
            yield Finding(taken, f"Port {port} answers ({name})", mend)
        else:
            mend = f"Stop what uses it, or set {variable(name)}." if taken else ""
            yield Finding(not taken, f"Port {port} is {'taken' if taken else 'free'} ({name})", mend)


def _is_taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(1)
        return port != 0 and probe.connect_ex((host.strip("[]"), port)) == 0


def _running(settings: Settings) -> bool:
    return read_owner(settings.data_dir / "spool.lock") is not None


def _engine(settings: Settings) -> Finding:
    owner = read_owner(settings.data_dir / "engine.lock") if settings.embedded else None
    if owner:
        return Finding(True, f"The embedded engine is held by `spanledger {owner.role}` (process {owner.pid})")
    if settings.embedded and not (settings.data_dir / "engine").exists():
        return Finding(True, "No data yet: the first `spanledger up` makes the tables")
    try:
        engine = open_engine(settings, role="doctor")
    except SpanledgerError as error:
        where = "" if settings.embedded else f" Check {variable('clickhouse_url')}."
        return Finding(False, f"The engine does not open: {error}", f"Start it, or mend what it says.{where}")
    try:
        missing = pending(engine)
        mend = "`spanledger migrate`, or just start the service." if missing else ""
        return Finding(not missing, f"The engine answers; {missing} migrations to run", mend)
    except SpanledgerError as error:
        return Finding(False, f"The engine answers, but not as it should: {error}", "Look at its log.")
    finally:
        engine.close()


def _service(settings: Settings) -> Iterator[Finding]:
    report = read_report(settings.data_dir)
    if not report or not _running(settings):
        yield Finding(True, "The service does not run now")
        return
    problems = report.problems(time.time())
    yield Finding(not problems, f"The receivers run; spool {report.spool.bytes / 1e6:.1f} MB. {' '.join(problems)}")
