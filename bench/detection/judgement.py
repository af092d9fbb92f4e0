"""Findings held against labels: what was found, when, whose fault it was said to be, at what price."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from spanledger.demo.clock import HOUR, nanoseconds
from spanledger.demo.labels import Label

LOUD = ("page", "ticket")
LEAST_USD = 5.0
"""Of smaller sums an error in percent says nothing."""
Finding = Mapping[str, Any]


@dataclass(frozen=True)
class Detection:
    """What became of one incident."""

    seed: int
    label: Label
    hours: float | None
    """From its start to the end of the first window that found it; None: missed."""
    loud_enough: bool
    culprit: bool
    """Most windows that found it named the culprit."""
    dollar_error: float | None
    """Median over windows, as a share; None: no figure, or none expected."""
    dated: float | None
    """Hours between its start and the earliest that findings say."""


@dataclass(frozen=True)
class FalseFinding:
    """A page or ticket that no incident explains."""

    seed: int
    job: str
    kind: str
    subject: str
    severity: str
    title: str
    quiet: bool


@dataclass
class Judgement:
    """Of one scenario."""

    seed: int
    quiet_days: float
    """Simulated days without any incident; 0 where there is one."""
    windows: dict[str, int] = field(default_factory=dict)
    """Windows that were run, by job."""
    detections: list[Detection] = field(default_factory=list)
    false: list[FalseFinding] = field(default_factory=list)
    true: dict[str, int] = field(default_factory=dict)
    """Pages and tickets that name an incident, by job."""
    explained: int = 0
    """Pages and tickets that an incident explains, though they are not the ones that were asked for."""
    problems: list[str] = field(default_factory=list)
    """Runs that failed, or found their inputs missing."""
    seconds: float = 0.0


def judge(seed: int, labels: Sequence[Label], findings: Sequence[Finding], days: float) -> Judgement:
    """Hold what runs said against what was planted. A finding is counted once however many windows say it."""
    result = Judgement(seed, 0.0 if labels else days)
    loud = [finding for finding in findings if finding["severity"] in LOUD]
    result.detections = [detect(seed, label, [each for each in loud if matches(label, each)]) for label in labels]
    by_problem = {
        str(finding["finding_id"]): finding for finding in sorted(loud, key=lambda each: each["severity"] == "page")
    }
    for problem, finding in by_problem.items():
        said = [each for each in loud if str(each["finding_id"]) == problem]
        job = str(finding["job"])
        if any(matches(label, each) for label in labels for each in said):
            result.true[job] = result.true.get(job, 0) + 1
        elif all(any(explains(label, each) for label in labels) for each in said):
            result.explained += 1
        else:
            result.false.append(
                FalseFinding(
                    seed,
                    job,
                    finding["kind"],
                    str(dict(finding["subject"])),
                    finding["severity"],
                    finding["title"],
                    not labels,
                )
            )
    return result


def explains(label: Label, finding: Finding) -> bool:
    """Whether an incident lies in a finding's window and moves what the finding is about."""
    return (
        nanoseconds(finding["window_to"]) > label.when.since
        and nanoseconds(finding["window_from"]) < label.when.until
        and label.touches(finding["subject"])
    )


def matches(label: Label, finding: Finding) -> bool:
    """Whether a finding is the one that a label asks for, whatever it says of culprit and price."""
    return finding["job"] == label.job and finding["kind"] in label.kinds and explains(label, finding)


def names(label: Label, finding: Finding) -> bool:
    """Whether a finding names the culprit: in its subject, or in its sentences."""
    said = f"{finding['title']} {finding['summary']}"
    return all(
        finding["subject"].get(dimension) == value or value in said for dimension, value in label.culprit.items()
    )


def detect(seed: int, label: Label, found: Sequence[Finding]) -> Detection:
    """What became of an incident, given the findings that match it."""
    if not found:
        return Detection(seed, label, None, False, False, None, None)
    ends = sorted({finding["window_to"] for finding in found})
    named = [finding for finding in found if names(label, finding)]
    main = [finding for finding in named or found if finding["kind"] in (label.priced or label.kinds)]
    errors = [error for finding in main if (error := _dollar_error(label, finding)) is not None]
    begun = min(nanoseconds(finding["first_seen"]) for finding in named or found)
    return Detection(
        seed,
        label,
        max(0.0, (nanoseconds(ends[0]) - label.when.since) / HOUR),
        label.severity != "page" or any(finding["severity"] == "page" for finding in found),
        len({finding["window_to"] for finding in named}) * 2 > len(ends),
        statistics.median(errors) if errors else None,
        abs(begun - label.when.since) / HOUR,
    )


def _dollar_error(label: Label, finding: Finding) -> float | None:
    if label.dollars is None or finding["cost_usd"] is None:
        return None
    truth = label.dollars.total(nanoseconds(finding["window_from"]), nanoseconds(finding["window_to"]))
    return abs(float(finding["cost_usd"]) - truth) / truth if truth >= LEAST_USD else None


def share(values: Iterable[bool]) -> float | None:
    """How many of them are true; None of none."""
    found = list(values)
    return sum(found) / len(found) if found else None
