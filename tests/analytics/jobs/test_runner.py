"""A run: what it writes, that a run again replaces it, and that what goes wrong stays with it."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from analytics.jobs.contract import NotComputable, Report, Severity, Window
from analytics.jobs.runner import Outcome, Trigger
from analytics.jobs.source import Source
from spanledger.deletion import delete
from spanledger.engine import Engine
from spanledger.retention import drop_old
from tests.analytics.jobs.desk import HOUR, START, Desk, ErrorJob, Told, candidate, hour


def test_a_run_says_what_it_found_and_read(desk: Desk) -> None:
    desk.spans(hour(0), 400, status="error", cost_usd=0.5, cost_status="priced")
    desk.spans(hour(0), 400, tenant="fine", cost_usd=0.5)
    desk.spans(hour(1), 5000, status="error")
    run = desk.run(ErrorJob(), hour(0), Trigger.MANUAL)
    assert (run.outcome, run.reason, run.candidates) == (Outcome.OK, "", 1)
    assert 800 <= run.rows_by_statement["errors"] < 2000
    assert run.rows_read == sum(run.rows_by_statement.values())
    assert run.notes == {"tested": 0, "dropped": {}}
    [finding] = desk.findings()
    assert (finding["job"], finding["kind"], finding["subject"]) == ("told", "errors", {"tenant": "acme"})
    assert (finding["severity"], finding["state"], finding["n"], finding["cost_usd"]) == ("ticket", "open", 400, 200)
    assert finding["first_seen"] == finding["window_from"] == "2026-11-20 10:00:00.000"
    assert finding["last_seen"] == finding["window_to"] == "2026-11-20 11:00:00.000"
    [shown] = run.findings
    assert {name: shown[name] for name in ("finding_id", "severity", "state", "title")} == {
        name: finding[name] for name in ("finding_id", "severity", "state", "title")
    }
    [row] = desk.records("SELECT * FROM job_runs")
    assert (row["job"], row["outcome"], row["trigger"], row["findings"]) == ("told", "ok", "manual", 1)
    assert row["rows_read"] == run.rows_read


def test_the_columns_are_the_contract(desk: Desk) -> None:
    found = ", ".join(name for name, _ in desk.engine.query("SELECT * FROM findings").columns)
    assert found == (
        "finding_id, job, kind, subject, severity, state, window_from, window_to, first_seen, last_seen, effect, "
        "effect_unit, p_value, q_value, n, cost_usd, energy_kwh, tenants_hit, title, summary, trace_ids, query, details"
    )


def test_a_run_again_replaces_what_its_window_said(desk: Desk) -> None:
    desk.spans(hour(0), 10)
    answers = [
        Report([candidate("one"), candidate("two")]),
        Report([candidate("two", n=5000), candidate("three")]),
        Report(),
    ]
    job = Told(lambda _source, _window: answers[len(job.asked) - 1])
    said = []
    for _ in answers:
        desk.run(job, hour(0))
        said.append({row["subject"]["tenant"]: row["n"] for row in desk.findings()})
    assert said == [{"one": 1000, "two": 1000}, {"two": 5000, "three": 1000}, {}]
    assert desk.records("SELECT count() AS runs FROM job_runs") == [{"runs": 3}]


def _raise(error: Exception) -> Report:
    raise error


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (NotComputable("tenant is on 3 % of spans"), "not_computable"),
        (ValueError("tenant is on 3 % of spans"), "failed"),
    ],
)
def test_what_goes_wrong_is_the_outcome(desk: Desk, error: Exception, outcome: str) -> None:
    desk.spans(hour(0), 10)
    run = desk.run(Told(lambda _source, _window: _raise(error)), hour(0))
    assert (run.outcome, run.reason, run.findings) == (outcome, "tenant is on 3 % of spans", [])
    assert desk.records("SELECT outcome, reason FROM job_runs") == [{"outcome": outcome, "reason": run.reason}]


def test_a_failure_leaves_what_was_said_before(desk: Desk) -> None:
    desk.spans(hour(0), 10)
    desk.run(Told(), hour(0))
    desk.run(Told(lambda _source, _window: _raise(ValueError("a bug"))), hour(0))
    assert [row["state"] for row in desk.findings()] == ["open"]
    desk.run(Told(lambda _source, _window: _raise(NotComputable("no tenant"))), hour(0))
    assert desk.findings() == []


def test_a_candidate_without_evidence_fails_the_run(desk: Desk) -> None:
    desk.spans(hour(0), 10)
    run = desk.run(Told(lambda _source, _window: Report([candidate(query="")])), hour(0))
    assert run.outcome is Outcome.FAILED
    assert "lacks a query" in run.reason


def test_a_window_without_spans_is_not_looked_at(desk: Desk) -> None:
    job = Told()
    run = desk.run(job, hour(0))
    assert (run.outcome, job.asked) == (Outcome.NOT_COMPUTABLE, [])
    assert run.reason == "No span started in 2026-11-20 10:00 to 2026-11-20 11:00 UTC."


def test_pages_need_two_windows_and_resolve_after_two(desk: Desk) -> None:
    desk.spans(hour(0, 6), 100)
    here = {hour(0), hour(1)}
    job = Told(lambda _source, window: Report([candidate(window=window)] if window in here else []))
    stood = []
    for number in range(5):
        run = desk.run(job, hour(number))
        [finding] = desk.findings()
        stood.append((finding["severity"], finding["state"], [each["severity"] for each in run.findings]))
    assert stood == [
        ("ticket", "open", ["ticket"]),
        ("page", "open", ["page"]),
        ("page", "open", []),
        ("page", "resolved", []),
        ("page", "resolved", []),
    ]
    assert finding["first_seen"] == "2026-11-20 10:00:00.000"
    assert finding["last_seen"] == "2026-11-20 12:00:00.000"


@pytest.mark.parametrize("order", list(itertools.permutations(range(4)))[::5])
def test_the_order_of_runs_does_not_matter(desk: Desk, order: tuple[int, ...]) -> None:
    desk.spans(hour(0, 6), 100)
    job = Told(lambda _source, window: Report([candidate(window=window)] if window.since < START + 2 * HOUR else []))
    for number in order:
        desk.run(job, hour(number))
    [finding] = desk.findings()
    assert (finding["severity"], finding["state"], finding["window_to"]) == (
        "page", "resolved", "2026-11-20 12:00:00.000",
    )  # fmt: skip
    [state] = desk.records("SELECT resolved_at FROM finding_states FINAL")
    assert state["resolved_at"] == "2026-11-20 14:00:00.000"


def test_a_run_that_was_cut_off_before_it_was_recorded_says_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.spans(hour(0), 10)
    real = Engine.insert_raw

    def cut(engine: Engine, table: str, body: bytes, form: str, settings: Mapping[str, Any]) -> None:
        if table == "job_runs":
            raise KeyboardInterrupt
        real(engine, table, body, form, settings)

    monkeypatch.setattr(Engine, "insert_raw", cut)
    with pytest.raises(KeyboardInterrupt):
        desk.run(Told(), hour(0))
    monkeypatch.undo()
    desk.run(Told(lambda _source, _window: Report([candidate("other")])), hour(0))
    assert [row["subject"] for row in desk.findings()] == [{"tenant": "other"}]


def test_runs_go_one_at_a_time_and_people_go_first(desk: Desk) -> None:
    desk.spans(hour(0, 4), 10)
    begun, go_on = threading.Event(), threading.Event()
    order: list[Window] = []

    def find(_source: Source, window: Window) -> Report:
        order.append(window)
        begun.set()
        assert go_on.wait(20)
        return Report()

    job = Told(find)
    threads = [threading.Thread(target=desk.run, args=(job, hour(0)))]
    threads[0].start()
    assert begun.wait(20)
    for window, trigger in ((hour(1), Trigger.SCHEDULE), (hour(2), Trigger.CATCH_UP), (hour(3), Trigger.MANUAL)):
        threads.append(threading.Thread(target=desk.run, args=(job, window, trigger)))
        threads[-1].start()
        time.sleep(0.1)
    go_on.set()
    for thread in threads:
        thread.join(20)
    assert order[:2] == [hour(0), hour(3)]
    assert len(order) == 4


def test_a_finding_keeps_its_evidence(desk: Desk) -> None:
    desk.spans(hour(0), 10)
    said = candidate(
        trace_ids=[f"{number:032x}" for number in range(30)], details={"rate": 0.5, "who": ["O'Brien \\ \n"]},
        subject={"tenant": "O'Brien", "model": "gpt-4o"}, p_value=0.001, energy_kwh=1.5, tenants_hit=3,
    )  # fmt: skip
    run = desk.run(Told(lambda _source, _window: Report([said], tested=[0.001, 0.5])), hour(0))
    [finding] = desk.findings()
    assert len(finding["trace_ids"]) == len(run.findings[0]["trace_ids"]) == 20
    assert finding["details"] == '{"rate":0.5,"who":["O\'Brien \\\\ \\n"]}'
    assert (finding["p_value"], finding["q_value"], finding["tenants_hit"]) == (0.001, 0.002, 3)
    assert run.findings[0]["details"] == said.details
    assert finding["subject"] == {"tenant": "O'Brien", "model": "gpt-4o"}
    turned = replace(said, subject={"model": "gpt-4o", "tenant": "O'Brien"}, severity=Severity.DIGEST)
    desk.run(Told(lambda _source, _window: Report([turned], tested=[0.001, 0.5])), hour(1))
    assert len(desk.findings()) == 1


def test_a_deleted_tenants_findings_go(desk: Desk) -> None:
    desk.spans(hour(0), 10)
    tenant = 'o\'brien "&" söhne'
    about = candidate(tenant)
    names_it = candidate("several", details={"culprits": [{"tenant": tenant, "usd": 3}]})
    others = candidate("o'brien", details={"culprits": ["sons"]})
    desk.run(Told(lambda _source, _window: Report([about, names_it, others], notes={"largest": tenant})), hour(0))
    delete(desk.engine, "tenant", "nobody")
    assert len(desk.findings()) == 3
    delete(desk.engine, "tenant", tenant)
    assert [row["subject"] for row in desk.findings()] == [{"tenant": "o'brien"}]
    assert desk.records("SELECT DISTINCT subject FROM finding_observations") == [{"subject": {"tenant": "o'brien"}}]
    assert desk.records("SELECT notes FROM job_runs") == [{"notes": "{}"}]


def test_old_findings_are_dropped_when_the_setting_says_so(desk: Desk) -> None:
    old = Window(START - timedelta(days=100), START - timedelta(days=100) + HOUR)
    for window in (old, hour(0)):
        desk.spans(window, 10)
        desk.run(Told(lambda _source, window: Report([candidate(f"{window.until:%B}", window)])), window)
    assert drop_old(desk.engine, desk.settings, START.date()) == []
    keep = desk.settings.model_copy(update={"findings_retention_days": 60})
    assert drop_old(desk.engine, keep, START.date()) == [("finding_observations", "202608"), ("job_runs", "202608")]
    assert [row["subject"] for row in desk.findings()] == [{"tenant": "November"}]
    assert drop_old(desk.engine, keep, START.date()) == []
