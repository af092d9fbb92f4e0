from __future__ import annotations

import errno
import os
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from collector import spool
from collector.counters import Counters
from collector.identity import Identity, read_identity
from collector.segment import DONE, HEADER_BYTES, OPEN, SEALED, SPARE, segment_numbers, segment_path
from collector.signals import LOGS, TRACES
from collector.spool import Spool
from spanledger.errors import DataDirectoryBusy, SpoolFull, SpoolUnwritable, TooLarge
from tests.waiting import until


@pytest.fixture
def open_spool(make_settings: Any) -> Iterator[Callable[..., Spool]]:
    opened: list[Spool] = []

    def make(clock: Callable[[], int] = time.time_ns, counters: Counters | None = None, **changes: Any) -> Spool:
        opened.append(Spool(make_settings(**changes), clock, counters))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def _drain(folder: Path) -> None:
    for number in segment_numbers(folder, SEALED):
        segment_path(folder, number, SEALED).rename(segment_path(folder, number, DONE))


def test_what_is_acknowledged_is_on_disk_in_order(open_spool: Any, stored: Any) -> None:
    one = open_spool()
    for number in range(20):
        one.append(TRACES, b"body %d" % number, number).result(5)
        assert stored.bodies()[-1] == b"body %d" % number
    one.append(LOGS, b"a log", 1).result(5)
    one.close()
    assert [record.items for record, _ in stored.records()] == list(range(20))
    assert stored.bodies("logs") == [b"a log"]
    assert not segment_numbers(stored.root / "spool" / "traces", OPEN)


