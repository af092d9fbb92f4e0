"""Makes cards beside the pages: a page waits for its card a few seconds at most, and goes out without one then.

One thread makes them, in the order in which alerts fire. A page that is tried again gets the card that was late.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from analytics.alerts.life import Alert
from analytics.alerts.message import Card, CardMaker, no_card
from spanledger.errors import SpanledgerError

logger = logging.getLogger(__name__)

PATIENCE = 10.0
"""Seconds that a page is held back for its card, counted from when the alert fired: of a hundred that fire together
none waits longer."""
MOST_WAITING = 50
"""So many cards wait to be made; alerts beyond go without."""
KEPT = 1000


@dataclass
class _Order:
    alert: Alert
    until: float
    done: threading.Event = field(default_factory=threading.Event)
    card: Card | None = None


class CardDesk:
    """Cards by alert and episode. Thread-safe."""

    def __init__(self, make: CardMaker, patience: float | None = None) -> None:
        self._make, self._patience = make, PATIENCE if patience is None else patience
        self._orders: OrderedDict[tuple[str, int], _Order] = OrderedDict()
        self._waiting: deque[_Order] = deque()
        self._lock = threading.Condition()
        self._thread: threading.Thread | None = None

    def expect(self, alerts: Iterable[Alert]) -> None:
        """Begin with the cards of alerts that are about to be told."""
        if self._make is no_card:
            return
        with self._lock:
            for alert in alerts:
                self._order(alert)

    def card(self, alert: Alert) -> Card | None:
        """The card, as soon as it is there; when it takes too long, one that says so."""
        if self._make is no_card:
            return None
        with self._lock:
            order = self._order(alert)
        if order is None:
            return Card("No card: too many alerts at once.")
        if order.done.wait(max(0.0, order.until - time.monotonic())):
            return order.card
        return Card(f"No card yet: it was not ready within {self._patience:.0f} s.")

    def made(self, alert: Alert) -> Card | None:
        """The card if it is there already."""
        with self._lock:
            order = self._orders.get((alert.alert_id, alert.episode))
        return order.card if order and order.done.is_set() else None

    def _order(self, alert: Alert) -> _Order | None:
        """The order of an alert's episode, placed if it is new; None when too many wait."""
        key = (alert.alert_id, alert.episode)
        if key not in self._orders:
            if len(self._waiting) >= MOST_WAITING:
                return None
            order = self._orders[key] = _Order(alert, time.monotonic() + self._patience)
            self._waiting.append(order)
            while len(self._orders) > KEPT:
                self._orders.popitem(last=False)
            self._lock.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="cards", daemon=True)
                self._thread.start()
        return self._orders[key]

    def _run(self) -> None:
        while True:
            with self._lock:
                self._lock.wait_for(lambda: bool(self._waiting))
                order = self._waiting.popleft()
            order.card = self._made(order.alert)
            order.done.set()

    def _made(self, alert: Alert) -> Card | None:
        """A card that can't be made is one that says so: it keeps no page back."""
        try:
            return self._make(alert)
        except SpanledgerError as error:
            logger.warning("The card of alert %s can't be made: %s", alert.alert_id, error)
            return Card(f"No card: {error}")
        except Exception as error:
            logger.warning("The card of alert %s can't be made: %s", alert.alert_id, error, exc_info=True)
            return Card(f"No card: making it failed ({type(error).__name__}).")
