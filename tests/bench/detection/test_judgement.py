"""Findings are held against labels as a strict reader would: in time, by culprit, by dollar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bench.detection.judgement import judge
from spanledger.demo.clock import HOUR, Stretch, nanoseconds
from spanledger.demo.labels import Label
from spanledger.demo.records import Ledger

START = datetime(2026, 10, 5, 12, tzinfo=UTC)


def label(severity: str = "page", **changes: Any) -> Label:
    """Acme burns 10 dollars an hour for a day."""
    ledger = Ledger()
    for hour in range(24):
        ledger.add(nanoseconds(START) + hour * HOUR + HOUR // 2, 10.0)
    values = {
        "incident": "burns", "job": "retry_waste", "kinds": ("agent_loop",), "culprit": {"tenant": "acme"},
        "when": Stretch(nanoseconds(START), nanoseconds(START) + 24 * HOUR), "severity": severity,
        "story": "acme burns", "dollars": ledger, "tenants": ("acme",),
    }  # fmt: skip
    return Label(**{**values, **changes})


def finding(hours: int = 6, length: int = 6, **changes: Any) -> dict[str, Any]:
    """What a job says of the window that ends so many hours after the start."""
    end = START + timedelta(hours=hours)
    return {
        "finding_id": "1", "job": "retry_waste", "kind": "agent_loop", "subject": {"tenant": "acme"},
        "severity": "page",
        "window_from": end - timedelta(hours=length), "window_to": end, "first_seen": START,
        "cost_usd": 60.0, "title": "An agent loops", "summary": "since noon", **changes,
    }  # fmt: skip


def test_found_in_time_by_culprit_and_by_the_dollar() -> None:
    result = judge(1, [label()], [finding(6), finding(3, 3, cost_usd=36.0), finding(9)], 21)
    [detection] = result.detections
    assert detection.hours == 3
    assert detection.culprit
    assert detection.loud_enough
    assert detection.dollar_error == pytest.approx(0.0)  # of 0, 0.2 and 0: the median
    assert result.true == {"retry_waste": 1}
    assert not result.false


@pytest.mark.parametrize(
    "changes",
    [
        {"kind": "transport_retries"},
        {"job": "carbon"},
        {"severity": "digest"},
        {"subject": {"tenant": "globex"}},
        {"window_to": START, "window_from": START - timedelta(hours=6)},
        {"window_to": START + timedelta(hours=40), "window_from": START + timedelta(hours=30)},
    ],
)
def test_what_is_not_the_incident_does_not_find_it(changes: dict[str, Any]) -> None:
    [detection] = judge(1, [label()], [finding(**changes)], 21).detections
    assert detection.hours is None


def test_a_ticket_is_not_loud_enough_where_a_page_is_due() -> None:
    assert not judge(1, [label()], [finding(severity="ticket")], 21).detections[0].loud_enough
    assert judge(1, [label("ticket")], [finding(severity="ticket")], 21).detections[0].loud_enough


def test_the_culprit_may_be_named_in_a_sentence_but_not_left_out() -> None:
    diffuse = finding(subject={"provider": "openai"})
    assert not judge(1, [label()], [diffuse], 21).detections[0].culprit
    assert judge(1, [label()], [diffuse | {"summary": "acme began at noon"}], 21).detections[0].culprit


def test_a_culprit_named_in_few_windows_is_not_named() -> None:
    findings = [finding(6), finding(7, subject={}), finding(8, subject={}), finding(9, subject={})]
    assert not judge(1, [label()], findings, 21).detections[0].culprit


def test_pages_of_quiet_days_are_false_and_counted_once() -> None:
    result = judge(1, [], [finding(6), finding(7), finding(8, finding_id="2", severity="digest")], 21)
    assert [(each.severity, each.quiet) for each in result.false] == [("page", True)]
    assert result.quiet_days == 21


def test_what_an_incident_explains_is_neither_true_nor_false() -> None:
    aside = finding(6, job="cost_concentration", kind="mover", finding_id="2")
    other = finding(6, job="cost_concentration", kind="mover", finding_id="3", subject={"tenant": "globex"})
    result = judge(1, [label()], [finding(6), aside, other], 21)
    assert result.explained == 1
    assert [each.subject for each in result.false] == ["{'tenant': 'globex'}"]


def test_dollars_are_those_of_the_window() -> None:
    [detection] = judge(1, [label()], [finding(3, 24, cost_usd=33.0)], 21).detections
    assert detection.dollar_error == pytest.approx(0.1)
    assert judge(1, [label()], [finding(cost_usd=None)], 21).detections[0].dollar_error is None
