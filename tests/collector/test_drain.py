from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from collector.attempt import Attempt
from collector.drain import CRASHES, OUT_OF_MEMORY
from collector.identity import read_identity
from collector.segment import DONE, SEALED
from collector.signals import LOGS, METRICS, SIGNALS, TRACES, Signal
from spanledger.engine import Engine
from spanledger.errors import EngineUnavailable, QueryFailed
from tests.collector.conftest import Shop
from tests.waiting import until

MEALS = 3
"""Tries before a segment that gets no memory is split; more of them prove nothing more."""
UNKNOWN_GROUP = b"\xa3\x3e\x08\x01\xa4\x3e"
"""A field of number 996 in the group form of protobuf 1: our parser skips it, the engine refuses it."""


def _flip_byte(path: Path, offset: int) -> None:
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x10
    path.write_bytes(data)


def test_a_segment_goes_in_and_is_done(shop: Shop) -> None:
    shop.accept(shop.body("a", "b"), shop.body("c"), items=2)
    assert shop.drain.drain_all() == 1
    assert shop.names() == {"a": 1, "b": 1, "c": 1}
    assert shop.segment(DONE)
    assert (shop.drain.progress.items, shop.drain.progress.segments, shop.drain.progress.waiting) == (4, 1, 0)
    assert shop.drain.drain_all() == 0
    assert not list(shop.data_dir.glob("drain-*"))


@pytest.mark.parametrize("days", [[0], [0, 1, 400]], ids=["one day", "three days"])
def test_a_crash_before_the_rename_doubles_nothing(shop: Shop, days: Sequence[int]) -> None:
    shop.accept(shop.body("a", "b", "c", days=days), shop.body("d"))
    before = shop.segment().read_bytes()
    for _ in range(3):
        shop.new_drain().drain_all()
        done = shop.segment(DONE)
        done.rename(done.with_suffix(SEALED))
    assert shop.segment().read_bytes() == before
    assert shop.names() == {"a": 1, "b": 1, "c": 1, "d": 1}


def test_before_the_first_spool_there_is_nothing_to_drain(shop: Shop) -> None:
    assert shop.drain.drain_all() == 0
    shop.drain.start()
    shop.accept(shop.body("a"))
    until(lambda: shop.names() == {"a": 1})
    shop.drain.stop()
    assert not shop.drain.progress.problem


@pytest.mark.usefixtures("cure")
@pytest.mark.parametrize("place", [0, 3])
def test_only_the_poisonous_request_is_quarantined(shop: Shop, place: int) -> None:
    bodies = [shop.body(f"a{number}", f"b{number}") for number in range(4)]
    bodies[place] = poison = shop.body("poison", "beside it")
    shop.accept(*bodies, items=2)
    shop.drain.drain_all()
    good = {f"{letter}{number}": 1 for letter in "ab" for number in range(4) if number != place}
    assert shop.names() == good
    assert shop.segment(DONE)
    [[_, items, reason, state]] = shop.rejected()
    assert (items, state) == (2, "quarantined")
    assert "It is poison" in reason
    [(name, kept)] = shop.kept().items()
    assert name.endswith(".otlp")
    assert kept.endswith(poison)
    assert (shop.drain.progress.items, shop.drain.progress.quarantined) == (6, 1)


@pytest.mark.usefixtures("cure")
def test_all_may_be_poisonous(shop: Shop) -> None:
    shop.accept(shop.body("poison", "a"), shop.body("poison", "b"))
    shop.drain.drain_all()
    assert not shop.names()
    assert len(shop.rejected()) == len(shop.kept()) == 2


def test_a_split_segment_stays_split(shop: Shop, cure: Callable[[], None], engine: Engine) -> None:
    """What was inserted in parts isn't inserted again as a whole when the engine takes the whole next time."""
    shop.accept(shop.body("a"), shop.body("b"), shop.body("c"), shop.body("poison"))
    engine.command("RENAME TABLE rejected TO rejected_away")
    try:
        with pytest.raises(QueryFailed):
            shop.drain.drain_all()
    finally:
        engine.command("RENAME TABLE rejected_away TO rejected")
    assert shop.names() == {"a": 1, "b": 1, "c": 1}
    cure()
    assert shop.new_drain().drain_all() == 1
    assert shop.names() == {"a": 1, "b": 1, "c": 1, "poison": 1}
    assert not shop.rejected()


