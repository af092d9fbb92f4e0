"""The engine process: it holds the engine, drains the spool, settles, runs jobs, and serves the API and the pages."""

from __future__ import annotations

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable

import uvicorn

from analytics.alerts.loop import Alerting
from analytics.alerts.room import AlertRoom
from analytics.jobs.runner import Runner
from analytics.jobs.schedule import Schedule
from analytics.jobs.service import JobService
from analytics.jobs.settled import Settled
from analytics.settling.loop import SettlingLoop
from analytics.triage.room import TriageRoom
from api.app import create_app
from collector.drain import Drain, drains
from collector.quarantine import Quarantine
from collector.scores import ScoreTaker
from spanledger.access.office import Office
from spanledger.calm_server import CalmServer
from spanledger.cli.alert_probes import probes
from spanledger.cli.analysis_metrics import JobMetrics, SettlingMetrics
from spanledger.cli.card_maker import card_maker
from spanledger.cli.console import configured, say
from spanledger.cli.engine_status import EngineStatus
from spanledger.cli.explain_apart import ExplainApart
from spanledger.cli.waiting_room import WaitingRoom
from spanledger.deletion import forget_alerts
from spanledger.engine import Engine, open_engine
from spanledger.errors import BadSetting, EngineUnavailable, SpanledgerError
from spanledger.ownership import Ownership
from spanledger.retention import drop_old
from spanledger.right_of_way import RightOfWay
from spanledger.settings import Settings
from spanledger.upgrade import upgrade

logger = logging.getLogger(__name__)

RETENTION_SECONDS = 3600.0
CONNECT_SECONDS = 2.0
STOP_SECONDS = 5


class EngineService:
    """Engine, drains, settling, jobs, housekeeping and API of one process."""

    def __init__(self, settings: Settings, *, role: str) -> None:
        self._settings = settings
        self._role = role
        self._stop = threading.Event()
        self._server: CalmServer | None = None

    def run(self, ready: Callable[[str], None]) -> None:
        """Serve until `stop`; `ready` is called with the base URL once requests are answered."""
        listener = _listen(self._settings)
        draining = Ownership.take(self._settings.data_dir / "drain.lock", self._role)
        try:
            engine = self._open(WaitingRoom(listener))
            if engine is None:
                return
            try:
                self._serve(engine, listener, ready)
            finally:
                engine.close()
        finally:
            listener.close()
            draining.release()

    def stop(self) -> None:
        """Ask `run` to finish what is under way and return."""
        self._stop.set()
        if self._server:
            self._server.stop()

    def _open(self, room: WaitingRoom) -> Engine | None:
        """The migrated engine; a server that is away is waited for. None when told to stop meanwhile."""
        said = False
        try:
            while not self._stop.is_set():
                try:
                    return self._migrated(open_engine(self._settings, role=self._role))
                except EngineUnavailable as error:
                    if not said:
                        logger.warning("Waiting for ClickHouse: %s", error)
                        room.open()
                    said = True
                    self._stop.wait(CONNECT_SECONDS)
            return None
        finally:
            room.close()

    def _migrated(self, engine: Engine) -> Engine:
        try:
            for step in upgrade(engine, self._settings):
                logger.info("%s", step)
        except SpanledgerError:
            engine.close()
            raise
        return engine

    def _serve(self, engine: Engine, listener: socket.socket, ready: Callable[[str], None]) -> None:
        way = RightOfWay()
        draining = drains(engine, self._settings.data_dir, way)
        settling = SettlingLoop(engine, self._settings, way=way)
        runner = Runner(engine, self._settings, f"{self._role} {os.getpid()}")
        schedule = Schedule(runner)
        analyses = JobService(runner, Settled(engine, settling, _spooled(draining)))
        metrics = (SettlingMetrics(settling), JobMetrics(engine, schedule))
        status = EngineStatus(engine, self._settings, draining, metrics)
        quarantine = Quarantine(engine, self._settings.data_dir, time.time)
        triages = TriageRoom(engine, self._settings)
        maker = card_maker(engine, self._settings, triages)
        alerting = Alerting(engine, self._settings, probes(self._settings, schedule.progress), maker)
        alarms = AlertRoom(engine, self._settings, alerting.nudge)
        office = Office(engine, self._settings)
        app = create_app(
            engine,
            self._settings,
            status,
            quarantine,
            analyses,
            alarms=alarms,
            triages=triages,
            explain=ExplainApart(),
            office=office,
            judgements=ScoreTaker(engine),
        )
        config = uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            loop="uvloop",
            http="httptools",
            timeout_graceful_shutdown=STOP_SECONDS,
        )
        self._server = CalmServer(config)
        if self._stop.is_set():  # told before there was a server to tell
            return
        housekeeping = threading.Thread(target=self._keep_house, args=(engine,), name="housekeeping", daemon=True)
        announcer = threading.Thread(target=self._announce, args=(engine, listener, ready), daemon=True)
        office.start()
        for drain in draining:
            drain.start()
        settling.start()
        schedule.start()
        alerting.start()
        housekeeping.start()
        announcer.start()
        try:
            self._server.run(sockets=[listener])
        finally:
            self._stop.set()
            schedule.ask_to_stop()
            alerting.ask_to_stop()
            settling.ask_to_stop()
            _stop_all(draining)
            settling.stop()
            schedule.stop()
            alerting.stop()
            housekeeping.join(STOP_SECONDS)
            office.stop()

    def _announce(self, engine: Engine, listener: socket.socket, ready: Callable[[str], None]) -> None:
        while not (self._server and self._server.started):
            if self._stop.wait(0.01):
                return
        host, port = listener.getsockname()[:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        engine.announce(address)
        ready(address)

    def _keep_house(self, engine: Engine) -> None:
        while not self._stop.is_set():
            try:
                for table, day in drop_old(engine, self._settings):
                    logger.info("Dropped %s of %s: older than its retention.", table, day)
                forget_alerts(engine)
            except SpanledgerError as error:
                logger.warning("Retention will be tried again in an hour: %s", error)
            self._stop.wait(RETENTION_SECONDS)


def _spooled(draining: list[Drain]) -> Callable[[], frozenset[int]]:
    """Which segments of spans are not in the engine yet."""
    return next(drain.pending for drain in draining if drain.name == "traces")


def _stop_all(draining: list[Drain]) -> None:
    for drain in draining:
        drain.stop()


def _listen(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host.strip("[]"), settings.http_port))
    except OSError as error:
        listener.close()
        raise BadSetting(
            f"Port {settings.http_port} of {settings.host} can't be opened: {error.strerror}. "
            "Stop what uses it, or set SPANLEDGER_HTTP_PORT."
        ) from error
    listener.listen(512)
    return listener


def serve() -> None:
    """Only the engine's side: drain this data directory's spool, answer the API and the pages."""
    _serve_until_signal(EngineService(configured(), role="serve"), lambda address: say(f"API and pages {address}"))


def _serve_until_signal(service: EngineService, ready: Callable[[str], None]) -> None:
    """Until SIGTERM or SIGINT.

    An error that ends one of its threads, a drain for one, ends the process by being raised here: it is started again.
    """
    failures: list[BaseException] = []

    def on_failure(failure: threading.ExceptHookArgs) -> None:
        logger.critical("The thread %s ended.", failure.thread, exc_info=failure.exc_value)
        if failure.exc_value:
            failures.append(failure.exc_value)
        service.stop()

    threading.excepthook = on_failure
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: service.stop())
    service.run(ready)
    if failures:
        raise failures[0]
