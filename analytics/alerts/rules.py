"""Rules: what makes an alert, as a reviewed TOML file or objects of the API say it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from analytics.alerts.matching import matches
from spanledger.errors import BadRequest

DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKLY = re.compile(r"(mon|tue|wed|thu|fri|sat|sun) ([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", re.IGNORECASE)
MOST_RULES = 1000


def duration(text: str) -> timedelta:
    """`1h30m` as a time span; ValueError when it is none."""
    match = DURATION.fullmatch(text.strip())
    if not text.strip() or not match:
        raise ValueError(f"{text!r} is no duration; write 90s, 5m, 1h30m or 2d")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _duration(value: object) -> object:
    return duration(value) if isinstance(value, str) else value


Duration = Annotated[timedelta, BeforeValidator(_duration), Field(ge=timedelta(0), le=timedelta(days=35))]
Severity = Literal["page", "ticket", "digest"]
Matchers = dict[str, str]


class Common(BaseModel):
    """What all rules have."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100, pattern=r"^[\w .:/-]+$")
    channels: tuple[str, ...] = Field((), description="Names of channels. Empty: all.")
    renotify: Duration = Field(timedelta(hours=4), description="Said again while nobody acknowledges. 0: never.")
    escalate_after: Duration = Field(timedelta(0), description="Without acknowledgement for so long. 0: never.")
    escalate_to: tuple[str, ...] = Field((), description="Channels that are told then.")
    labels: dict[str, str] = Field(default_factory=dict, description="Added to those of the alert.")


class FindingsRule(Common):
    """An alert for each open finding that fits."""

    type: Literal["findings"] = "findings"
    severity: tuple[Severity, ...] = ("page",)
    job: tuple[str, ...] = ()
    kind: tuple[str, ...] = ()
    subject: Matchers = Field(default_factory=dict)

    def fits(self, finding: Mapping[str, Any]) -> bool:
        """Whether a finding is meant; its severity is another question, since it may change."""
        return (
            (not self.job or finding["job"] in self.job)
            and (not self.kind or finding["kind"] in self.kind)
            and matches(self.subject, finding["subject"])
        )


class Measured(Common):
    """A rule over the groups of a SELECT."""

    query: str = Field(min_length=1, max_length=100_000)
    severity: Severity = "page"
    title: str = Field(
        "", max_length=300, description="`{value}`, `{rule}` and names of labels in braces are filled in."
    )
    no_data: Literal["resolve", "keep", "alert"] = "resolve"


class ThresholdRule(Measured):
    """Fires for each group whose value is beyond a bound for so long."""

    type: Literal["threshold"] = "threshold"
    value: str = "value"
    above: float | None = None
    below: float | None = None
    clear: float | None = Field(None, description="Resolves only when the value is back at this one: hysteresis.")
    window: Duration = timedelta(hours=1)
    for_: Duration = Field(timedelta(0), alias="for")

    @model_validator(mode="after")
    def _one_bound(self) -> ThresholdRule:
        if (self.above is None) == (self.below is None):
            raise ValueError("name one of `above` and `below`")
        bound = self.bound
        if self.clear is not None and (self.clear > bound if self.above is not None else self.clear < bound):
            raise ValueError("`clear` lies on the side of the bound that is fine")
        return self

    @property
    def bound(self) -> float:
        """The one that is named."""
        return float(self.above if self.above is not None else self.below or 0.0)

    def active(self, value: float, standing: bool) -> bool:
        """Whether a value is beyond the bound; of an alert that fires, beyond the value that clears it."""
        bound = self.clear if standing and self.clear is not None else self.bound
        return value > bound if self.above is not None else value < bound


class SloRule(Measured):
    """Fires when the error budget of a service level burns too fast, over a long and a short window."""

    type: Literal["slo"] = "slo"
    objective: float = Field(gt=0, lt=1)
    min_total: float = Field(20, ge=0, description="Fewer events in the long window say nothing.")


Rule = Annotated[FindingsRule | ThresholdRule | SloRule, Field(discriminator="type")]
ONE_RULE: TypeAdapter[FindingsRule | ThresholdRule | SloRule] = TypeAdapter(Rule)


class Maintenance(BaseModel):
    """A time in which nothing is sent of what fits."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=100)
    matchers: Matchers = Field(default_factory=dict)
    from_: datetime | None = Field(None, alias="from")
    to: datetime | None = None
    weekly: str = Field("", description="`Sat 02:00-04:00`, UTC.")

    @model_validator(mode="after")
    def _one_time(self) -> Maintenance:
        if bool(self.weekly) == bool(self.from_ and self.to):
            raise ValueError("name `from` and `to`, or `weekly`")
        if self.weekly and not WEEKLY.fullmatch(self.weekly):
            raise ValueError("`weekly` is of the form `Sat 02:00-04:00`")
        return self

    def covers(self, now: datetime) -> bool:
        """Whether it is on."""
        if self.from_ and self.to:
            return _aware(self.from_) <= now < _aware(self.to)
        match = WEEKLY.fullmatch(self.weekly)
        assert match  # noqa: S101 - validated
        begin = now.replace(hour=int(match[2]), minute=int(match[3]), second=0, microsecond=0)
        begin -= timedelta(days=(now.weekday() - DAYS.index(match[1].lower())) % 7)
        minutes = (int(match[4]) * 60 + int(match[5]) - begin.hour * 60 - begin.minute) % (24 * 60)
        length = timedelta(minutes=minutes or 24 * 60)
        return begin <= now < begin + length or begin - timedelta(days=7) <= now < begin - timedelta(days=7) + length


class RuleSet(BaseModel):
    """A whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: tuple[Rule, ...] = Field((), max_length=MOST_RULES)
    maintenance: tuple[Maintenance, ...] = ()

    @model_validator(mode="after")
    def _names_once(self) -> RuleSet:
        names = [rule.name for rule in self.rule]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two rules are named {twice[0]!r}")
        return self


DEFAULT = RuleSet(rule=(FindingsRule.model_validate({"name": "findings"}),))
"""Without any file: findings of severity page, to all channels."""


def parse_file(text: str) -> RuleSet:
    """The rules of a TOML file; BadRequest names the place that is wrong."""
    try:
        return RuleSet.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise BadRequest(f"The file is not TOML: {error}.") from error
    except ValidationError as error:
        raise BadRequest(_sentence(error)) from error


def parse_rule(given: Mapping[str, Any]) -> FindingsRule | ThresholdRule | SloRule:
    """One rule, as an object of the API."""
    try:
        return ONE_RULE.validate_python(dict(given))
    except ValidationError as error:
        raise BadRequest(_sentence(error)) from error


def _sentence(error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return f"{place}: {first['msg']}." if place else f"{first['msg']}."


def _aware(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.utcoffset() is None else time
