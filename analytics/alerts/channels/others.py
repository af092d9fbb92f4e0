"""E-mail, and all other services that apprise knows. Its own logging is off: it would tell addresses."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import apprise
from apprise.attachment.memory import AttachMemory

from analytics.alerts.channels.contract import Refused
from analytics.alerts.life import Event
from analytics.alerts.message import Message
from spanledger.errors import BadSetting

BOUNDS = {"cto": "5", "rto": "10", "verify": "yes", "redirect": "no"}
"""Seconds to connect and to read; certificates are checked."""
KINDS = {Event.RESOLVE: apprise.NotifyType.SUCCESS, Event.ACKNOWLEDGE: apprise.NotifyType.INFO}


@dataclass(frozen=True)
class Other:
    """`mailtos://user:password@host?to=…`, or any other URL of apprise."""

    name: str
    service: apprise.NotifyBase = field(repr=False)
    kind: str = "email"
    batch: int = 1

    def send(self, messages: Sequence[Message]) -> None:
        """Through apprise, which says only whether it went."""
        for message in messages:
            if not self.service.notify(
                title=message.headline, body=message.body(), body_format=apprise.NotifyFormat.TEXT,
                notify_type=KINDS.get(message.event, apprise.NotifyType.FAILURE), attach=_picture(message),
            ):  # fmt: skip
                raise Refused("It was not taken, or there is no way to it.")


def other(name: str, url: str) -> Other:
    """The channel of a URL of apprise; BadSetting when it knows none."""
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    service = apprise.Apprise.instantiate(_bounded(url), suppress_exceptions=True)
    if not isinstance(service, apprise.NotifyBase):
        raise BadSetting(f"SPANLEDGER_ALERT_CHANNELS: the URL of the channel {name!r} is of no form that is known.")
    return Other(name, service, "email" if urlsplit(url).scheme in ("mailto", "mailtos") else urlsplit(url).scheme)


def _bounded(url: str) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *BOUNDS.items()])))


def _picture(message: Message) -> Any:
    if not message.card or not message.card.png:
        return None
    return apprise.AppriseAttachment(_attachment(message.card.png))


def _attachment(png: bytes) -> Any:
    return AttachMemory(png, name="card.png", mimetype="image/png")  # type: ignore[no-untyped-call]
