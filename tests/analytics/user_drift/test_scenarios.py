"""The job on made-up services, through the real engine: what must be found, and what must stay silent."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from analytics.findings.rules import Thresholds, judge
from analytics.jobs.contract import Candidate, NotComputable, Report, Severity, Window
from analytics.jobs.source import Source
from analytics.user_drift import JOB
from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.analytics.user_drift.workload import UNTIL, Scenario, put, spans

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _empty(engine: Engine) -> Iterator[None]:
    yield
    for table in ("spans", "messages", "settled_traces", "usage_slices", "usage_hours"):
        engine.command(f"TRUNCATE TABLE {table} SYNC")


def run(engine: Engine, settings: Settings, scenario: Scenario, days: float = 7, until: datetime = UNTIL) -> Report:
    put(engine, spans(scenario))
    return JOB.run(Source(engine), Window(until - days * DAY, until), settings)


def only(report: Report, kind: str = "drift") -> Candidate:
    """The one candidate; it passes the shared rules as loud as it is."""
    [candidate] = report.candidates
    assert candidate.kind == kind
    verdict = judge(report, JOB.kinds, Window(UNTIL - 7 * DAY, UNTIL), Thresholds())
    assert [judged.severity for judged in verdict.passed] == [candidate.severity]
    return candidate


def check_evidence(engine: Engine, candidate: Candidate) -> None:
    assert engine.query_guarded(candidate.query).rows
    [[found]] = engine.rows(
        "SELECT uniqExact(trace_id) FROM spans WHERE trace_id IN {ids:Array(String)}",
        {"ids": list(candidate.trace_ids)},
    )
    assert found == len(candidate.trace_ids) > 0


def test_a_language_is_found_after_three_days(engine: Engine, settings: Settings) -> None:
    report = run(engine, settings, Scenario(moved_days=3, locale_share=0.35))
    drift = only(report)
    assert drift.severity is Severity.TICKET
    assert drift.subject == {"prompt": "support"}
    assert drift.effect_unit == "bits"
    assert drift.title.startswith("Users of prompt support moved: locale ja 1")
    assert abs(drift.since - (UNTIL - 3 * DAY)) < 12 * HOUR
    assert drift.p_value is not None
    assert drift.p_value <= 0.01
    assert drift.persistence == (3, 3)
    check_evidence(engine, drift)


def test_other_topics_are_found_and_put_into_words(engine: Engine, settings: Settings) -> None:
    drift = only(run(engine, settings, Scenario(moved_days=4, topic_share=0.6)))
    assert drift.severity is Severity.TICKET
    more, less = ({word["word"] for word in drift.details[name]} for name in ("words_more", "words_less"))
    assert len(more & set("python error function stack trace import module compile exception variable".split())) >= 4
    assert (
        len(less & set("invoice payment refund charge card subscription address receipt account balance".split())) >= 4
    )
    assert (
        sum(topic["since"] - topic["before"] for topic in drift.details["topics"] if topic["since"] > topic["before"])
        > 0.2
    )
    assert abs(drift.since - (UNTIL - 4 * DAY)) < 12 * HOUR
    check_evidence(engine, drift)


def test_longer_texts_are_found_without_content_and_users(engine: Engine, settings: Settings) -> None:
    scenario = Scenario(moved_days=4, longer=2, content=False, user_ids=False)
    report = run(engine, settings, scenario)
    drift = only(report)
    assert drift.details["permuted"] == "trace"
    assert [shift["layer"] for shift in drift.details["moved"]] == ["input_tokens"]
    assert "not compared (no sketches)" in drift.summary
    assert report.notes["reported"]["content"] == 0
    check_evidence(engine, drift)


def test_a_prompt_without_a_name_is_its_service(engine: Engine, settings: Settings) -> None:
    scenario = Scenario(moved_days=4, locale_share=0.5, prompt="", version=False)
    assert only(run(engine, settings, scenario)).subject == {"service": "helpdesk"}


def test_a_prompt_whose_text_has_the_date_is_still_judged(engine: Engine, settings: Settings) -> None:
    scenario = Scenario(moved_days=4, topic_share=0.6, dated_system=True, version=False)
    drift = only(run(engine, settings, scenario))
    assert drift.details["held"]["text_varies"]


@pytest.mark.parametrize("days", [7, 35])
def test_a_window_with_the_incident_in_its_middle_needs_no_history(
    engine: Engine, settings: Settings, days: int
) -> None:
    begin = days * 0.48
    drift = only(
        run(
            engine,
            settings,
            Scenario(days=days, calls_a_day=1500 // days + 120, moved_days=begin, locale_share=0.5),
            days=days,
        )
    )
    assert abs(drift.since - (UNTIL - begin * DAY)) < 12 * HOUR


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(),
        Scenario(weekends=True),
        Scenario(rhythm=True),
        Scenario(growth=5),
        Scenario(newcomer_days=5),
        Scenario(dated_system=True, version=False),
        Scenario(content=False, user_ids=False),
        Scenario(days=7, calls_a_day=300, weekends=True),
    ],
    ids=["quiet", "weekends", "rhythm", "growth", "newcomer", "dated", "bare", "week alone"],
)
def test_silence(engine: Engine, settings: Settings, scenario: Scenario) -> None:
    report = run(engine, settings, scenario)
    assert report.candidates == []
    assert len(report.tested) == 1


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario(deployed_days=3),
        Scenario(deployed_days=3, moved_days=3, longer=2, topic_share=0.6),
        Scenario(model_days=3),
    ],
    ids=["deploy", "deploy and users", "model"],
)
def test_a_deploy_is_confounded(engine: Engine, settings: Settings, scenario: Scenario) -> None:
    confounded = only(run(engine, settings, scenario), "confounded")
    assert confounded.severity is Severity.DIGEST
    assert abs(confounded.since - (UNTIL - 3 * DAY)) < DAY
    check_evidence(engine, confounded)


def test_users_who_move_after_a_deploy_are_found(engine: Engine, settings: Settings) -> None:
    drift = only(run(engine, settings, Scenario(days=28, deployed_days=18, moved_days=3, locale_share=0.5)))
    assert drift.details["held"]["keys"] == ["version 2, gpt-4o-2024-08-06"] or len(drift.details["held"]["keys"]) == 1


def test_a_drop_of_quality_is_a_page_and_a_matter_of_mix(engine: Engine, settings: Settings) -> None:
    scenario = Scenario(moved_days=4, topic_share=0.7, success=(0.95, 0.5))
    put(engine, rows := spans(scenario))
    engine.insert(
        "settled_traces",
        ["anchor", "trace_id", "version", "started_at", "ended_at", "task_outcome", "task_outcome_source"],
        [[row["started_at"].replace(microsecond=0), row["trace_id"], 1, row["started_at"], row["started_at"],
          row["task_outcome"], "attribute"] for row in rows],
    )  # fmt: skip
    drift = only(JOB.run(Source(engine), Window(UNTIL - 7 * DAY, UNTIL), settings))
    assert drift.severity is Severity.PAGE
    quality = drift.details["quality"]
    assert quality["since"] - quality["before"] == pytest.approx(quality["mix"] + quality["rate"], abs=2e-4)
    assert quality["mix"] < -0.1
    assert abs(quality["rate"]) < abs(quality["mix"]) / 2


def test_what_longer_texts_cost_is_counted_from_usage(engine: Engine, settings: Settings) -> None:
    put(engine, spans(Scenario(moved_days=4, longer=2)))
    moved = UNTIL - 4 * DAY
    columns = ["slice", "hour", "prompt_name", "purpose", "calls", "cost_usd", "version", "gone"]
    hours = [UNTIL - number * HOUR for number in range(1, 24 * 14 + 1)]
    cost = {True: 0.03, False: 0.02}
    engine.insert(
        "usage_slices",
        columns,
        [[hour, hour, "support", "production", 10, 10 * cost[hour >= moved], 1, 0] for hour in hours],
    )
    drift = only(JOB.run(Source(engine), Window(UNTIL - 7 * DAY, UNTIL), settings))
    assert drift.details["usd_a_call"]["before"] == pytest.approx(0.02, rel=0.02)
    assert drift.cost_usd == pytest.approx(4 * 24 * 10 * 0.01, rel=0.05)


def test_an_hour_is_compared_with_the_same_hour_of_other_days(engine: Engine, settings: Settings) -> None:
    until = UNTIL - 14 * HOUR
    scenario = Scenario(
        days=12, calls_a_day=4000, users=600, rhythm=True, content=False, moved_days=1, locale_share=0.6
    )
    drift = only(run(engine, settings, scenario, days=1 / 24, until=until))
    assert drift.title.startswith("Users of prompt support moved: locale ja")


@pytest.mark.parametrize(
    ("scenario", "sentence"),
    [
        (Scenario(days=0.01), "less than two days"),
        (Scenario(days=1), "less than two days"),
        (Scenario(days=21, calls_a_day=10), "None of 1 prompts"),
    ],
    ids=["minutes", "one day", "few calls"],
)
def test_what_cannot_be_compared_is_said(engine: Engine, settings: Settings, scenario: Scenario, sentence: str) -> None:
    with pytest.raises(NotComputable, match=sentence):
        run(engine, settings, scenario)


def test_nothing_at_all_is_said(engine: Engine, settings: Settings) -> None:
    with pytest.raises(NotComputable, match="No chat or completion call"):
        JOB.run(Source(engine), Window(UNTIL - 7 * DAY, UNTIL), settings)


def test_a_run_again_says_the_same(engine: Engine, settings: Settings) -> None:
    scenario = Scenario(moved_days=3, locale_share=0.35)
    first = run(engine, settings, scenario)
    assert JOB.run(Source(engine), Window(UNTIL - 7 * DAY, UNTIL), settings) == first
