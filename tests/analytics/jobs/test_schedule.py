"""The schedule: what is due, what was missed, what came late; two of them; and that it goes on whatever it meets."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from analytics.jobs.contract import Report, Window
from analytics.jobs.runner import Runner, Trigger
from analytics.jobs.schedule import Schedule
from analytics.jobs.source import Source
from analytics.settling.marks import TOUCHED, set_mark
from spanledger.errors import EngineUnavailable
from tests.analytics.jobs.desk import DAY, HOUR, START, Desk, Told, hour

MINUTE = timedelta(minutes=1)
Line = tuple[str, Window, str]


class Clockwork:
    """A schedule over the desk, whose time a test moves."""

    def __init__(self, desk: Desk, *jobs: Told) -> None:
        self.desk = desk
        self.jobs = jobs
        self.schedule = self.again()

    def again(self) -> Schedule:
        """One that remembers nothing, as after a restart."""
        self.schedule = Schedule(self.desk.runner, self.jobs)
        return self.schedule

    def at(self, number: float, *, settled: float | None = None) -> list[Line]:
        """What runs in a tick so many hours after START; settling has come to the same time, or to `settled`."""
        self.desk.now = START + number * HOUR
        reached = START + (number if settled is None else settled) * HOUR
        set_mark(self.desk.engine, TOUCHED, round(reached.timestamp() * 1000))
        before = {row["run_id"] for row in self.desk.records("SELECT run_id FROM job_runs")}
        self.schedule.tick()
        assert self.schedule.progress.problem == ""
        rows = self.desk.records("SELECT run_id, job, window_from, window_to, trigger FROM job_runs ORDER BY version")
        return [
            (row["job"], Window(_time(row["window_from"]), _time(row["window_to"])), row["trigger"])
            for row in rows
            if row["run_id"] not in before
        ]


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def quiet(_source: Source, _window: Window) -> Report:
    return Report()


def test_a_window_is_run_once_a_while_after_its_end(desk: Desk) -> None:
    clock = Clockwork(desk, Told(quiet))
    desk.spans(hour(0, 2), 20)
    assert clock.at(1) == []
    assert clock.at(1.04) == []
    assert clock.at(1.05) == [("told", hour(0), "schedule")]
    assert clock.at(1.06) == []
    assert clock.at(2.5) == [("told", hour(1), "schedule")]
    assert clock.at(3.5) == []


def test_settling_must_have_passed_its_end(desk: Desk) -> None:
    clock = Clockwork(desk, Told(quiet))
    desk.spans(hour(0), 20)
    assert clock.at(1.1, settled=0.9) == []
    assert clock.schedule.progress.lags["told"] == pytest.approx(360)
    assert clock.at(1.2, settled=1.1) == [("told", hour(0), "schedule")]
    clock.at(1.21)
    assert clock.schedule.progress.lags == {"told": 0}


def test_missed_windows_are_caught_up_oldest_first_behind_the_newest(desk: Desk) -> None:
    daily = Told(quiet, name="daily", every=DAY, length=DAY)
    clock = Clockwork(desk, daily, Told(quiet))
    for number in (-40, 0, 1, 5):
        desk.spans(hour(number), 2)
    found = clock.at(6.1)
    assert found == [
        ("told", hour(5), "schedule"),
        ("told", hour(-40), "catch_up"),
        ("daily", Window(START - 58 * HOUR, START - 34 * HOUR), "catch_up"),
        ("told", hour(0), "catch_up"),
        ("told", hour(1), "catch_up"),
    ]
    assert clock.at(14.1) == [("daily", Window(START - 10 * HOUR, START + 14 * HOUR), "schedule")]


@pytest.mark.parametrize(("days", "windows", "reached"), [(35, 48, 5), (35, 3, 1), (0, 48, 0)])
def test_catching_up_has_an_end(desk: Desk, days: int, windows: int, reached: int) -> None:
    settings = desk.settings.model_copy(update={"jobs_catch_up_days": days, "jobs_catch_up_windows": windows})
    desk.runner = Runner(desk.engine, settings, clock=desk.clock)
    clock = Clockwork(desk, Told(quiet))
    for number in (-60, 0, 10, 20, 30, 46):
        desk.spans(hour(number), 1)
    assert len(clock.at(48.1)) == reached


def test_after_a_long_time_only_what_has_spans_is_run(desk: Desk) -> None:
    clock = Clockwork(desk, Told(quiet))
    assert clock.at(40) == []
    desk.spans(hour(44.5, 0.1), 1)
    assert clock.at(50.1) == [("told", hour(44), "catch_up")]
    assert desk.records("SELECT count() AS runs FROM job_runs") == [{"runs": 1}]


def test_late_spans_open_their_windows_again_and_again_more_slowly(desk: Desk) -> None:
    clock = Clockwork(desk, Told(quiet))
    desk.spans(hour(0, 2), 20)
    clock.at(1.1)
    assert len(clock.at(2.1)) == 1
    desk.spans(hour(0.5, 0.1), 1, ingested_at=_text(2.2))
    assert clock.at(2.3) == [("told", hour(0), "late")]
    assert clock.at(2.4) == []
    desk.spans(hour(0.5, 0.1), 1, ingested_at=_text(2.45))
    assert clock.at(2.5) == []
    assert clock.again() is clock.schedule
    assert clock.at(2.65) == [("told", hour(0), "late")]
    assert clock.at(2.7) == []
    assert clock.at(9.0) == []


def test_late_spans_before_the_last_week_change_nothing(desk: Desk) -> None:
    clock = Clockwork(desk, Told(quiet))
    desk.spans(hour(0), 20)
    clock.at(1.1)
    desk.spans(hour(0.5, 0.1), 1, ingested_at=_text(9 * 24))
    assert clock.at(9 * 24 + 1) == []


def test_a_week_that_overlaps_is_run_again_for_any_of_its_days(desk: Desk) -> None:
    weekly = Told(quiet, every=DAY, length=7 * DAY)
    clock = Clockwork(desk, weekly)
    desk.spans(hour(0), 1)
    [(_, first, _)] = clock.at(14.1)
    assert first.until == START + 14 * HOUR
    assert len(clock.at(38.1)) == 1
    desk.spans(hour(3), 1, ingested_at=_text(39))
    assert [window.until for _, window, _ in clock.at(40)] == [START + 14 * HOUR, START + 38 * HOUR]


def test_spans_that_come_in_bulk_are_waited_for(desk: Desk) -> None:
    clock = Clockwork(desk, Told(quiet))
    desk.spans(hour(0), 5, ingested_at=_text(9.9))
    assert clock.at(10, settled=9.8) == []
    assert clock.at(10.05, settled=9.8) == []
    assert clock.at(10.1, settled=9.8) == [("told", hour(0), "catch_up")]
    desk.spans(hour(2), 5, ingested_at=_text(10.1))
    assert clock.at(10.2, settled=10) == []
    assert clock.at(10.21) == [("told", hour(2), "catch_up")]


def test_a_failure_is_tried_three_times(desk: Desk) -> None:
    def fail(_source: Source, _window: Window) -> Report:
        raise ValueError("a bug")

    clock = Clockwork(desk, Told(fail), Told(quiet, name="other"))
    desk.spans(hour(0), 1)
    assert [job for job, _, _ in clock.at(1.1)] == ["told", "other"]
    tries = [bool(clock.at(1.1 + number / 12)) for number in range(1, 12)]
    assert tries == [False, True, False, False, False, True, False, False, False, False, False]
    assert clock.at(3) == []


def test_two_schedules_do_no_harm(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.engine, "embedded", False)
    one, other = Clockwork(desk, Told()), Clockwork(desk, Told())
    desk.spans(hour(0, 3), 300)
    assert [len(one.at(3.1)), len(other.at(3.1))] == [3, 0]
    assert [len(other.at(3.2)), len(one.at(3.2))] == [0, 0]
    desk.spans(hour(3, 2), 2)
    monkeypatch.setattr("analytics.jobs.schedule.LEASE_SECONDS", 0)
    assert len(one.at(4.1)) == 1
    time.sleep(0.01)
    assert [len(other.at(5.1)), len(one.at(5.1))] == [1, 0]


def test_two_schedules_at_once_end_in_the_same_findings(desk: Desk) -> None:
    """Embedded there is no lease: both run everything, in whatever order they come to it."""
    desk.spans(hour(0, 4), 400)
    desk.now = START + 4.1 * HOUR
    set_mark(desk.engine, TOUCHED, round(desk.now.timestamp() * 1000))
    schedules = [Schedule(Runner(desk.engine, desk.settings, clock=desk.clock), [Told()]) for _ in range(2)]
    threads = [threading.Thread(target=schedule.tick) for schedule in schedules]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [schedule.progress.problem for schedule in schedules] == ["", ""]
    [finding] = desk.findings()
    assert (finding["severity"], finding["state"]) == ("page", "open")
    assert (finding["first_seen"], finding["last_seen"]) == ("2026-11-20 10:00:00.000", "2026-11-20 14:00:00.000")
    [runs] = desk.records("SELECT uniq(window_to) AS windows, count() AS runs FROM job_runs")
    assert runs["windows"] == 4
    assert 4 <= runs["runs"] <= 8


def test_it_goes_on_after_the_engine_was_away(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clockwork(desk, Told(quiet))
    desk.spans(hour(0), 1)
    clock.at(0.5)
    desk.now = START + 1.1 * HOUR
    real = type(desk.runner).run
    monkeypatch.setattr(type(desk.runner), "run", _away)
    for _ in range(2):
        set_mark(desk.engine, TOUCHED, round(desk.now.timestamp() * 1000))
        clock.schedule.tick()
    assert clock.schedule.progress.problem == "no server"
    assert [record.message for record in caplog.records] == ["The schedule of jobs will be tried again: no server"]
    monkeypatch.setattr(type(desk.runner), "run", real)
    assert len(clock.at(1.2)) == 1


def _away(_runner: Runner, _job: Told, _window: Window, _trigger: Trigger) -> None:
    raise EngineUnavailable("no server")


def test_it_starts_runs_and_stops(desk: Desk) -> None:
    settings = desk.settings.model_copy(update={"jobs_delay_seconds": 0.0})
    job = Told(quiet)
    schedule = Schedule(Runner(desk.engine, settings, clock=desk.clock), [job])
    desk.spans(hour(0), 1)
    desk.now = START + 1.1 * HOUR
    set_mark(desk.engine, TOUCHED, round(desk.now.timestamp() * 1000))
    schedule.start()
    end = time.monotonic() + 20
    while not job.asked:
        assert time.monotonic() < end
        time.sleep(0.02)
    schedule.stop()
    assert job.asked == [hour(0)]
    assert not [thread for thread in threading.enumerate() if "APScheduler" in thread.name]


def test_off_is_off(desk: Desk) -> None:
    job = Told(quiet)
    schedule = Schedule(Runner(desk.engine, desk.settings.model_copy(update={"jobs_schedule": "off"})), [job])
    schedule.start()
    schedule.stop()
    assert job.asked == []


def _text(number: float) -> str:
    return f"{START + number * HOUR:%Y-%m-%d %H:%M:%S}.000"
