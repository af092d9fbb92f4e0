"""What a job is, what it is asked and what it gives back.

A job reads through a `Source` and decides in a pure function. It says everything that it believes as `Candidate`s;
which of them become findings, and how loudly, is for `analytics.findings` to say, by rules that all jobs share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from analytics.jobs.source import Source
from spanledger.errors import BadRequest
from spanledger.moments import as_parameter
from spanledger.settings import Settings


class Severity(StrEnum):
    """How loud a finding is. The rules may make one quieter, never louder."""

    PAGE = "page"
    """Somebody gets up: money or safety, now."""
    TICKET = "ticket"
    """Somebody looks at it this week."""
    DIGEST = "digest"
    """A report; nothing is wrong."""


@dataclass(frozen=True)
class Window:
    """Times from `since` (included) to `until` (not included), both in UTC, by the spans' start."""

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        if self.since.utcoffset() is None or self.until.utcoffset() is None:
            raise BadRequest("A window's times need a time zone; write 2026-11-21T10:00:00Z.")
        if self.since >= self.until:
            raise BadRequest(f"A window must end after it begins: {self}.")

    def __str__(self) -> str:
        return f"{_minute(self.since)} to {_minute(self.until)} UTC"

    @property
    def length(self) -> timedelta:
        """Its length."""
        return self.until - self.since

    @property
    def days(self) -> float:
        """Its length in days."""
        return self.length / timedelta(days=1)

    def before(self, length: timedelta | None = None) -> Window:
        """The window of `length` (its own by default) that ends where this one begins."""
        return Window(self.since - (length or self.length), self.since)

    def parameters(self) -> dict[str, str]:
        """`from` and `to` as statements take them: `{from:DateTime64(3)}` and `{to:DateTime64(3)}`."""
        return {"from": as_parameter(self.since), "to": as_parameter(self.until)}


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


@dataclass(frozen=True)
class Kind:
    """A kind of finding, and from where on it is worth a word (rules G1 and G2 of docs/jobs.md)."""

    name: str
    meaning: str
    """One sentence for the docs and the API."""
    min_effect: float = 0.0
    """Smaller effects are dropped, however sure: absolute value, in the unit of `Candidate.effect_unit`."""
    min_n: int | None = None
    """Requests that a cell must have; None: the setting `findings_min_requests`. 0: proven by single traces."""


@dataclass(frozen=True)
class Candidate:
    """Something that a job believes is the case in a window."""

    kind: str
    subject: Mapping[str, str]
    """Dimension to value; with job and kind it is the identity of the problem from run to run: nothing in it may
    change while the problem stays the same (no dates, no numbers)."""
    severity: Severity
    """The loudest that it deserves by its size."""
    effect: float
    effect_unit: str
    n: int
    """Requests (calls, tasks, users: what the test counted) behind it."""
    title: str
    """One plain sentence: what, who, how much."""
    summary: str
    """One plain sentence more: since when, why, what it costs."""
    since: datetime
    """When it began: the break, not the window."""
    until: datetime
    """The last time at which it was seen in the window."""
    p_value: float | None = None
    """None: no test, it was counted."""
    persistence: tuple[int, int] = (1, 1)
    """Of the last so many parts of the window (second number, at most 3), in how many it was the case (first)."""
    cost_usd: float | None = None
    """What it costs in the window; None: unknown."""
    energy_kwh: float | None = None
    tenants_hit: int | None = None
    trace_ids: Sequence[str] = ()
    """Traces to open, the most telling first; at most 20 are kept."""
    query: str = ""
    """A SELECT that anybody may run as it stands (no parameters) and that shows it, down to spans."""
    details: Mapping[str, Any] = field(default_factory=dict)
    """The numbers behind it; must be JSON."""


@dataclass(frozen=True)
class Report:
    """What one run of a job gives back."""

    candidates: Sequence[Candidate] = ()
    tested: Sequence[float] = ()
    """The p-value of every cell that was tested, of candidates and of all others: the family of Benjamini-Hochberg."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """What the run says of itself (coverage, cells skipped and why); kept in `job_runs`, must be JSON."""


class NotComputable(Exception):
    """A job lacks its inputs in a window: the sentence says which, and how much of them there is. Not an error."""


class Job(Protocol):
    """A scheduled analysis. A window that is run again replaces what it said before."""

    @property
    def name(self) -> str:
        """As commands, the API and findings call it."""
        ...

    @property
    def title(self) -> str:
        """A few words for lists."""
        ...

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """All kinds of finding that it may give."""
        ...

    @property
    def every(self) -> timedelta:
        """A window ends at each multiple of it since 1970."""
        ...

    @property
    def length(self) -> timedelta:
        """How long a scheduled window is; more than `every` where windows overlap. By hand any window may be asked."""
        ...

    def run(self, source: Source, window: Window, settings: Settings) -> Report:
        """Analyse one window; NotComputable when its inputs are not there."""
        ...
