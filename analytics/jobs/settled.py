"""Waiting until what was accepted is settled, so that a job that somebody asks for sees what he has just sent."""

from __future__ import annotations

import time
from collections.abc import Callable, Set
from datetime import datetime
from pathlib import Path
from typing import Protocol

from analytics.settling.marks import SETTLED, TOUCHED, read_marks, text
from analytics.settling.step import Settler
from spanledger import sql
from spanledger.engine import Engine
from spanledger.moments import as_parameter
from spanledger.settings import Settings

WAIT_SECONDS = 25.0
"""Settling takes whole slices of ten seconds, a second after their end; beyond this it is not keeping up."""
STEP_SECONDS = 0.2
BEHIND = Path(__file__).with_name("behind.sql")
NOW = Path(__file__).with_name("now.sql")


class Settling(Protocol):
    """Whoever settles."""

    def hurry(self, until: float) -> None:
        """Settle what came before `until` (Unix seconds) as soon as can be."""
        ...


class OwnSettling:
    """Settles by itself, for a command on data that no service owns."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._settler = Settler(engine, settings)

    def hurry(self, until: float) -> None:  # noqa: ARG002 - a step settles all that it can
        """Take steps as long as spans wait."""
        while self._settler.step(quiet_seconds=0).window.more:
            pass


class Settled:
    """What a job that is asked for waits for."""

    def __init__(
        self,
        engine: Engine,
        settling: Settling,
        spooled: Callable[[], Set[int]] = frozenset,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._engine = engine
        self._settling = settling
        self._spooled = spooled
        self._clock = clock
        self._sleep = sleep
        self._mark = SETTLED if engine.embedded else TOUCHED
        """On a server another process may settle, which can't be asked to hurry with traces that are not quiet."""

    def wait(self, until: datetime) -> bool:
        """Wait, for a while, until all spans before `until` that were accepted by now count; False: not all do."""
        end = self._clock() + WAIT_SECONDS
        waiting = self._spooled()
        while waiting & self._spooled():
            if not self._pause(end):
                return False
        [[asked]] = self._engine.rows(sql.read(NOW))
        while self._behind(int(asked), until):
            self._settling.hurry(asked / 1000)
            if not self._pause(end):
                return False
        return True

    def _behind(self, asked: int, until: datetime) -> bool:
        values = {"settled": text(read_marks(self._engine)[self._mark]), "asked": text(asked)}
        [[behind]] = self._engine.rows(sql.read(BEHIND), {**values, "to": as_parameter(until)})
        return bool(behind)

    def _pause(self, end: float) -> bool:
        if self._clock() >= end:
            return False
        self._sleep(STEP_SECONDS)
        return True