def test_an_engine_that_takes_nothing_quarantines_nothing(shop: Shop, engine: Engine) -> None:
    shop.accept(shop.body("a"), shop.body("b"))
    engine.command("RENAME TABLE spans TO spans_away")
    try:
        for _ in range(CRASHES + 2):  # more often than a segment may kill the process
            with pytest.raises(EngineUnavailable, match="The engine takes no spans at all"):
                shop.drain.drain_all()
    finally:
        engine.command("RENAME TABLE spans_away TO spans")
    assert shop.segment()
    assert shop.drain.drain_all() == 1
    assert shop.names() == {"a": 1, "b": 1}
    assert not shop.rejected()


def test_the_thread_waits_for_the_engine_and_catches_up(shop: Shop, engine: Engine) -> None:
    engine.command("RENAME TABLE spans TO spans_away")
    try:
        shop.drain.start()
        shop.accept(shop.body("a"))
        shop.accept(shop.body("b"))
        until(lambda: shop.drain.progress.retries > 1)
        assert "The engine takes no spans at all" in shop.drain.progress.problem
        assert shop.drain.progress.waiting == 2
    finally:
        engine.command("RENAME TABLE spans_away TO spans")
    until(lambda: not shop.drain.progress.problem)
    shop.drain.stop()
    assert shop.names() == {"a": 1, "b": 1}
    assert shop.drain.progress.waiting == 0


