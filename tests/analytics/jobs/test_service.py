"""Jobs as people ask for them: windows in words, waiting for settling, many windows at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from analytics.jobs.catalogue import JOBS, job_named
from analytics.jobs.contract import Report, Window
from analytics.jobs.service import JobService
from analytics.jobs.settled import OwnSettling, Settled
from analytics.jobs.windows import asked, moment, newest, scheduled
from analytics.settling.loop import SettlingLoop
from spanledger.errors import BadRequest, NotFound
from tests.analytics.jobs.desk import DAY, HOUR, START, Desk, ErrorJob, Told, hour


class Nobody:
    """Settling that does nothing."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def hurry(self, until: float) -> None:
        self.asked.append(until)


class Slept:
    """A clock that moves only while somebody sleeps."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


def service(desk: Desk, *jobs: Told, settling: Any = None) -> JobService:
    slept = Slept()
    settled = Settled(desk.engine, settling or Nobody(), clock=slept.now, sleep=slept.sleep)
    return JobService(desk.runner, settled, jobs)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T10:30", datetime(2026, 11, 20, 10, 30, tzinfo=UTC)),
        (" 2026-11-20 10:30:15.1239Z ", datetime(2026, 11, 20, 10, 30, 15, 123000, tzinfo=UTC)),
        ("2026-11-20T10:30:00+02:00", datetime(2026, 11, 20, 8, 30, tzinfo=UTC)),
    ],
)
def test_times_in_words(text: str, expected: datetime) -> None:
    assert moment(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-13-01", "1969-12-31", "2200-01-01", "0001-01-01T00:00:00+10:00", "9999-12-31T23:00-05:00"],
)
def test_what_is_no_time_is_said(text: str) -> None:
    with pytest.raises(BadRequest):
        moment(text)


def test_a_window_ends_now_and_is_as_long_as_the_jobs() -> None:
    now = START + timedelta(minutes=20, microseconds=5)
    week = Told(length=7 * DAY)
    assert asked(week, None, None, now) == Window(START + HOUR / 3 - 7 * DAY, START + HOUR / 3)
    assert asked(week, "2026-11-20T09:00", None, now) == Window(START - HOUR, START + HOUR / 3)
    assert asked(week, None, "2026-11-20", now).since == datetime(2026, 11, 13, tzinfo=UTC)
    with pytest.raises(BadRequest, match="must end after it begins; it goes from 2026-11-21 00:00:00 to 2026-11-20"):
        asked(week, "2026-11-21", "2026-11-20", now)


def test_scheduled_windows_end_at_multiples() -> None:
    job = Told(every=HOUR, length=3 * HOUR)
    assert newest(job, START + HOUR / 2) == newest(job, START) == Window(START - 3 * HOUR, START)
    ends = [window.until for window in scheduled(job, START - HOUR, START + 1.5 * HOUR)]
    assert ends == [START, START + HOUR]
    assert list(scheduled(job, START, START)) == []


def test_a_wrong_name_is_answered_with_a_near_one() -> None:
    jobs = [Told(name="cache_hit_rate"), Told(name="carbon")]
    assert job_named("carbon", jobs).name == "carbon"
    with pytest.raises(NotFound, match=r"There is no job 'cache_hitrate'\. Did you mean cache_hit_rate"):
        job_named("cache_hitrate", jobs)
    with pytest.raises(NotFound, match="There are: cache_hit_rate, carbon"):
        job_named("zzz", jobs)


def test_the_catalogue_keeps_the_contract() -> None:
    assert len({job.name for job in JOBS}) == len(JOBS)
    for job in JOBS:
        assert job.every >= HOUR
        assert job.length % job.every == timedelta()
        assert job.kinds
        assert all(kind.meaning.endswith(".") for kind in job.kinds)


def test_the_list_of_jobs(desk: Desk) -> None:
    desk.spans(hour(0, 3), 300)
    jobs = service(desk, Told(), Told(lambda _source, _window: Report(), name="quiet"))
    desk.now = START + 3.5 * HOUR
    assert [(row["name"], row["lag_seconds"]) for row in jobs.jobs()] == [("told", 9000), ("quiet", 9000)]
    for number in range(3):
        jobs.run("told", f"2026-11-20T1{number}:00", f"2026-11-20T1{number + 1}:00")
    told, quiet = jobs.jobs()
    assert {name: told[name] for name in ("every_seconds", "last_window_to", "last_outcome", "open_findings")} == {
        "every_seconds": 3600, "last_window_to": "2026-11-20T13:00:00.000Z", "last_outcome": "ok",
        "open_findings": {"page": 1},
    }  # fmt: skip
    assert (told["lag_seconds"], quiet["last_window_to"]) == (0, None)
    assert told["kinds"] == [{"name": "errors", "meaning": "Calls fail."}]
    rows = jobs.runs("told", 2)
    assert [row["window_to"] for row in rows] == ["2026-11-20T13:00:00.000Z", "2026-11-20T12:00:00.000Z"]
    assert rows[0]["notes"] == {"tested": 0, "dropped": {}}
    assert len(jobs.runs("", 10)) == 3
    with pytest.raises(NotFound):
        jobs.runs("tolt", 10)


def test_a_run_that_somebody_asks_for_sees_what_he_has_just_sent(desk: Desk) -> None:
    """Settling of a command on data that no service owns; `traces` has them too, though they are not quiet yet."""
    now = datetime.now(UTC) - timedelta(seconds=20)
    minute = Window(now - timedelta(seconds=60), now)
    desk.spans(minute, 400, status="error", request_model="gpt-4o", ingested_at=f"{now:%F %T}.000")
    settled = Settled(desk.engine, OwnSettling(desk.engine, desk.settings))
    run = JobService(desk.runner, settled, [ErrorJob()]).run("told", minute.since.isoformat(), now.isoformat())
    assert (run["settled"], run["outcome"], run["trigger"]) == (True, "ok", "manual")
    assert [found["subject"] for found in run["findings"]] == [{"tenant": "acme"}]
    [sums] = desk.records("SELECT sum(calls) AS calls FROM usage")
    [traces] = desk.records("SELECT count() AS traces FROM traces")
    assert (sums["calls"], traces["traces"]) == (400, 400)


def test_the_loop_hurries_for_who_waits(desk: Desk) -> None:
    loop = SettlingLoop(desk.engine, desk.settings.model_copy(update={"settle_every_seconds": 3600.0}))
    now = datetime.now(UTC) - timedelta(seconds=20)
    desk.spans(Window(now - HOUR, now), 10, ingested_at=f"{now:%F %T}.000")
    loop.start()
    try:
        assert Settled(desk.engine, loop).wait(now)
    finally:
        loop.stop()
    assert desk.records("SELECT count() AS traces FROM traces") == [{"traces": 10}]


def test_waiting_has_an_end_and_is_said(desk: Desk) -> None:
    desk.spans(hour(0), 300, status="error")
    nobody = Nobody()
    run = service(desk, ErrorJob(), settling=nobody).run("told", "2026-11-20T10:00", "2026-11-20T11:00")
    assert (run["settled"], len(run["findings"])) == (False, 1)
    assert nobody.asked
    before = service(desk, ErrorJob()).run("told", "2026-11-20T08:00", "2026-11-20T10:00")
    assert (before["settled"], before["outcome"]) == (True, "not_computable")


def test_segments_that_were_acknowledged_are_waited_for(desk: Desk) -> None:
    spool = [frozenset({7, 8}), frozenset({7, 8, 9}), frozenset({8, 9}), frozenset({9, 10}), frozenset({11})]
    slept = Slept()
    waited = Settled(desk.engine, Nobody(), lambda: spool.pop(0), slept.now, slept.sleep).wait(START)
    assert (waited, spool) == (True, [frozenset({11})])
    stuck = Settled(desk.engine, Nobody(), lambda: frozenset({7}), slept.now, slept.sleep)
    assert not stuck.wait(START)


def test_a_backfill_runs_windows_with_spans_oldest_first(desk: Desk) -> None:
    desk.spans(hour(0, 2), 200)
    desk.spans(hour(5), 100)
    daily = Told(name="daily", every=DAY, length=DAY)
    jobs = service(desk, Told(), daily)
    answers = list(jobs.backfill([], "2026-11-20", "2026-11-21"))
    assert answers[0] == {"windows": 4}
    assert [(run["job"], run["window_to"], run["trigger"]) for run in answers[1:]] == [
        ("told", "2026-11-20T11:00:00.000Z", "backfill"),
        ("told", "2026-11-20T12:00:00.000Z", "backfill"),
        ("told", "2026-11-20T16:00:00.000Z", "backfill"),
        ("daily", "2026-11-21T00:00:00.000Z", "backfill"),
    ]
    assert [len(run["findings"]) for run in answers[1:]] == [1, 1, 1, 1]
    with pytest.raises(NotFound):
        jobs.backfill(["tolt"], "2026-11-20", None)
    assert list(jobs.backfill(["daily"], "2026-11-20T01:00", "2026-11-20T02:00")) == [{"windows": 0}]
