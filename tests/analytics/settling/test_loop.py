"""The loop: it goes on whatever a step meets, is told to stop, and does nothing while another process settles."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from analytics.settling.loop import PATIENCE_SECONDS, SettlingLoop
from analytics.settling.step import Settler
from spanledger.engine import Engine
from spanledger.errors import EngineUnavailable
from spanledger.right_of_way import RightOfWay
from spanledger.settings import Settings
from tests.analytics.settling.ledger import Ledger, call, trace


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not what():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def quick(settings: Settings) -> Settings:
    return settings.model_copy(update={"settle_every_seconds": 0.05, "settle_after_seconds": 0.5})


def test_it_settles_what_comes(ledger: Ledger, quick: Settings) -> None:
    ledger.add(call(trace(1), 1), at=0)
    loop = SettlingLoop(ledger.engine, quick)
    assert loop.lag_seconds is None
    loop.start()
    wait_for(lambda: loop.progress.traces == 1)
    loop.stop()
    assert loop.progress.spans == 1
    assert loop.lag_seconds is not None
    assert loop.lag_seconds < 60
    ledger.check_usage()
    assert ledger.one("SELECT sum(spans) AS spans, sum(traces) AS traces FROM settle_steps") == {
        "spans": 1,
        "traces": 1,
    }


def test_a_step_lets_an_insert_pass_and_not_when_spans_wait_behind_it(ledger: Ledger, quick: Settings) -> None:
    ledger.add(call(trace(1), 1), at=0)
    way = RightOfWay()
    loop = SettlingLoop(ledger.engine, quick, way=way)
    with way.taken():
        loop.start()
        time.sleep(0.3)
        assert (loop.progress.steps, loop.progress.problem) == (0, "")
    wait_for(lambda: loop.progress.traces == 1)
    loop.stop()
    loop._behind = True
    with way.taken():
        begun = time.monotonic()
        loop._step()
        assert loop._patience.seconds == 0
        assert time.monotonic() - begun < PATIENCE_SECONDS


def test_it_goes_on_after_a_failure(
    ledger: Ledger, quick: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, failures = (
        Settler.step,
        [EngineUnavailable("no memory", 241), ValueError("a bug"), EngineUnavailable("no disk")],
    )

    def step(settler: Settler, quiet_seconds: float | None) -> object:
        if failures:
            raise failures.pop()
        return real(settler, quiet_seconds=quiet_seconds)

    monkeypatch.setattr(Settler, "step", step)
    loop = SettlingLoop(ledger.engine, quick)
    loop.start()
    wait_for(lambda: loop.progress.steps > 0)
    loop.stop()
    assert (loop.progress.failures, loop.progress.problem) == (3, "")
    assert [record.message for record in caplog.records] == ["Settling will be tried again: no disk"]


def test_one_process_settles_on_a_server(ledger: Ledger, quick: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger.engine, "embedded", False)
    one, other = SettlingLoop(ledger.engine, quick), SettlingLoop(ledger.engine, quick)
    assert [one._may_settle(), other._may_settle(), one._may_settle()] == [True, False, True]
    one._step()
    assert (one.progress.steps, one.progress.problem) == (1, "")
    monkeypatch.setattr("analytics.settling.loop.LEASE_SECONDS", 0)
    assert one._may_settle()
    wait_for(other._may_settle)


def test_it_stops_at_once_between_steps(engine: Engine, settings: Settings) -> None:
    loop = SettlingLoop(engine, settings.model_copy(update={"settle_every_seconds": 3600.0}))
    loop.start()
    wait_for(lambda: loop.progress.steps > 0)
    started = time.monotonic()
    loop.stop()
    assert time.monotonic() - started < 2
    assert "settling" not in [thread.name for thread in threading.enumerate()]
