"""Background work lets inserts pass, and not for ever."""

from __future__ import annotations

import threading
import time

import pytest

from spanledger.engine import Engine
from spanledger.right_of_way import Patience, RightOfWay


def test_nobody_waits_on_a_free_way() -> None:
    assert RightOfWay().give(10) < 1


def test_work_waits_until_the_last_of_the_urgent_is_done() -> None:
    way, passed = RightOfWay(), threading.Event()

    def pass_by() -> None:
        way.give(60)
        passed.set()

    waiting = threading.Thread(target=pass_by)
    with way.taken():
        with way.taken():
            waiting.start()
        assert not passed.wait(0.05)
    assert passed.wait(20)
    waiting.join()


def test_an_urgent_work_that_fails_is_over() -> None:
    way = RightOfWay()
    with pytest.raises(ValueError, match="bad"), way.taken():
        raise ValueError("bad")
    assert way.give(10) < 1


def test_patience_ends() -> None:
    way = RightOfWay()
    patience = Patience(way)
    patience.seconds = 0.05
    with way.taken():
        begun = time.monotonic()
        for _ in range(1000):
            patience.wait()
        assert 0.04 < time.monotonic() - begun < 10
    assert patience.seconds <= 0


def test_only_statements_that_change_something_wait(engine: Engine) -> None:
    waits: list[int] = []
    patient = engine.after(lambda: waits.append(1))
    patient.rows("SELECT 1")
    engine.command("SELECT 1")
    assert not waits
    patient.command("SELECT 1")
    assert len(waits) == 1
