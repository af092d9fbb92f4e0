"""What all channels have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from analytics.alerts.message import Message


class Refused(Exception):
    """The receiver has not taken it. The sentence holds no address and no key."""

    def __init__(self, sentence: str, *, retry_after: float | None = None, only_this: bool = False) -> None:
        self.retry_after = retry_after
        """Seconds that the receiver asks for."""
        self.only_this = only_this
        """The receiver works; it is this message that it does not like."""
        super().__init__(sentence)


class Channel(Protocol):
    """One receiver. `send` returns when it has taken the messages, else it raises Refused."""

    @property
    def name(self) -> str:
        """As the settings name it."""
        ...

    @property
    def kind(self) -> str:
        """Of which sort it is."""
        ...

    @property
    def batch(self) -> int:
        """Messages that go in one request."""
        ...

    def send(self, messages: Sequence[Message]) -> None:
        """Hand messages over. Of one alert there is at most one among them."""
        ...
