"""The analyze process: it settles, and nothing else."""

from __future__ import annotations

import signal
from collections.abc import Callable

from analytics.settling.loop import SettlingLoop
from spanledger.engine import open_engine
from spanledger.settings import Settings
from spanledger.upgrade import upgrade


def analyze_until_signal(settings: Settings, *, ready: Callable[[], None]) -> None:
    """Settle until SIGTERM or SIGINT; `ready` is called once the engine has been opened and migrated."""
    engine = open_engine(settings, role="analyze")
    try:
        for _ in upgrade(engine, settings):
            pass
        loop = SettlingLoop(engine, settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.ask_to_stop())
        ready()
        loop.run()
    finally:
        engine.close()