def test_many_requests_share_an_fsync(open_spool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    real = os.fdatasync

    def slow(descriptor: int) -> None:
        calls.append(descriptor)
        time.sleep(0.02)
        real(descriptor)

    monkeypatch.setattr("collector.segment.os.fdatasync", slow)
    one = open_spool(seal_after_seconds=10)
    futures = [one.append(TRACES, b"%d" % number, 1) for number in range(200)]
    for future in futures:
        future.result(5)
    assert len(calls) < 10


def test_segments_close_by_size_and_age(open_spool: Any, stored: Any) -> None:
    one = open_spool(segment_bytes=4096, seal_after_seconds=0.1)
    folder = stored.root / "spool" / "traces"
    bodies = [bytes([number]) * 1500 for number in range(7)] + [b"x" * 10_000, b"y"]
    for future in [one.append(TRACES, body, 1) for body in bodies]:
        future.result(5)
    sizes = [segment_path(folder, number, SEALED).stat().st_size for number in segment_numbers(folder, SEALED)]
    assert sizes == [2 * (1500 + HEADER_BYTES)] * 3 + [1500 + HEADER_BYTES, 10_000 + HEADER_BYTES]
    assert stored.bodies()[:8] == bodies[:8]
    _drain(folder)
    until(lambda: not segment_numbers(folder, OPEN))
    assert stored.bodies()[-1] == b"y"


def test_while_the_drain_is_busy_a_segment_closes_by_size_only(open_spool: Any, stored: Any) -> None:
    one = open_spool(segment_bytes=4096, seal_after_seconds=0.05)
    folder = stored.root / "spool" / "traces"
    for number in (1, 2):
        one.append(TRACES, b"%d" % number, 1).result(5)
        until(lambda: not segment_numbers(folder, OPEN))
    one.append(TRACES, b"3", 1).result(5)
    time.sleep(0.3)
    one.append(TRACES, b"4", 1).result(5)
    assert len(segment_numbers(folder, SEALED)) == 2
    _drain(folder)
    until(lambda: not segment_numbers(folder, OPEN))
    assert stored.bodies()[-2:] == [b"3", b"4"], "one segment holds both"


def test_done_segments_go_and_their_numbers_do_not_return(open_spool: Any, stored: Any) -> None:
    folder = stored.root / "spool" / "traces"
    one = open_spool()
    for round_ in range(3):
        one.append(TRACES, b"round %d" % round_, 1).result(5)
        until(lambda: bool(segment_numbers(folder, SEALED)))
        _drain(folder)
        until(lambda: one.state().bytes == 0)
    assert [path.stat().st_size for path in folder.iterdir()] == [0]
    one.close()
    two = open_spool()
    two.append(TRACES, b"after the restart", 1).result(5)
    two.close()
    assert segment_numbers(folder, SEALED) == [4]


def test_files_are_used_again_and_not_kept(open_spool: Any, stored: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stored.root / "spool" / "traces"
    one = open_spool(segment_bytes=4096, seal_after_seconds=60)
    for number in range(8):
        one.append(TRACES, b"%d" % number * 3000, 1).result(5)
        _drain(folder)
        until(lambda: not segment_numbers(folder, DONE))
    assert stored.bodies() == [b"7" * 3000]
    inodes = [path.stat().st_ino for path in folder.glob(f"*{SPARE}")]
    assert len(inodes) == 1
    one.append(TRACES, b"8" * 3000, 1).result(5)
    [opened] = segment_numbers(folder, OPEN)
    assert segment_path(folder, opened, OPEN).stat().st_ino in inodes
    _drain(folder)
    monkeypatch.setattr("collector.lane.SPARE_SECONDS", 0.0)
    until(lambda: not segment_numbers(folder, SPARE))


def test_a_spare_that_cannot_be_removed_stops_nothing(
    open_spool: Any, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that became read-only refuses that too."""
    one = open_spool(seal_after_seconds=60)
    one.append(TRACES, b"a", 1).result(5)
    segment_path(stored.root / "spool" / "traces", 999, SPARE).write_bytes(b"left")

    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    with monkeypatch.context() as broken:
        broken.setattr("collector.segment.os.writev", refuse)
        broken.setattr(Path, "unlink", refuse)
        with pytest.raises(SpoolUnwritable, match="writable"):
            one.append(TRACES, b"b", 1).result(5)
    until(lambda: one.healthy)
    one.append(TRACES, b"c", 1).result(5)
    assert stored.bodies() == [b"a", b"c"]


def test_spool_is_bounded_and_goes_on_when_drained(open_spool: Any, stored: Any) -> None:
    one = open_spool(spool_max_bytes=1024 * 1024, segment_bytes=64 * 1024)
    taken = 0
    with pytest.raises(SpoolFull, match="SPANLEDGER_SPOOL_MAX_BYTES"):
        for number in range(1000):
            one.append(TRACES, b"%08d" % number * 1250, 1).result(5)
            taken += 1
    assert taken == 1024 * 1024 // (10_000 + HEADER_BYTES)
    assert one.append(TRACES, b"00000000" * 1250, 1).result(5) is None, "a request that is stored is acknowledged"
    with pytest.raises(TooLarge):
        one.append(TRACES, bytes(1024 * 1024), 1)
    _drain(stored.root / "spool" / "traces")
    until(lambda: not segment_numbers(stored.root / "spool" / "traces", OPEN))
    _drain(stored.root / "spool" / "traces")
    until(lambda: one.state().bytes == 0)
    one.append(TRACES, b"room again", 1).result(5)


def test_bytes_on_the_way_to_a_slow_disk_are_bounded(open_spool: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = threading.Event()
    real = os.fdatasync
    monkeypatch.setattr("collector.segment.os.fdatasync", lambda descriptor: (gate.wait(5), real(descriptor)))
    one = open_spool(max_inflight_bytes=1024 * 1024)
    futures = [one.append(TRACES, bytes([number]) * 300_000, 1) for number in range(3)]
    with pytest.raises(SpoolFull, match="wait for the disk"):
        one.append(TRACES, b"x" * 300_000, 1)
    gate.set()
    for future in futures:
        future.result(5)


def test_the_same_bytes_are_stored_once(open_spool: Any, stored: Any) -> None:
    counters = Counters()
    one = open_spool(counters=counters)
    together = [one.append(TRACES, b"the same", 1) for _ in range(10)]
    for future in together:
        future.result(5)
    one.append(TRACES, b"the same", 1).result(5)
    one.append(LOGS, b"the same", 1).result(5)
    assert (stored.bodies(), stored.bodies("logs")) == ([b"the same"], [b"the same"])
    assert counters.value("resent_requests", "traces") == 10
    assert counters.value("accepted_requests", "traces") == 1


@pytest.mark.parametrize("how", ["open", "sealed", "done", "removed"])
def test_the_same_bytes_are_stored_once_across_restarts(open_spool: Any, stored: Any, how: str) -> None:
    folder = stored.root / "spool" / "traces"
    one = open_spool()
    one.append(TRACES, b"the same", 1).result(5)
    one.close()
    if how == "open":  # as after a kill
        segment_path(folder, 1, SEALED).rename(segment_path(folder, 1, OPEN))
    if how in ("done", "removed"):
        _drain(folder)
    if how == "removed":
        open_spool().close()
        assert [path.stat().st_size for path in folder.iterdir()] == [0]
    two = open_spool()
    two.append(TRACES, b"the same", 1).result(5)
    two.append(TRACES, b"another", 1).result(5)
    two.close()
    assert stored.bodies() == ([b"another"] if how in ("done", "removed") else [b"the same", b"another"])


def test_after_the_window_the_same_bytes_are_new(open_spool: Any, stored: Any) -> None:
    now = [time.time_ns()]
    one = open_spool(clock=lambda: now[0], resend_window_seconds=60)
    one.append(TRACES, b"the same", 1).result(5)
    now[0] += 61_000_000_000
    one.append(TRACES, b"the same", 1).result(5)
    assert stored.bodies() == [b"the same"] * 2


def test_a_torn_end_is_cut_and_kept(open_spool: Any, stored: Any) -> None:
    folder = stored.root / "spool" / "traces"
    open_spool().close()
    one = open_spool()
    for number in range(3):
        one.append(TRACES, b"body %d" % number, 1).result(5)
    one.close()
    sealed = segment_path(folder, 1, SEALED)
    data = sealed.read_bytes()
    sealed.unlink()
    segment_path(folder, 1, OPEN).write_bytes(data[:-2])
    counters = Counters()
    open_spool(counters=counters).close()
    assert stored.bodies() == [b"body 0", b"body 1"]
    torn = (stored.root / "spool" / "torn" / "traces-000000000001.bin").read_bytes()
    assert torn == data[-(HEADER_BYTES + 6) : -2]
    assert counters.value("torn_segments", "traces") == 1
    assert counters.value("torn_bytes", "traces") == len(torn)


def test_one_process_owns_a_spool(open_spool: Any, make_settings: Any) -> None:
    open_spool()
    with pytest.raises(DataDirectoryBusy, match="spanledger collect"):
        Spool(make_settings())


def test_identity_is_made_once(make_settings: Any) -> None:
    settings = make_settings()
    assert read_identity(settings.data_dir) is None
    first = Spool(settings, make_identity=lambda: Identity("abc", 5))
    first.close()
    second = Spool(settings)
    second.close()
    assert first.identity == second.identity == read_identity(settings.data_dir) == Identity("abc", 5)


def test_a_closed_spool_refuses(open_spool: Any) -> None:
    one = open_spool()
    one.close()
    with pytest.raises(SpoolUnwritable, match="stopping"):
        one.append(TRACES, b"late", 1)


class _Disk:
    """An fdatasync that fails while told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.error = 0
        self._real = os.fdatasync
        monkeypatch.setattr("collector.segment.os.fdatasync", self)

    def __call__(self, descriptor: int) -> None:
        self._real(descriptor)
        if self.error:
            raise OSError(self.error, os.strerror(self.error))


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_after_a_failed_fsync_nothing_is_lost_or_twice(
    open_spool: Any, stored: Any, monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    monkeypatch.setattr(spool, "PROBE_SECONDS", 0.02)
    disk = _Disk(monkeypatch)
    one = open_spool(seal_after_seconds=10)
    one.append(TRACES, b"before", 1).result(5)
    disk.error = error
    failed: Future[None] = one.append(TRACES, b"during", 1)
    with pytest.raises(SpoolUnwritable, match=os.strerror(error)):
        failed.result(5)
    assert os.strerror(error) in one.state().problem
    with pytest.raises(SpoolUnwritable):
        one.append(TRACES, b"during", 1).result(5)
    disk.error = 0
    until(lambda: bool(one.healthy))
    one.append(TRACES, b"during", 1).result(5)
    one.append(TRACES, b"after", 1).result(5)
    one.close()
    assert stored.bodies() == [b"before", b"during", b"after"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "small"
    path.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(path)], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"a small disk can't be mounted here: {mounted.stderr.strip()}")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def test_a_full_disk_refuses_and_recovers(
    open_spool: Any, small_disk: Path, stored: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "PROBE_SECONDS", 0.05)
    stored.root = small_disk
    one = open_spool(data_dir=small_disk)
    acknowledged = []
    with pytest.raises(SpoolUnwritable, match="No space left on device; free space on its disk"):
        for number in range(100):
            body = b"%04d" % number * 25_000
            one.append(TRACES, body, 1).result(5)
            acknowledged.append(body)
    assert 25 < len(acknowledged) < 40
    assert stored.bodies() == acknowledged
    until(lambda: not segment_numbers(small_disk / "spool" / "traces", OPEN))
    _drain(small_disk / "spool" / "traces")  # the engine catches up
    until(lambda: one.healthy and one.state().bytes == 0)
    one.append(TRACES, b"room again", 1).result(5)
    one.close()
    assert stored.bodies() == [b"room again"]


def test_a_spool_on_a_full_disk_starts_again(open_spool: Any, small_disk: Path, stored: Any) -> None:
    stored.root = small_disk
    one = open_spool(data_dir=small_disk)
    one.append(TRACES, b"kept", 1).result(5)
    one.close()
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space left"), filler.open("wb", buffering=0) as file:
        while file.write(bytes(4096)):
            pass
    os.truncate(filler, filler.stat().st_size - 8192)  # for the lock file, which says who owns the spool
    two = open_spool(data_dir=small_disk)
    with pytest.raises(SpoolUnwritable):
        two.append(TRACES, bytes(1_000_000), 1).result(5)
    filler.unlink()
    two.append(TRACES, b"taken", 1).result(5)
    two.close()
    assert stored.bodies() == [b"kept", b"taken"]


def test_somebody_elses_removal_is_noticed(open_spool: Any, stored: Any) -> None:
    counters = Counters()
    folder = stored.root / "spool" / "traces"
    one = open_spool(counters=counters)
    one.append(TRACES, b"lost", 1).result(5)
    until(lambda: bool(segment_numbers(folder, SEALED)))
    segment_path(folder, 1, SEALED).unlink()
    until(lambda: one.state().bytes == 0)
    assert counters.value("lost_segments", "traces") == 1
