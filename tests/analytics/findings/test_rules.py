"""The rules: volume, effect, Benjamini-Hochberg, evidence. Vectors first, then what must hold for any report."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.findings.evidence import BadCandidate
from analytics.findings.ledger import finding_id
from analytics.findings.rules import LOUDNESS, Thresholds, Verdict, judge, q_values_of, usd_per_day
from analytics.jobs.contract import Candidate, Kind, Report, Severity, Window
from spanledger.settings import Settings
from tests.analytics.jobs.desk import HOUR, START, candidate, hour

KINDS = (Kind("errors", "", min_effect=0.1), Kind("few", "", min_n=5), Kind("traces", "", min_n=0))
PAGE, TICKET, DIGEST = Severity.PAGE, Severity.TICKET, Severity.DIGEST

BENJAMINI_HOCHBERG_1995 = (
    0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0,
)  # fmt: skip
"""Thrombolysis in myocardial infarction, their section 4.1: at 0.05 the four smallest are rejected."""


def said(report: Report) -> Verdict:
    return judge(report, KINDS, hour(0), Thresholds())


def severity_of(one: Candidate, *tested: float) -> Severity | None:
    passed = said(Report([one], tested)).passed
    return passed[0].severity if passed else None


def test_thresholds_are_the_settings() -> None:
    assert Thresholds.of(Settings.model_validate({})) == Thresholds()
    changed = {"min_requests": 7, "min_usd_per_day": 1, "ticket_q": 0.1, "page_q": 0.2}
    named = {f"findings_{name}": value for name, value in changed.items()}
    assert Thresholds.of(Settings.model_validate(named)) == Thresholds(7, 1, 0.1, 0.2)


@pytest.mark.parametrize(
    ("given_", "passes"),
    [
        ({"n": 200}, True),
        ({"n": 199}, False),
        ({"n": 199, "cost_usd": 2.0}, False),  # an hour: $48 a day
        ({"n": 199, "cost_usd": 2.1}, True),
        ({"n": 199, "cost_usd": 0.05, "until": START + HOUR / 60}, False),  # a minute counts as an hour: $1.2 a day
        ({"n": 5, "kind": "few"}, True),
        ({"n": 4, "kind": "few"}, False),
        ({"n": 1, "kind": "traces"}, True),
        ({"n": 1, "severity": DIGEST}, True),
        ({"n": 4, "kind": "few", "severity": DIGEST}, False),
    ],
)
def test_volume(given_: Mapping[str, Any], passes: bool) -> None:
    verdict = said(Report([candidate(**given_)]))
    assert (len(verdict.passed), verdict.dropped) == ((1, {}) if passes else (0, {"volume": 1}))


def test_dollars_a_day_are_those_of_the_affected_time_in_the_window() -> None:
    day = Window(START, START + timedelta(days=1))
    six_hours = candidate(since=START + 3 * HOUR, until=START + 9 * HOUR, cost_usd=100.0)
    assert usd_per_day(six_hours, day) == pytest.approx(400)
    begun_before = replace(six_hours, since=START - timedelta(days=9))
    assert usd_per_day(begun_before, day) == pytest.approx(100 * 24 / 9)
    assert usd_per_day(replace(six_hours, cost_usd=None), day) is None


@pytest.mark.parametrize(("effect", "passes"), [(0.1, True), (-0.1, True), (0.099, False), (-0.099, False)])
def test_effect_counts_in_both_directions(effect: float, passes: bool) -> None:
    verdict = said(Report([candidate(effect=effect)]))
    assert (len(verdict.passed), verdict.dropped) == ((1, {}) if passes else (0, {"effect": 1}))


def test_benjamini_hochberg_as_published() -> None:
    pages = [candidate(f"t{p}", p_value=p) for p in BENJAMINI_HOCHBERG_1995]
    verdict = said(Report(pages, BENJAMINI_HOCHBERG_1995))
    found = {one.candidate.p_value: (one.severity, round(one.q_value or 0, 6)) for one in verdict.passed}
    assert found == {0.0001: (PAGE, 0.0015), 0.0004: (PAGE, 0.003), 0.0019: (PAGE, 0.0095), 0.0095: (TICKET, 0.035625)}
    assert verdict.dropped == {"significance": 11}


@pytest.mark.parametrize(
    ("p_value", "severity"), [(0.01, PAGE), (0.0100001, TICKET), (0.05, TICKET), (0.0500001, None)]
)
def test_the_thresholds_are_included(p_value: float, severity: Severity | None) -> None:
    assert severity_of(candidate(p_value=p_value), p_value) == severity


def test_a_candidate_is_a_member_of_its_family_once() -> None:
    one = candidate(p_value=0.02)
    assert q_values_of(Report([one], [0.5])) == pytest.approx({0.02: 0.04, 0.5: 0.5})
    assert q_values_of(Report([one], [0.02, 0.5])) == pytest.approx({0.02: 0.04, 0.5: 0.5})
    assert q_values_of(Report([one, candidate("b", p_value=0.02)], [0.02])) == {0.02: 0.02}
    assert q_values_of(Report([candidate()])) == {}


def test_what_is_not_tested_passes_and_a_report_stays_one() -> None:
    assert severity_of(candidate(p_value=None), 0.9, 0.9) == PAGE
    assert severity_of(candidate(severity=DIGEST, p_value=0.001), 0.001) == DIGEST
    assert severity_of(candidate(severity=TICKET, p_value=0.001), 0.001) == TICKET


def test_of_one_subject_the_loudest_is_kept() -> None:
    twice = [candidate(severity=TICKET, cost_usd=9.0), candidate(severity=PAGE, cost_usd=1.0)]
    verdict = said(Report(twice))
    assert [one.severity for one in verdict.passed] == [PAGE]
    assert verdict.dropped == {"same_subject": 1}


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"query": " "}, "a query (a SELECT)"),
        ({"query": "DROP TABLE spans"}, "a query (a SELECT)"),
        ({"query": "SELECT 1 WHERE tenant = {tenant:String}"}, "a query without parameters"),
        ({"n": 0}, "n (at least 1)"),
        ({"since": datetime(2026, 11, 20)}, "times"),
        ({"since": START + 9 * HOUR}, "times"),
        ({"title": ""}, "a title"),
        ({"summary": ""}, "a summary"),
        ({"p_value": 1.5}, "a p-value"),
        ({"p_value": float("nan")}, "a p-value"),
        ({"effect": float("nan")}, "finite numbers"),
        ({"cost_usd": float("inf")}, "finite numbers"),
        ({"persistence": (3, 2)}, "a persistence"),
        ({"persistence": (2, 4)}, "a persistence"),
        ({"persistence": (0, 0)}, "a persistence"),
        ({"subject": {"tenant": 7}}, "a subject of texts"),
        ({"kind": "unheard"}, "a kind that the job declares (errors, few, traces)"),
    ],
)
def test_a_candidate_without_evidence_is_a_bug(wrong: Mapping[str, Any], sentence: str) -> None:
    with pytest.raises(BadCandidate) as error:
        said(Report([candidate(), candidate("bad", **wrong)]))
    assert sentence in str(error.value)


@pytest.mark.parametrize(
    "query",
    [
        "WITH 1 AS x SELECT x",
        "select count() from spans where attributes['a:b'] = '{x:y}'",
        "SELECT 1 WHERE tenant = 'it\\'s {n:UInt8}'",
    ],
)
def test_a_query_that_runs_as_it_stands(query: str) -> None:
    assert said(Report([candidate(query=query)])).passed


def test_the_id_is_of_job_kind_and_subject() -> None:
    one = finding_id("job", "kind", {"tenant": "acme", "model": "m"})
    assert one == finding_id("job", "kind", {"model": "m", "tenant": "acme"})
    others = [("job2", "kind", {"tenant": "acme", "model": "m"}), ("job", "kind2", {"tenant": "acme", "model": "m"})]
    others += [("job", "kind", {"tenant": "m", "model": "acme"}), ("job", "kind", {})]
    assert len({one, *(finding_id(*each) for each in others)}) == 5
    assert one == "0e53529164d43bf2"  # it is in databases


PROBABILITIES = st.one_of(st.none(), st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.05, 1.0]))
CANDIDATES = st.lists(
    st.builds(
        candidate,
        tenant=st.sampled_from("abcdef"),
        kind=st.sampled_from([kind.name for kind in KINDS]),
        severity=st.sampled_from(Severity),
        n=st.integers(1, 400),
        effect=st.floats(-1, 1),
        p_value=PROBABILITIES,
        cost_usd=st.one_of(st.none(), st.floats(0, 10)),
    ),
    max_size=8,
)
TESTED = st.lists(st.floats(0, 1), max_size=20)


def as_told(verdict: Verdict) -> list[tuple[Any, ...]]:
    return [(one.candidate.kind, dict(one.candidate.subject), one.severity, one.q_value) for one in verdict.passed]


@given(CANDIDATES, TESTED, st.randoms(use_true_random=False))
@settings(max_examples=150)
def test_the_order_of_candidates_and_tests_does_not_matter(
    candidates: list[Candidate], tested: list[float], order: random.Random
) -> None:
    one = said(Report(candidates, tested))
    turned = order.sample(candidates, len(candidates)), order.sample(tested, len(tested))
    other = said(Report(*turned))
    assert as_told(one) == as_told(other)
    assert one.dropped == other.dropped


@given(CANDIDATES, TESTED)
@settings(max_examples=150)
def test_nothing_is_louder_than_asked_and_nothing_is_lost(candidates: list[Candidate], tested: list[float]) -> None:
    verdict = said(Report(candidates, tested))
    assert len(verdict.passed) + sum(verdict.dropped.values()) == len(candidates)
    for one in verdict.passed:
        assert LOUDNESS.index(one.severity) <= LOUDNESS.index(one.candidate.severity)
        assert one.q_value is None or one.candidate.p_value is None or one.q_value >= one.candidate.p_value - 1e-12


@given(CANDIDATES, TESTED, st.integers(1, 50))
@settings(max_examples=150)
def test_cells_in_which_nothing_is_make_nothing_surer(
    candidates: list[Candidate], tested: list[float], quiet: int
) -> None:
    few = q_values_of(Report(candidates, tested))
    many = q_values_of(Report(candidates, [*tested, *[1.0] * quiet]))
    assert all(many[p] >= q - 1e-12 for p, q in few.items())
