from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path

import pytest

from collector.resend import RecentLog, ResendIndex

SECOND = 1_000_000_000
NOW = 1_800_000_000 * SECOND


def _digest(number: int) -> bytes:
    return number.to_bytes(16, "little")


def test_a_body_is_new_then_in_work_then_stored_then_forgotten() -> None:
    index = ResendIndex(60)
    future: Future[None] = Future()
    assert index.check(_digest(1), NOW) is None
    index.begin(_digest(1), future)
    assert index.check(_digest(1), NOW) is future
    index.stored(_digest(1), NOW)
    assert index.check(_digest(1), NOW + 59 * SECOND) == "stored"
    assert index.check(_digest(1), NOW + 60 * SECOND) is None


def test_a_failed_body_is_new_again() -> None:
    index = ResendIndex(60)
    index.begin(_digest(1), Future())
    index.forget(_digest(1))
    assert index.check(_digest(1), NOW) is None


def test_window_zero_is_off() -> None:
    index = ResendIndex(0)
    index.begin(_digest(1), Future())
    index.stored(_digest(1), NOW)
    assert index.check(_digest(1), NOW) is None
    assert len(index) == 0


def test_the_oldest_leave_first() -> None:
    index = ResendIndex(600, max_entries=80)
    for number in range(200):
        index.stored(_digest(number), NOW)
    assert len(index) <= 80
    assert index.check(_digest(199), NOW) == "stored"
    assert index.check(_digest(140), NOW) == "stored"
    assert index.check(_digest(0), NOW) is None


def test_time_makes_room_and_keeps_the_window() -> None:
    index = ResendIndex(60)
    for second in range(1000):
        index.stored(_digest(second), NOW + second * SECOND)
    last = NOW + 999 * SECOND
    assert len(index) < 90
    assert [index.check(_digest(n), last) for n in (999, 941, 939)] == ["stored", "stored", None]


def test_log_survives_a_restart(tmp_path: Path) -> None:
    log = RecentLog(tmp_path / "recent.log", 60)
    assert log.open(NOW) == []
    log.append([(_digest(1), NOW), (_digest(2), NOW - 100 * SECOND)], NOW)
    log.append([(_digest(3), NOW + SECOND)], NOW)
    again = RecentLog(tmp_path / "recent.log", 60)
    assert again.open(NOW) == [(_digest(1), NOW), (_digest(3), NOW + SECOND)]
    again.append([(_digest(4), NOW)], NOW)
    assert RecentLog(tmp_path / "recent.log", 60).open(NOW + 61 * SECOND + 1) == [(_digest(3), NOW + SECOND)]


@pytest.mark.parametrize("cut", [1, 8, 23])
def test_a_torn_log_keeps_its_whole_entries(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "recent.log"
    entries = [(_digest(n), NOW) for n in range(1, 4)]
    path.write_bytes(b"".join(RecentLog(path, 60)._pack(entry) for entry in entries)[:-cut])
    assert RecentLog(path, 60).open(NOW)[:2] == entries[:2]


def test_log_is_compacted_when_it_has_grown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RecentLog, "_COMPACT_BYTES", 10 * 24)
    log = RecentLog(tmp_path / "recent.log", 60)
    log.open(NOW)
    for second in range(500):
        log.append([(_digest(second + 1), NOW + second * SECOND)], NOW + second * SECOND)
    assert log._end < 80 * 24
    now = NOW + 499 * SECOND
    assert len(RecentLog(tmp_path / "recent.log", 60).open(now)) == 61
