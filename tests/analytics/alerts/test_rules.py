"""What a rules file may say, and matchers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.alerts.burning import BURN_WINDOWS, burn_rates, burning
from analytics.alerts.evaluate import alert_id, label
from analytics.alerts.matching import matches
from analytics.alerts.rules import Maintenance, duration, parse_file
from spanledger.errors import BadRequest

DOCS = Path(__file__).resolve().parents[3] / "docs" / "alerts.md"


def test_the_example_of_the_docs_is_fine() -> None:
    [example] = re.findall(r"```toml\n(.*?)```", DOCS.read_text(), re.DOTALL)
    rules = parse_file(example)
    assert [rule.type for rule in rules.rule] == ["findings", "threshold", "slo"]
    assert rules.rule[1].escalate_after == timedelta(minutes=20)


@pytest.mark.parametrize(("text", "said"), [
    ("[[rule]]\nname = 'x'\ntype = 'threshold'\nquery = 'SELECT 1'\nabove = 1\nbelow = 2", "one of"),
    ("[[rule]]\nname = 'x'\ntype = 'threshold'\nquery = 'SELECT 1'\nabove = 1\nclear = 2", "clear"),
    ("[[rule]]\nname = 'x'\ntype = 'findings'\nseverty = ['page']", "severty"),
    ("[[rule]]\nname = 'x'\ntype = 'findings'\n[[rule]]\nname = 'x'\ntype = 'findings'", "two rules"),
    ("[[rule]]\nname = 'x'\ntype = 'findings'\nrenotify = 'soon'", "duration"),
    ("[[maintenance]]\nname = 'x'\nweekly = 'Someday'", "weekly"),
    ("[[rule", "not TOML"),
])  # fmt: skip
def test_a_bad_file_says_where(text: str, said: str) -> None:
    with pytest.raises(BadRequest, match=said):
        parse_file(text)


def test_durations() -> None:
    assert duration("1d2h3m4s") == timedelta(days=1, hours=2, minutes=3, seconds=4)
    assert duration("90s") == timedelta(seconds=90)


def test_weekly_maintenance_over_midnight() -> None:
    window = Maintenance.model_validate({"name": "x", "weekly": "Sun 23:00-01:00"})
    sunday = datetime(2026, 11, 22, tzinfo=UTC)
    assert sunday.weekday() == 6
    assert window.covers(sunday + timedelta(hours=23, minutes=30))
    assert window.covers(sunday + timedelta(hours=24, minutes=30))
    assert not window.covers(sunday + timedelta(hours=25))
    assert not window.covers(sunday + timedelta(hours=22))


def test_matchers() -> None:
    labels = {"tenant": "acme.de", "rule": "cost"}
    assert matches({"tenant": "acme*", "rule": "cost"}, labels)
    assert not matches({"tenant": "acme?de"}, labels)
    assert matches({"tenant": "!glo*"}, labels)
    assert matches({"missing": ""}, labels)
    assert not matches({"tenant": "*" * 200 + "x"}, {"tenant": "a" * 5000}), "no pattern is slow"


@given(
    st.dictionaries(st.text(max_size=5), st.text(max_size=5)), st.dictionaries(st.text(max_size=5), st.text(max_size=5))
)
def test_ids_tell_labels_apart(one: dict[str, str], other: dict[str, str]) -> None:
    clean_one = {name: label(value) for name, value in one.items()}
    clean_other = {name: label(value) for name, value in other.items()}
    assert (alert_id("r", clean_one) == alert_id("r", clean_other)) == (clean_one == clean_other)


def test_labels_that_are_cut_stay_apart() -> None:
    assert label("x" * 300 + "a") != label("x" * 300 + "b")
    assert len(label("x" * 300)) <= 200
    assert "\n" not in label("a\nb")


def test_burn_rates_need_both_windows_and_enough_events() -> None:
    hour, five, six, half = BURN_WINDOWS
    bad = {hour: (20.0, 100.0), five: (2.0, 10.0), six: (20.0, 1000.0), half: (10.0, 100.0)}
    assert burning(burn_rates(bad, 0.99, 20))
    assert not burning(burn_rates({**bad, five: (0.0, 10.0)}, 0.99, 20)), "it is over"
    assert not burning(burn_rates({hour: (5.0, 5.0), five: (5.0, 5.0)}, 0.99, 20)), "five events say nothing"
    slow = {hour: (7.0, 100.0), five: (7.0, 100.0), six: (70.0, 1000.0), half: (7.0, 100.0)}
    assert burning(burn_rates(slow, 0.99, 20))