@pytest.mark.parametrize(("share", "lost", "items"), [(0.0, "a", 0), (0.5, "c", 1), (0.99, "e", 1)])
def test_of_a_damaged_segment_only_the_damaged_request_is_quarantined(
    shop: Shop, share: float, lost: str, items: int
) -> None:
    shop.accept(*(shop.body(name) for name in "abcde"))
    path = shop.segment()
    size = path.stat().st_size
    _flip_byte(path, int(size * share))
    damaged = path.read_bytes()
    shop.drain.drain_all()
    assert shop.names() == dict.fromkeys(set("abcde") - {lost}, 1)
    start, end = (size // 5 * place for place in ("abcde".index(lost), "abcde".index(lost) + 1))
    [[token, refused, reason, _]] = shop.rejected()
    assert token.endswith(f"/damaged-{start}-{end}")
    assert (refused, "damaged" in reason) == (items, True)
    assert list(shop.kept().values()) == [damaged[start:end]]
    shop.segment(DONE).rename(path)  # as after a crash before the rename
    shop.new_drain().drain_all()
    assert shop.names() == dict.fromkeys(set("abcde") - {lost}, 1)


def test_an_empty_segment_is_done(shop: Shop) -> None:
    shop.accept(shop.body("a"))
    shop.segment().write_bytes(b"")
    assert shop.drain.drain_all() == 1
    assert shop.segment(DONE)
    assert not shop.rejected()


def test_a_segment_that_kills_the_process_is_quarantined_whole(shop: Shop) -> None:
    shop.accept(shop.body("a"), shop.body("b"))
    content = shop.segment().read_bytes()
    identity = read_identity(shop.data_dir)
    assert identity
    note = {"token": f"{identity.id}/traces/{int(shop.segment().stem)}", "starts": CRASHES}
    (shop.data_dir / "drain-traces.json").write_text(json.dumps(note))
    shop.drain.drain_all()
    assert not shop.names()
    [[_, items, reason, _]] = shop.rejected()
    assert (items, reason) == (2, f"The engine died {CRASHES} times while it inserted this segment.")
    assert list(shop.kept().values()) == [content]
    assert not (shop.data_dir / "drain-traces.json").exists()


def test_a_request_that_only_python_can_read_is_cleaned(shop: Shop) -> None:
    shop.accept(shop.body("a"), shop.body("odd") + UNKNOWN_GROUP, shop.body("b"))
    shop.drain.drain_all()
    assert shop.names() == {"a": 1, "odd": 1, "b": 1}
    assert not shop.rejected()
    done = shop.segment(DONE)
    done.rename(done.with_suffix(SEALED))
    shop.drain.drain_all()
    assert shop.names() == {"a": 1, "odd": 1, "b": 1}


@pytest.mark.usefixtures("cure")
def test_a_request_that_is_refused_cleaned_too_is_kept_as_it_came(shop: Shop) -> None:
    odd = shop.body("poison") + UNKNOWN_GROUP
    shop.accept(shop.body("a"), odd)
    shop.drain.drain_all()
    assert shop.names() == {"a": 1}
    [kept] = shop.kept().values()
    assert kept.endswith(odd)


def _log(service: str) -> bytes:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    resource.scope_logs.add().log_records.add(time_unix_nano=time.time_ns()).body.string_value = "a line"
    return bytes(request.SerializeToString())


def _metric(service: str) -> bytes:
    request = ExportMetricsServiceRequest()
    resource = request.resource_metrics.add()
    resource.resource.attributes.add(key="service.name").value.string_value = service
    metric = resource.scope_metrics.add().metrics.add(name="requests")
    metric.gauge.data_points.add(time_unix_nano=time.time_ns(), as_double=0.5)
    return bytes(request.SerializeToString())


def test_each_signal_has_its_lane(shop: Shop, engine: Engine) -> None:
    bodies = {TRACES: shop.body("a"), LOGS: _log(shop.name), METRICS: _metric(shop.name)}
    for signal, body in bodies.items():
        shop.accept(body, signal=signal)
    for signal in SIGNALS.values():
        assert shop.new_drain(signal).drain_all() == 1
    for table in ("spans", "events", "metric_points"):
        assert engine.rows(f"SELECT count() FROM {table} WHERE service = {{s:String}}", {"s": shop.name}) == [[1]]


@pytest.mark.parametrize("signal", [LOGS, METRICS], ids=lambda signal: signal.name)
def test_other_signals_are_cleaned_too(shop: Shop, engine: Engine, signal: Signal) -> None:
    body = {LOGS: _log, METRICS: _metric}[signal](shop.name) + UNKNOWN_GROUP
    shop.accept(body, signal=signal)
    shop.new_drain(signal).drain_all()
    table = {LOGS: "events", METRICS: "metric_points"}[signal]
    assert engine.rows(f"SELECT count() FROM {table} WHERE service = {{s:String}}", {"s": shop.name}) == [[1]]


def test_deaths_are_counted_and_pauses_are_not(tmp_path: Path) -> None:
    path = tmp_path / "drain-traces.json"
    assert Attempt(path, "a").deaths == 0
    assert Attempt(path, "a").deaths == 1
    second = Attempt(path, "a")
    assert second.deaths == 2
    second.pause()
    assert Attempt(path, "a").deaths == 2
    assert Attempt(path, "another").deaths == 0
    assert Attempt(path, "a").deaths == 0


def test_notes_survive_a_torn_end(tmp_path: Path) -> None:
    path = tmp_path / "drain-traces.json"
    first = Attempt(path, "a")
    first.refuse("a/0-10", "why")
    path.write_text(path.read_text() + '\n{"refused": {"a/0-')
    second = Attempt(path, "a")
    assert (second.deaths, second.refused) == (1, {"a/0-10": "why"})
    assert Attempt(path, "a").deaths == 2
    second.end()
    assert not path.exists()


def test_a_request_that_always_runs_out_of_memory_is_split_off(
    shop: Shop, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.drain.MEALS", MEALS)
    engine.command("CREATE TABLE scratch (size UInt64) ENGINE = MergeTree ORDER BY size")
    engine.command(
        "CREATE MATERIALIZED VIEW devouring TO scratch AS "
        "SELECT length(groupArray(repeat('x', 1000000))) AS size FROM otlp_spans ARRAY JOIN range(400) AS n "
        "WHERE name = 'huge' SETTINGS max_memory_usage = 100000000"
    )
    try:
        shop.accept(shop.body("a"), shop.body("huge"), shop.body("b"))
        for _ in range(3 * MEALS):
            try:
                shop.drain.drain_all()
            except EngineUnavailable as error:
                assert error.code == OUT_OF_MEMORY
            else:
                break
        assert shop.names() == {"a": 1, "b": 1}
        [[_, items, reason, state]] = shop.rejected()
        assert (items, state) == (1, "quarantined")
        assert "memory" in reason
    finally:
        engine.command("DROP VIEW devouring")
        engine.command("DROP TABLE scratch")
