"""Programs with real SDKs and instrumentations, a stand-in for the providers, a service that gets the spans."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.conftest import Service
from tests.instrumentations import provider as stand_in
from tests.instrumentations.provider import Provider
from tests.waiting import until

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
ENVIRONMENT = HERE.parents[1] / ".venv-instrumentations"
INSTALLED = ENVIRONMENT / ".installed"
"""A copy of the requirements, left there by `make instrumentations` when all of them are installed."""
PROGRAM_SECONDS = 240.0
SETTLE_SECONDS = 120.0
POLL_SECONDS = 0.3
AT_ONCE = 2


@dataclass(frozen=True)
class Program:
    """One process: a script of `apps`, what is switched on in it, and the calls it makes."""

    name: str
    script: str
    instrumentations: str
    calls: tuple[str, ...]


class Programs:
    """Programs that run at most once each, a few at a time, and the spans that came of them."""

    def __init__(self, service: Service, provider: Provider) -> None:
        self.provider = provider
        self._service = service
        self._pool = ThreadPoolExecutor(AT_ONCE)
        self._runs: dict[Program, Future[int]] = {}
        self._settled: set[str] = set()

    def start(self, program: Program) -> None:
        """Have it run soon, if it did not already."""
        if program not in self._runs:
            self._runs[program] = self._pool.submit(self._run, program)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)

    def spans(self, program: Program, columns: str = "*", where: str = "1") -> list[dict[str, Any]]:
        """What is stored of a program, oldest first, once all of it is settled."""
        self.start(program)
        exported = self._runs[program].result()
        if program.name not in self._settled:
            until(lambda: self._has_settled(program.name, exported), SETTLE_SECONDS, f"settling of {program.name}")
            self._settled.add(program.name)
        sql = f"SELECT {columns} FROM spans WHERE service = {{name:String}} AND ({where}) ORDER BY started_at, span_id"
        return self._service.records(sql, name=program.name)

    def call(self, program: Program, call: str, columns: str) -> list[dict[str, Any]]:
        """The spans of the trace that a call is the root of, without the root."""
        roots = "SELECT trace_id FROM spans WHERE service = {name:String} AND scope = 'app' AND name ="
        return self.spans(program, columns, f"trace_id IN ({roots} '{call}') AND scope != 'app'")

    def traces(self, program: Program, columns: str) -> list[dict[str, Any]]:
        """The settled traces of a program."""
        self.spans(program, "span_id", "0")
        sql = f"SELECT {columns} FROM traces WHERE root_service = {{name:String}} ORDER BY started_at"
        return self._service.records(sql, name=program.name)

    def _has_settled(self, name: str, exported: int) -> bool:
        """All spans are there, all their traces settled. Asked slowly: the programs want the processors."""
        time.sleep(POLL_SECONDS)
        sql = """SELECT count(), countIf(trace_id NOT IN (SELECT trace_id FROM traces))
            FROM spans WHERE service = {name:String}"""
        [[stored, unsettled]] = self._service.rows(sql, name=name)
        return int(stored) >= exported and not unsettled

    def _run(self, program: Program) -> int:
        """How many spans it exported."""
        environment = {key: os.environ[key] for key in ("PATH", "HOME", "TMPDIR", "SPANS_TO") if key in os.environ}
        environment |= {
            "OTEL_EXPORTER_OTLP_ENDPOINT": self._service.otlp_url,
            "OTEL_SERVICE_NAME": program.name,
            "OPENAI_API_KEY": "sk-local",
            "OPENAI_BASE_URL": self.provider.openai_url(program.name),
            "ANTHROPIC_API_KEY": "sk-local",
            "ANTHROPIC_BASE_URL": self.provider.anthropic_url(program.name),
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        }
        done = subprocess.run(
            [ENVIRONMENT / "bin" / "python", HERE / "apps" / f"{program.script}.py",
             program.instrumentations, *program.calls],
            env=environment, capture_output=True, text=True, timeout=PROGRAM_SECONDS, check=False,
        )  # fmt: skip
        assert done.returncode == 0, f"{program.name} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
        return int(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def programs(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Programs]:
    """A service that settles within seconds; all programs that the chosen tests name are under way."""
    if not INSTALLED.exists() or INSTALLED.read_bytes() != REQUIREMENTS.read_bytes():
        pytest.fail(
            f"The SDKs and instrumentations of {REQUIREMENTS} are not installed in {ENVIRONMENT}: "
            "run `make instrumentations`, which needs the network."
        )
    service = Service(tmp_path_factory.mktemp("service"), SETTLE_AFTER_SECONDS=1, SETTLE_EVERY_SECONDS=3).with_tables()
    with stand_in.running() as provider:
        programs = Programs(service, provider)
        try:
            service.up()
            for item in request.session.items:
                callspec = getattr(item, "callspec", None)
                if callspec and isinstance(program := callspec.params.get("program"), Program):
                    programs.start(program)
            yield programs
        finally:
            programs.close()
            service.close()
