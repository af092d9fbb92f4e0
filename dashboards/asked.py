"""What a page is asked: a time range, and the rest of the URL's query. All state of a page is in its URL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode

from spanledger.errors import BadRequest
from spanledger.moments import as_parameter, read_moment

RELATIVE = re.compile(r"^(?P<amount>[1-9]\d{0,3})(?P<unit>[mhdw])$")
UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
RANGES = (
    ("1h", "1 hour"),
    ("6h", "6 hours"),
    ("24h", "24 hours"),
    ("7d", "7 days"),
    ("28d", "28 days"),
    ("90d", "90 days"),
)
"""What the range picker offers."""
LONGEST = timedelta(days=3660)


@dataclass(frozen=True)
class Asked:
    """One request of a page. Times are UTC; `until` is not included."""

    path: str
    since: datetime
    until: datetime
    relative: str
    """`24h` when the range moves with the clock, else ''."""
    values: Mapping[str, str]
    """All parameters of the URL by name, as they came."""
    now: datetime
    theme: str = ""
    """`light`, `dark` or '' for what the system says."""

    def value(self, name: str, default: str = "") -> str:
        """One parameter of the URL."""
        return self.values.get(name, default)

    def number(self, name: str, default: int, most: int) -> int:
        """A whole parameter from 0 to `most`; BadRequest when it is none."""
        text = self.values.get(name, "")
        if not text:
            return default
        if not text.isdecimal() or int(text) > most:
            raise BadRequest(f"{name} must be a whole number from 0 to {most}, not {text[:40]!r}.")
        return int(text)

    def url(self, path: str = "", **changes: str | int | None) -> str:
        """This URL with some parameters changed; None takes one away."""
        values = {name: value for name, value in self.values.items() if name not in changes}
        values |= {name: str(value) for name, value in changes.items() if value is not None}
        return f"{path or self.path}?{urlencode(values)}" if values else path or self.path

    def carry(self, path: str, **values: str | int | None) -> str:
        """Another page with the same time range and nothing else of this one."""
        kept = {name: self.values[name] for name in ("range", "from", "to") if name in self.values}
        kept |= {name: str(value) for name, value in values.items() if value is not None}
        return f"{path}?{urlencode(kept)}" if kept else path

    @property
    def length(self) -> timedelta:
        """Length of the range."""
        return self.until - self.since

    @property
    def words(self) -> str:
        """The range as a person would say it."""
        for name, words in RANGES:
            if name == self.relative:
                return f"the last {words}"
        return f"{self.since:%Y-%m-%d %H:%M} to {self.until:%Y-%m-%d %H:%M} UTC"

    def parameters(self) -> dict[str, str]:
        """`from` and `to` as statements take them, of type DateTime64(3)."""
        return {"from": as_parameter(self.since), "to": as_parameter(self.until)}


def read(path: str, values: Mapping[str, str], now: datetime, default: str = "24h", theme: str = "") -> Asked:
    """The request of a page from its URL; BadRequest when a time can't be understood."""
    theme = values.get("theme", theme)
    since, until, relative = _range(values, now, default)
    if not since < until <= since + LONGEST:
        raise BadRequest("The time range must end after it begins, and be at most ten years long.")
    return Asked(path, since, until, relative, dict(values), now, theme if theme in ("light", "dark") else "")


def moment(text: str, what: str) -> datetime:
    """A time of the URL; BadRequest, with the parameter's name, when it is none."""
    try:
        return read_moment(text)
    except ValueError as error:
        raise BadRequest(f"{what}: {error}.") from error


def _range(values: Mapping[str, str], now: datetime, default: str) -> tuple[datetime, datetime, str]:
    if values.get("from"):
        until = moment(values["to"], "to") if values.get("to") else now
        return moment(values["from"], "from"), until, ""
    relative = values.get("range") or default
    match = RELATIVE.match(relative)
    if not match:
        raise BadRequest(f"range is {relative[:40]!r}; write a number and m, h, d or w, as in 24h.")
    return now - int(match["amount"]) * UNITS[match["unit"]], now, relative
