"""Which hours are read, and how much at a time: the window, and hours before it to compare with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from analytics.cache_hit_rate.grid import HOUR
from analytics.jobs.contract import Window
from analytics.jobs.source import Source

HERE = Path(__file__).parent
DAY = timedelta(days=1)
ROWS_AT_ONCE = 2_000_000
"""Rows of usage that one statement may group within its memory: more hours are read in several."""
ROWS_AT_EASE = 300_000
"""Four weeks that have no more rows are read whole, in one statement."""
ROWS_OUT = 200_000
"""Rows of hourly.sql that come to Python, about: more hours leave room for fewer tenants."""
SHORTEST_PATH = DAY
"""A shorter window is looked at with the hours before it: one hour alone shows no fall."""


@dataclass(frozen=True)
class Hours:
    """The window in whole hours, and the path that ends with it."""

    since: datetime
    until: datetime

    @property
    def path(self) -> datetime:
        """First hour of the path."""
        return min(self.since, self.until - SHORTEST_PATH)

    @property
    def tenants(self) -> int:
        """How many tenants there is room for."""
        hours = (self.until - self.path + 8 * DAY) / HOUR
        return int(min(1000, max(50, ROWS_OUT / hours * 0.7)))

    @property
    def prompts(self) -> int:
        """The same for prompts."""
        return self.tenants // 3


def hours(window: Window) -> Hours:
    """The hours that a window touches."""
    since = window.since.replace(minute=0, second=0, microsecond=0)
    until = window.until.replace(minute=0, second=0, microsecond=0)
    return Hours(since, until if until == window.until else until + HOUR)


class Reader:
    """Reads a statement over any number of hours in pieces that fit into memory."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._rows_per_hour = ROWS_AT_ONCE / 24

    def read(self, name: str, since: datetime, until: datetime, parameters: Mapping[str, Any]) -> pl.DataFrame:
        """The frames of all pieces under each other."""
        frames = []
        while since < until:
            end = min(until, since + HOUR * max(1, int(ROWS_AT_ONCE / self._rows_per_hour)))
            before = self._source.rows_read
            frames.append(self._source.frame(HERE / f"{name}.sql", {**parameters, **Window(since, end).parameters()}))
            self._rows_per_hour = max((self._source.rows_read - before) / ((end - since) / HOUR), 1.0)
            since = end
        return pl.concat(frames)

    def hourly(
        self, asked: Hours, tenants: Sequence[str], prompts: Sequence[str], zeros: Sequence[str]
    ) -> pl.DataFrame:
        """Hourly sums of the path and of what it is compared with."""
        parameters = {"tenants": list(tenants), "prompts": list(prompts), "silent_zeros": list(zeros)}
        first = asked.path - 28 * DAY
        if (asked.until - first) / HOUR * self._rows_per_hour <= ROWS_AT_EASE:
            return self.read("hourly", first, asked.until, parameters)
        now = self.read("hourly", asked.path, asked.until, parameters)
        weeks, read_from = [], asked.path
        for week in (1, 2, 3, 4):
            since, until = asked.path - 7 * week * DAY, min(asked.until - 7 * week * DAY, read_from)
            weeks.append(self.read("hourly", since, until, parameters))
            read_from = since
        if sum(not frame.is_empty() for frame in weeks) >= 2 or asked.until - asked.path >= 14 * DAY:
            return pl.concat([*weeks, now])
        there = {hour for frame in weeks for hour in frame["hour"].unique()}
        days = self.read("hourly", asked.path - 7 * DAY, asked.path, parameters)
        return pl.concat([*weeks, days.filter(~pl.col("hour").is_in(list(there))), now])
