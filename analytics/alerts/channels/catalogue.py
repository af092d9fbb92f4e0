"""The channels that the settings name."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from analytics.alerts.channels.alertmanager import Alertmanager
from analytics.alerts.channels.contract import Channel
from analytics.alerts.channels.opsgenie import Opsgenie
from analytics.alerts.channels.pagerduty import PagerDuty
from analytics.alerts.channels.slack import Slack
from analytics.alerts.channels.teams import Teams
from analytics.alerts.channels.transport import Address
from analytics.alerts.channels.webhook import Webhook
from spanledger.errors import BadSetting
from spanledger.settings import Settings

SHORT = {"pagerduty": "events.pagerduty.com", "opsgenie": "api.opsgenie.com"}
KINDS: dict[str, Callable[[str, Address], Channel]] = {
    "alertmanager": Alertmanager,
    "opsgenie": Opsgenie,
    "pagerduty": PagerDuty,
    "slack": Slack,
    "teams": Teams,
    "webhook": Webhook,
}
KEYED = frozenset({"opsgenie", "pagerduty", "webhook"})
NAME = re.compile(r"[\w.-]{1,50}")


def channels(settings: Settings) -> dict[str, Channel]:
    """By name. BadSetting names the channel that is wrong and nothing of its URL."""
    found: dict[str, Channel] = {}
    for number, secret in enumerate(settings.alert_channels, 1):
        name, equals, url = secret.get_secret_value().partition("=")
        name = name.strip()
        if not equals or not NAME.fullmatch(name):
            raise BadSetting(f"SPANLEDGER_ALERT_CHANNELS, line {number}: write name=url.")
        if name in found:
            raise BadSetting(f"SPANLEDGER_ALERT_CHANNELS: two channels are named {name!r}.")
        found[name] = _channel(name, url.strip())
    return found


def _channel(name: str, url: str) -> Channel:
    scheme = url.partition("://")[0].lower()
    kind, _, transport = scheme.partition("+")
    if kind not in KINDS:
        from analytics.alerts.channels.others import other  # noqa: PLC0415 - apprise takes a second to import

        return other(name, url)
    rest = url.partition("://")[2]
    if not transport and kind in SHORT:
        transport, rest = "https", f"{rest.strip('/')}@{SHORT[kind]}"
    address = _address(name, f"{transport}://{rest}")
    if kind in KEYED and not address.user:
        raise BadSetting(f"SPANLEDGER_ALERT_CHANNELS: the URL of {name!r} has no key before the @.")
    return KINDS[kind](name, address)


def _address(name: str, url: str) -> Address:
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        fine = False
    if not fine:
        raise BadSetting(f"SPANLEDGER_ALERT_CHANNELS: the URL of {name!r} is not of the form kind+https://host/…")
    return Address.of(url)
