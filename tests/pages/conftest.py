"""Pages in a real browser: the app behind a socket, over the tests' engine with a small, hostile world in it."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright
from pydantic import SecretStr

from analytics.alerts.room import AlertRoom
from analytics.jobs.contract import Candidate, Kind, Report, Severity, Window
from analytics.jobs.source import Source
from analytics.triage.room import TriageRoom
from api.app import create_app
from dashboards.boards.charts import CHARTS
from spanledger.cli.explain_apart import ExplainApart
from spanledger.engine import Engine
from spanledger.moments import as_parameter
from spanledger.settings import Settings
from tests.analytics.alerts.conftest import TABLES as ALERT_TABLES
from tests.analytics.jobs.desk import TABLES as JOB_TABLES
from tests.analytics.jobs.desk import Desk, Told, candidate
from tests.api.conftest import EmptyQuarantine, NoJobs
from tests.api.conftest import Told as Status

HOSTILE = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\">{{7*7}}\u202e" + "long" * 60
TRACE = "0af7651916cd43dd8448eb211c80319c"
OTHER = "1bf7651916cd43dd8448eb211c80319c"
ALERT = "00112233445566ff"
TABLES = (*JOB_TABLES, *ALERT_TABLES)
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
SERIES = [{"at": f"2026-11-20T{at}:00:00Z", "hit_rate": rate} for at, rate in ((10, 0.7), (11, 0.2))]
MOVED = [{"layer": "locale", "effect": 0.3, "shares": {HOSTILE: [0.1, 0.4], "en": [0.9, 0.6]}}]
GRAMS = {"g_per_request": {"low": 1, "mid": 2, "high": 3}}
REPORTS: dict[str, tuple[str, dict[str, object]]] = {
    "cost_concentration": (
        "concentration",
        {"lorenz": [[0, 0], [0.5, 0.1], [1, 1]], "top": [{"tenant": HOSTILE, "cost_usd": 9}]},
    ),
    "cache_hit_rate": ("hit_rate", {"series": SERIES}),
    "retry_waste": ("retry_waste", {"by_cause": {"loop": {"cost_usd": 3.5}}, "chain_lengths": {"loop": {"3": 4}}}),
    "user_drift": ("drift", {"words_more": [{"word": HOSTILE, "before": 0.1, "since": 0.4}], "moved": MOVED}),
    "carbon": ("report", {"by": {"feature": [{"value": HOSTILE, "figures": [GRAMS]}]}}),
}
"""The newest report of each job, with texts that a stranger wrote."""
assert set(CHARTS) >= {"lorenz", "hit_rate", "waste", "chains", "words", "carbon"}


@pytest.fixture(scope="module")
def world(engine: Engine, settings: Settings) -> Iterator[str]:
    """The base URL of the app over a trace and findings."""
    for table in TABLES:
        engine.command(f"TRUNCATE TABLE {table} SYNC")
    desk = Desk(engine, settings)
    _trace(engine, TRACE)
    _trace(engine, OTHER)
    _calls(engine)
    firing(engine)
    for job, (kind, details) in REPORTS.items():
        _finding(desk, job, kind, details)
    with served(engine, settings) as address:
        yield address
    for table in TABLES:
        engine.command(f"TRUNCATE TABLE {table} SYNC")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, without a screen."""
    found = shutil.which("chromium")
    assert found, "The tests of pages need Debian's chromium; .ci/run installs it: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Browser, world: str) -> Iterator[Page]:
    """A window that fails the test when a page complains, runs what it should not, or asks another host."""
    context = browser.new_context(base_url=world, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.on("request", lambda asked: None if asked.url.startswith(world) else complaints.append(asked.url))
    yield page
    context.close()
    assert not complaints


def shot(page: Page, name: str) -> None:
    """Keep a picture for people to look at, when they want it: SHOTS=1."""
    if "SHOTS" not in os.environ:
        return
    folder = Path(__file__).with_name("screenshots")
    folder.mkdir(exist_ok=True)
    page.screenshot(path=folder / f"{name}.png", full_page=True)


class served:  # noqa: N801  (a context, written like a function)
    """The app over an engine, behind a socket; its base URL."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        settings = settings.model_copy(update={"alert_channels": (SecretStr("oncall=webhook+http://key@127.0.0.1:9"),)})
        alarms, triages = AlertRoom(engine, settings), TriageRoom(engine, settings)
        app = create_app(
            engine,
            settings,
            Status(),
            EmptyQuarantine(),
            NoJobs(),
            alarms=alarms,
            triages=triages,
            explain=ExplainApart(),
        )
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        until = time.monotonic() + 20
        while not self._server.started and time.monotonic() < until:
            time.sleep(0.01)
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()


def _trace(engine: Engine, trace_id: str) -> None:
    """An agent, two calls and a tool that failed; one parent is missing. The other trace is half an hour older."""
    start = NOW - timedelta(minutes=30 if trace_id == TRACE else 60)
    shared = {"trace_id": trace_id, "service": HOSTILE, "tenant": HOSTILE, "status": "ok"}
    call = {"operation": "chat", "request_model": "gpt-4o", "cost_usd": 0.25, "input_tokens": 100, "billable": True}
    spans: list[dict[str, object]] = [
        {"parent_span_id": "0" * 16, "name": HOSTILE, "operation": "agent", "agent_name": HOSTILE},
        {"parent_span_id": "1" * 16, "name": "chat", "attributes": {HOSTILE: HOSTILE}, **call},
        {"parent_span_id": "1" * 16, "name": "search", "operation": "tool", "tool_name": "search", "status": "error"},
        {"parent_span_id": "9" * 16, "name": "lost"},
    ]
    rows = [
        {
            **shared, "span_id": str(number) * 16, "duration_ns": 9_000_000_000 // number**2,
            "started_at": as_parameter(start + timedelta(seconds=number)), **span,
        }
        for number, span in enumerate(spans, 1)
    ]  # fmt: skip
    settled = {
        "anchor": as_parameter(start)[:19], "trace_id": trace_id, "root_name": HOSTILE, "tenant": HOSTILE,
        "started_at": as_parameter(start), "ended_at": as_parameter(start), "duration_ns": 9_000_000_000, "spans": 4,
        "llm_calls": 1, "tool_calls": 1, "errors": 1, "cost_usd": 0.25, "task_outcome": "failure",
    }  # fmt: skip
    _insert(engine, "spans", rows)
    _insert(engine, "settled_traces", [settled])


def _insert(engine: Engine, table: str, rows: list[dict[str, object]]) -> None:
    body = b"\n".join(orjson.dumps(row) for row in rows)
    engine.insert_raw(table, body, "JSONEachRow", {"insert_deduplicate": 0})


def _calls(engine: Engine) -> None:
    """Forty calls of each of two versions of a prompt, the second dearer and longer; a model without a price."""
    start = NOW - timedelta(hours=5)
    shared = {"service": "s", "status": "ok", "operation": "chat", "billable": True, "tenant": HOSTILE}
    rows: list[dict[str, object]] = [
        {
            **shared, "trace_id": f"{number:032x}", "span_id": f"{number:016x}", "name": "chat", "prompt_name": HOSTILE,
            "prompt_version": f"{version}{HOSTILE}", "request_model": "gpt-4o", "model_revision": f"gpt-4o-{version}",
            "started_at": as_parameter(start + timedelta(minutes=number + 60 * version)), "cost_status": "priced",
            "cost_usd": version + number % 5 / 10, "duration_ns": 10**9 + number % 7, "input_tokens": 100,
            "output_tokens": 10 * version,
        }
        for version in (1, 2) for number in range(40 * version, 40 * version + 40)
    ]  # fmt: skip
    strange = {"trace_id": "d" * 32, "span_id": "d" * 16, "request_model": HOSTILE, "cost_status": "unpriced"}
    _insert(engine, "spans", [*rows, {**shared, **strange, "started_at": as_parameter(start)}])
    hour = {"slice": as_parameter(start)[:19], "hour": as_parameter(start)[:13] + ":00:00", "version": 1}
    sums = {"prompt_name": HOSTILE, "prompt_version": "1", "calls": 80, "cost_usd": 120.0, "model": HOSTILE}
    second = {name: as_parameter(start + timedelta(hours=2))[:19] for name in ("slice", "hour")}
    newer = {**hour, **second, "model": "gpt-4o-2", "calls": 40}
    _insert(engine, "usage_slices", [{**hour, **sums}, newer])


def firing(engine: Engine) -> None:
    """An alert that fires, about the first trace."""
    at = as_parameter(NOW - timedelta(minutes=20))
    row = {
        "change_id": "c", "alert_id": ALERT, "rule": "rule", "labels": {"tenant": HOSTILE}, "severity": "page",
        "state": "firing", "episode": 1, "event": "trigger", "channels": ["oncall"], "at": at,
        "since": at, "fired_at": at, "title": f"{HOSTILE} costs", "summary": HOSTILE, "trace_ids": [TRACE],
        "query": "SELECT 1", "version": 1,
    }  # fmt: skip
    _insert(engine, "alert_changes", [row])


def _finding(desk: Desk, job: str, kind: str, details: dict[str, object]) -> None:
    window = Window(NOW - timedelta(hours=1), NOW)
    found: list[Candidate] = [
        candidate(
            HOSTILE, window, title=f"{HOSTILE} {job}", cost_usd=1234.5, trace_ids=[TRACE], severity=Severity.TICKET
        ),
        candidate("all", window, kind=kind, severity=Severity.DIGEST, details=details, title=f"Report of {job}"),
    ]

    def find(_source: Source, _window: Window) -> Report:
        return Report(found)

    desk.run(Told(find, name=job, kinds=(Kind("errors", "Calls fail."), Kind(kind, "A report."))), window)
