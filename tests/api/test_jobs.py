"""Routes of jobs and findings over the tests' engine: filters, pages, times, lines of a backfill, bounds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from analytics.jobs.contract import Kind, Report, Severity, Window
from analytics.jobs.service import JobService
from analytics.jobs.settled import Settled
from analytics.jobs.source import Source
from api.app import create_app
from api.jobs import MAX_RUNS
from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.analytics.jobs.desk import HOUR, START, TABLES, Desk, Told, candidate, hour
from tests.api.conftest import EmptyQuarantine
from tests.api.conftest import Told as Status

HOSTILE = "<img src=x onerror=alert(1)> & 'co'"


class Quick:
    """Settling is never behind."""

    def hurry(self, until: float) -> None:
        raise AssertionError(until)


class AllSettled(Settled):
    def wait(self, until: Any) -> bool:
        return bool(until)


def find(_source: Source, window: Window) -> Report:
    """One finding of each severity, and in the first hour one that is not seen again."""
    reports = [candidate("acme", window), candidate(HOSTILE, window, severity=Severity.TICKET, cost_usd=1234.5)]
    reports += [candidate("quiet", window, kind="report", severity=Severity.DIGEST, details={"rate": 0.5, "n": None})]
    once = [candidate("once", window)] if window.since == START else []
    return Report([*reports, *once])


@pytest.fixture(scope="module")
def desk(engine: Engine, settings: Settings) -> Iterator[Desk]:
    """Three hours that were run, the first of them twice. Made once, so the tests that run something come last."""
    for table in TABLES:
        engine.command(f"TRUNCATE TABLE {table} SYNC")
    desk = Desk(engine, settings)
    desk.spans(hour(0, 3), 30)
    for number in (0, 1, 2, 0):
        desk.run(job(), hour(number))
    desk.now = START + 3 * HOUR
    yield desk
    for table in TABLES:
        engine.command(f"TRUNCATE TABLE {table} SYNC")


def job() -> Told:
    return Told(find, kinds=(Kind("errors", "Calls fail."), Kind("report", "A report.")))


@pytest.fixture(scope="module")
def app(desk: Desk, settings: Settings, _told: Status) -> FastAPI:
    jobs = JobService(desk.runner, AllSettled(desk.engine, Quick()), [job()])
    return create_app(desk.engine, settings, _told, EmptyQuarantine(), jobs)


def tenants(client: TestClient, query: str = "") -> list[str]:
    answer = client.get(f"/api/v1/findings{query}")
    assert answer.status_code == 200, answer.text
    return sorted(found["subject"]["tenant"] for found in answer.json()["findings"])


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["<img", "acme", "once", "quiet"]),
        ("?severity=page", ["acme"]),
        ("?severity=ticket", ["<img", "once"]),
        ("?state=resolved", ["once"]),
        ("?state=open&kind=errors", ["<img", "acme"]),
        ("?job=other", []),
        ("?subject=tenant%3Dquiet", ["quiet"]),
        ("?subject=tenant%3Dquiet&subject=model%3Dgpt", []),
        ("?since=2026-11-20T11:30:00Z", ["<img", "acme", "quiet"]),
        ("?since=2026-11-20T12:30:00%2B01:00", ["<img", "acme", "quiet"]),
        ("?until=2026-11-20T10:00:00", []),
        ("?until=2026-11-20T10:00:01Z", ["<img", "acme", "once", "quiet"]),
    ],
)
def test_filters(client: TestClient, query: str, expected: list[str]) -> None:
    assert [name.split()[0] for name in tenants(client, query)] == expected


def test_a_finding_as_json(client: TestClient) -> None:
    [found] = client.get("/api/v1/findings?kind=report").json()["findings"]
    times = {name: found[name] for name in ("window_from", "window_to", "first_seen", "last_seen")}
    assert times == {
        "window_from": "2026-11-20T12:00:00.000Z", "window_to": "2026-11-20T13:00:00.000Z",
        "first_seen": "2026-11-20T10:00:00.000Z", "last_seen": "2026-11-20T13:00:00.000Z",
    }  # fmt: skip
    assert found["details"] == {"rate": 0.5, "n": None}
    assert (found["p_value"], found["cost_usd"], found["n"], found["state"]) == (None, None, 1000, "open")


def test_pages_leave_nothing_out(client: TestClient) -> None:
    seen: list[str] = []
    cursor = ""
    for _ in range(4):
        answer = client.get(f"/api/v1/findings?limit=1&cursor={cursor}").json()
        seen += [found["finding_id"] for found in answer["findings"]]
        cursor = answer["next"]
    assert cursor is None
    assert seen == [found["finding_id"] for found in client.get("/api/v1/findings").json()["findings"]]
    assert len(set(seen)) == 4


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?severity=loud", 422),
        ("?limit=0", 422),
        ("?nothing=1", 422),
        ("?subject=tenant", 400),
        ("?cursor=zzz", 400),
        ("?cursor=WzFd", 400),
        ("/zz", 422),
        ("/" + "0" * 16, 404),
    ],
)
def test_what_is_wrong_is_a_problem(client: TestClient, query: str, status: int) -> None:
    answer = client.get(f"/api/v1/findings{query}")
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_one_finding_has_what_each_window_said_of_it(client: TestClient) -> None:
    [found] = client.get("/api/v1/findings?severity=page").json()["findings"]
    one = client.get(f"/api/v1/findings/{found['finding_id'].upper()}").json()
    observations = one.pop("observations")
    assert one == found
    assert [(said["window_to"][11:13], said["severity"]) for said in observations] == [
        ("13", "page"), ("12", "page"), ("11", "page"),
    ]  # fmt: skip


def test_jobs_and_runs(client: TestClient) -> None:
    [told] = client.get("/api/v1/jobs").json()["jobs"]
    assert (told["name"], told["open_findings"]) == ("told", {"page": 1, "ticket": 1, "digest": 1})
    runs = client.get("/api/v1/jobs/told/runs?limit=3").json()["runs"]
    assert [(run["window_from"][11:13], run["findings"]) for run in runs] == [("10", 4), ("12", 3), ("11", 3)]
    assert client.get("/api/v1/jobs/runs?limit=3").json()["runs"] == runs
    missing = client.get("/api/v1/jobs/tolt/runs")
    assert (missing.status_code, missing.json()["title"]) == (404, "There is no such thing")
    assert missing.json()["detail"] == "There is no job 'tolt'. Did you mean told?"


def test_the_query_endpoint_reads_findings_and_runs(client: TestClient) -> None:
    sql = "SELECT (SELECT count() FROM findings WHERE state = 'open'), (SELECT count() FROM job_runs)"
    assert client.post("/api/v1/query", json={"sql": sql}).json()["rows"] == [[3, 4]]


def test_the_home_page_lists_what_is_open(client: TestClient) -> None:
    page = client.get("/").text
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert page.index('class="severity page"') < page.rindex("$1,234") < page.index('class="severity digest"')
    assert "once fails" not in page
    assert "2026-11-20 10:00" in page


def test_a_run_without_a_window_is_the_jobs_own_to_now(client: TestClient) -> None:
    for body in (None, {}, {"from": None}):
        run = client.post("/api/v1/jobs/told/run", json=body).json()
        assert (run["window_from"], run["window_to"]) == ("2026-11-20T12:00:00.000Z", "2026-11-20T13:00:00.000Z")
        assert (run["outcome"], run["settled"], len(run["findings"])) == ("ok", True, 3)


@pytest.mark.parametrize("path", ["/api/v1/jobs/told/backfill", "/api/v1/jobs/backfill"])
def test_a_backfill_answers_line_by_line(client: TestClient, path: str) -> None:
    answer = client.post(path, json={"from": "2026-11-20T10:30", "to": "2026-11-20T13:00:00Z"})
    assert answer.headers["content-type"] == "application/x-ndjson"
    first, *runs = [orjson.loads(line) for line in answer.content.splitlines()]
    assert first == {"windows": 3}
    assert [(run["window_to"][11:13], run["trigger"]) for run in runs] == [
        ("11", "backfill"), ("12", "backfill"), ("13", "backfill"),
    ]  # fmt: skip
    assert client.post("/api/v1/jobs/tolt/backfill", json={"from": "2026-11-20"}).status_code == 404
    assert client.post(path, json={"from": "soon"}).status_code == 400
    assert client.post(path, json={"from": "2026-11-21", "to": "2026-11-20"}).status_code == 400


def test_runs_that_wait_are_bounded(desk: Desk, settings: Settings, status: Status) -> None:
    begun, go_on = threading.Semaphore(0), threading.Event()

    def slow(_source: Source, _window: Window) -> Report:
        begun.release()
        assert go_on.wait(20)
        return Report()

    jobs = JobService(desk.runner, AllSettled(desk.engine, Quick()), [Told(slow)])
    app = create_app(desk.engine, settings, status, EmptyQuarantine(), jobs)
    codes: list[int] = []
    with TestClient(app, base_url="http://127.0.0.1") as client:
        threads = [
            threading.Thread(target=lambda: codes.append(client.post("/api/v1/jobs/told/run").status_code))
            for _ in range(MAX_RUNS + 1)
        ]
        for thread in threads:
            thread.start()
        assert begun.acquire(timeout=20)
        assert client.get("/healthz").status_code == 200
        while len(codes) < 1:
            threads[0].join(0.01)
        go_on.set()
        for thread in threads:
            thread.join(20)
    assert sorted(codes) == [200] * MAX_RUNS + [503]


@pytest.mark.usefixtures("desk")
def test_the_home_page_says_when_nothing_is_open(client: TestClient, engine: Engine) -> None:
    engine.command("TRUNCATE TABLE finding_states SYNC")
    engine.insert("spans", ["service", "started_at"], [["shop", datetime.now(UTC)]])
    assert "Nothing is open." in client.get("/").text
