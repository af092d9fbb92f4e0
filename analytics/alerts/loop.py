"""The thread that evaluates and the threads that deliver, one a channel."""

from __future__ import annotations

import logging
import random
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from analytics.alerts.card_desk import CardDesk
from analytics.alerts.channels.catalogue import channels as channels_of
from analytics.alerts.channels.contract import Channel
from analytics.alerts.emergency import ENGINE_ALERT, Emergency
from analytics.alerts.evaluator import Evaluator
from analytics.alerts.journal import Journal, Owed
from analytics.alerts.life import Alert, Change, Event
from analytics.alerts.message import CARDED, CardMaker, Message, message, no_card
from analytics.alerts.outlet import Health, Outlet
from analytics.alerts.rulebook import Rulebook
from analytics.alerts.self_checks import Probes
from analytics.settling.lease import Lease
from spanledger.engine import Engine
from spanledger.errors import SpanledgerError
from spanledger.moments import as_parameter
from spanledger.settings import Settings

logger = logging.getLogger(__name__)

BEAT_SECONDS = 2.0
"""How soon an acknowledgement of another process is seen."""
LEASE_SECONDS = 120
STOP_SECONDS = 20.0
REPEAT_KIND = "alertmanager"
"""It forgets what is not said again."""


def utc_now() -> datetime:
    """The clock of this machine."""
    return datetime.now(UTC)


class Alerting:
    """Alerts of one process. On a server one process of all evaluates and delivers."""

    def __init__(  # noqa: PLR0913, PLR0917  (what is outside of it)
        self,
        engine: Engine,
        settings: Settings,
        probes: Probes | None = None,
        make_card: CardMaker = no_card,
        clock: Callable[[], datetime] = utc_now,
        chance: Callable[[], float] = random.random,
        channels: Mapping[str, Channel] | None = None,
    ) -> None:
        self._settings, self._clock = settings, clock
        self._cards = CardDesk(make_card)
        there = channels_of(settings) if channels is None else dict(channels)
        self._journal = Journal(engine)
        self._emergency = Emergency(settings.data_dir, tuple(there))
        dead_after = timedelta(seconds=settings.alert_channel_dead_after_seconds)
        self.outlets = {
            name: Outlet(channel, self._message, self._record, clock, chance, dead_after)
            for name, channel in there.items()
        }
        rulebook = Rulebook(settings.alert_rules_file, tuple(there))
        self._evaluator = Evaluator(engine, settings, self._journal, rulebook, probes or Probes())
        self._lease = Lease(engine, "alerts_lease", secrets.token_hex(8))
        self._loaded = False
        self._looked_at: datetime | None = None
        self._told: dict[str, tuple[str, str, int]] = {}
        self._problem = ""
        self._wake, self._stop = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._run, name="alerts", daemon=True)]
        self._threads += [
            threading.Thread(target=self._deliver, args=(outlet,), name=f"alerts to {name}", daemon=True)
            for name, outlet in self.outlets.items()
        ]

    def start(self) -> None:
        """Begin, unless the settings say not to."""
        if self._settings.alert_schedule == "on":
            for thread in self._threads:
                thread.start()

    def nudge(self) -> None:
        """Somebody asked for something."""
        self._wake.set()

    def ask_to_stop(self) -> None:
        """End after what is under way."""
        self._stop.set()
        self._wake.set()
        for outlet in self.outlets.values():
            outlet.woken.set()

    def stop(self) -> None:
        """End. What has not been sent is sent after the next start."""
        self.ask_to_stop()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(STOP_SECONDS)

    def healths(self) -> list[Health]:
        """How the channels are."""
        return [outlet.health() for outlet in self.outlets.values()]

    def beat(self) -> None:
        """Do what is due. What goes wrong is said, paged if it lasts, and tried again."""
        now = self._clock()
        try:
            if self._leads():
                self._work(now)
            self._problem = ""
            self._put(self._emergency.works(now))
        except SpanledgerError as error:
            if not self._problem:
                logger.warning("Alerts will be tried again: %s", error)
            self._problem = str(error)
            self._put(self._emergency.failed(str(error), now))

    def _leads(self) -> bool:
        """Whether this process does it; on the change of that, what waits is read or forgotten."""
        if not self._lease.take(LEASE_SECONDS):
            if self._loaded:
                self._loaded = False
                for outlet in self.outlets.values():
                    outlet.clear()
            return False
        if not self._loaded:
            self._evaluator.load()
            owed = self._journal.owed()
            for outlet in self.outlets.values():
                outlet.clear()
            self._put([*owed, *self._emergency.waiting()])
            self._loaded = True
        return True

    def _work(self, now: datetime) -> None:
        self._put(self._evaluator.hear(now))
        every = timedelta(seconds=self._settings.alert_every_seconds)
        if self._looked_at and now - self._looked_at < every:
            return
        self._looked_at = now
        healths = self.healths()
        self._put(self._evaluator.look(healths, now))
        self._tell_channels(healths, now)
        self._repeat(now)

    def _put(self, owed: Sequence[Owed]) -> None:
        """To the outlets; a channel that the settings lack may come back within a week."""
        by_channel: dict[str, list[Owed]] = {}
        for one in owed:
            by_channel.setdefault(one.channel, []).append(one)
        self._cards.expect(one.change.alert for one in owed if one.change.event in CARDED)
        for name, messages in by_channel.items():
            if name in self.outlets:
                self.outlets[name].put(messages)

    def _repeat(self, now: datetime) -> None:
        """Say to channels that forget what fires."""
        for outlet in self.outlets.values():
            if outlet.channel.kind == REPEAT_KIND:
                outlet.repeat(
                    [
                        self._repeated(alert, outlet.channel.name, now)
                        for alert in self._evaluator.standing()
                        if outlet.channel.name in alert.memory.told
                    ]
                )

    def _message(self, owed: Owed) -> Message:
        return message(owed.change, owed.at, self._settings.public_url, self._cards.card)

    def _repeated(self, alert: Alert, channel: str, now: datetime) -> Message:
        """With the card that there is: what is said each minute waits for none."""
        return message(Change(alert, Event.TRIGGER, (channel,)), now, self._settings.public_url, self._cards.made)

    def _record(self, rows: Sequence[tuple[Owed, int]], error: str, at: datetime) -> None:
        for owed, _ in rows:
            if owed.change.alert.alert_id == ENGINE_ALERT and not error:
                self._emergency.taken(owed)
        self._journal.delivered([row for row in rows if row[0].change.alert.alert_id != ENGINE_ALERT], error, at)

    def _tell_channels(self, healths: Sequence[Health], now: datetime) -> None:
        rows = []
        for health in healths:
            said = (health.state, health.error, health.waiting)
            if self._told.get(health.channel) != said:
                self._told[health.channel] = said
                rows.append({
                    "channel": health.channel, "kind": health.kind, "state": health.state, "error": health.error,
                    "since": as_parameter(health.since), "waiting": health.waiting, "at": as_parameter(now),
                    "sent_at": as_parameter(health.sent_at) if health.sent_at else None,
                })  # fmt: skip
        self._journal.write_channels(rows)

    def _run(self) -> None:
        while not self._stop.is_set():
            self.beat()
            self._wake.wait(BEAT_SECONDS)
            self._wake.clear()

    def _deliver(self, outlet: Outlet) -> None:
        while not self._stop.is_set():
            if not outlet.step():
                outlet.woken.wait(1.0)
                outlet.woken.clear()
