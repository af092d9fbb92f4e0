"""The analyze process: it settles and runs jobs, and nothing else."""

from __future__ import annotations

import os
import signal

from analytics.alerts.loop import Alerting
from analytics.jobs.runner import Runner
from analytics.jobs.schedule import Schedule
from analytics.settling.loop import SettlingLoop
from analytics.triage.room import TriageRoom
from spanledger.cli.alert_probes import late_jobs
from spanledger.cli.card_maker import card_maker
from spanledger.cli.console import configured, say
from spanledger.engine import open_engine
from spanledger.upgrade import upgrade


def analyze() -> None:
    """Only settling and jobs, for a ClickHouse server: `serve` does both too, and one process at a time."""
    settings = configured()
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
            say("Settling")
            loop.run()
        finally:
            schedule.stop()
            alerting.stop()
    finally:
        engine.close()
