"""The analyze process: it settles and runs jobs, and nothing else."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

from analytics.alerts.loop import Alerting
from analytics.jobs.runner import Runner
from analytics.jobs.schedule import Schedule
from analytics.settling.loop import SettlingLoop
from analytics.triage.room import TriageRoom
from spanledger.cli.alert_probes import late_jobs
from spanledger.cli.card_maker import card_maker
from spanledger.engine import open_engine
from spanledger.settings import Settings
from spanledger.upgrade import upgrade


def analyze_until_signal(settings: Settings, *, ready: Callable[[], None]) -> None:
    """Settle and run jobs until SIGTERM or SIGINT; `ready` is called once the engine has been opened and migrated."""
    engine = open_engine(settings, role="analyze")
    try:
        for _ in upgrade(engine, settings):
            pass
        loop = SettlingLoop(engine, settings)
        schedule = Schedule(Runner(engine, settings, f"analyze {os.getpid()}"))
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.ask_to_stop())
        maker = card_maker(engine, settings, TriageRoom(engine, settings))
        alerting = Alerting(engine, settings, late_jobs(schedule.progress), maker)
        schedule.start()
        alerting.start()
        try:
            ready()
            loop.run()
        finally:
            schedule.stop()
            alerting.stop()
    finally:
        engine.close()
