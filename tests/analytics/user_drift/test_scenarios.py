"""The job on made-up services, through the real engine: what must be found, and what must stay silent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from analytics.findings.rules import Thresholds, judge
from analytics.jobs.contract import Candidate, NotComputable, Report, Severity, Window
from analytics.jobs.source import Source
from analytics.user_drift import JOB
from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.analytics.user_drift.workload import TOPICS, UNTIL, Scenario, put, spans

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
WEEK = Window(UNTIL - 7 * DAY, UNTIL)
TOWN = {
    "quiet": Scenario(),
    "weekends": Scenario(weekends=True),
    "rhythm": Scenario(rhythm=True, content=False),
    "growth": Scenario(growth=5, content=False),
    "newcomer": Scenario(newcomer_days=5),
    "dated": Scenario(dated_system=True, version=False),
    "bare": Scenario(content=False, user_ids=False),
    "language": Scenario(moved_days=3, locale_share=0.4),
    "topics": Scenario(days=21, moved_days=4, topic_share=0.7, success=(0.95, 0.5)),
    "longer": Scenario(moved_days=4, longer=2, content=False, user_ids=False),
    "dated and moved": Scenario(moved_days=4, topic_share=0.7, dated_system=True, version=False),
    "deploy": Scenario(deployed_days=3, content=False),
    "deploy and moved": Scenario(deployed_days=3, moved_days=3, longer=2, topic_share=0.6),
    "model": Scenario(model_days=3, content=False),
    "moved after a deploy": Scenario(days=28, deployed_days=18, moved_days=3, locale_share=0.6, content=False),
}
"""Prompts of one service, each with a fate of its own."""
SILENT = ("quiet", "weekends", "rhythm", "growth", "newcomer", "dated", "bare")
CONFOUNDED = ("deploy", "deploy and moved", "model")
MOVED = ("language", "topics", "longer", "dated and moved", "moved after a deploy")


@pytest.fixture(scope="module")
def report(engine: Engine, settings: Settings) -> Iterator[Report]:
    """A scheduled run over the whole town."""
    clear(engine)
    rows = [row for seed, (name, one) in enumerate(TOWN.items()) for row in spans(replace(one, prompt=name), seed)]
    put(engine, rows)
    settle(engine, rows)
    yield JOB.run(Source(engine), WEEK, settings)
    clear(engine)


@pytest.fixture
def alone(engine: Engine) -> Iterator[Engine]:
    """An engine with nothing in it."""
    clear(engine)
    yield engine
    clear(engine)


def clear(engine: Engine) -> None:
    for table in ("spans", "messages", "settled_traces", "usage_slices"):
        engine.command(f"TRUNCATE TABLE {table} SYNC")


def settle(engine: Engine, rows: list[dict[str, Any]]) -> None:
    """How tasks ended, and what calls of `longer` cost: 2 cents before, 3 since; ten an hour."""
    columns = ["anchor", "trace_id", "version", "started_at", "ended_at", "task_outcome", "task_outcome_source"]
    ended = [
        [row["started_at"].replace(microsecond=0), row["trace_id"], 1, row["started_at"], row["started_at"],
         row["task_outcome"], "attribute"] for row in rows if row["task_outcome"]
    ]  # fmt: skip
    engine.insert("settled_traces", columns, ended)
    moved = UNTIL - TOWN["longer"].moved_days * DAY
    hours = [UNTIL - number * HOUR for number in range(1, 24 * 14 + 1)]
    costs = [[UNTIL, hour, "longer", "production", 10, 0.3 if hour >= moved else 0.2, 1, 0] for hour in hours]
    engine.insert(
        "usage_slices", ["slice", "hour", "prompt_name", "purpose", "calls", "cost_usd", "version", "gone"], costs
    )


def of(report: Report, name: str) -> Candidate:
    """What was said of a prompt."""
    [candidate] = [candidate for candidate in report.candidates if candidate.subject == {"prompt": name}]
    return candidate


def run(engine: Engine, settings: Settings, scenario: Scenario, days: float = 7) -> Report:
    put(engine, spans(scenario))
    return JOB.run(Source(engine), Window(UNTIL - days * DAY, UNTIL), settings)


@pytest.mark.parametrize("name", SILENT)
def test_silence(report: Report, name: str) -> None:
    assert [candidate.title for candidate in report.candidates if candidate.subject == {"prompt": name}] == []
    assert report.notes["families"][f"prompt {name}"]["verdict"] == "held"


@pytest.mark.parametrize("name", CONFOUNDED)
def test_a_deploy_is_confounded(report: Report, name: str) -> None:
    confounded = of(report, name)
    assert (confounded.kind, confounded.severity) == ("confounded", Severity.DIGEST)
    assert abs(confounded.since - (UNTIL - 3 * DAY)) < DAY


@pytest.mark.parametrize("name", MOVED)
def test_users_who_moved_are_found_and_dated(report: Report, name: str) -> None:
    drift = of(report, name)
    assert drift.kind == "drift"
    assert abs(drift.since - (UNTIL - TOWN[name].moved_days * DAY)) < 12 * HOUR
    assert drift.persistence == (3, 3)
    assert drift.p_value in report.tested


def test_findings_pass_the_shared_rules(report: Report) -> None:
    passed = judge(report, JOB.kinds, WEEK, Thresholds()).passed
    loud = {judged.candidate.subject["prompt"]: judged.severity for judged in passed}
    assert loud == dict.fromkeys(CONFOUNDED, Severity.DIGEST) | dict.fromkeys(MOVED, Severity.TICKET) | {
        "topics": Severity.PAGE
    }
    assert len(report.tested) == len(SILENT + MOVED)  # one p-value a prompt that was compared


def test_evidence(report: Report, engine: Engine) -> None:
    for candidate in report.candidates:
        assert engine.query_guarded(candidate.query).rows, candidate.title
        ids = {"ids": list(candidate.trace_ids)}
        [[found]] = engine.rows("SELECT uniqExact(trace_id) FROM spans WHERE trace_id IN {ids:Array(String)}", ids)
        assert found == len(candidate.trace_ids) > 0


def test_a_language_in_words(report: Report) -> None:
    drift = of(report, "language")
    assert drift.effect_unit == "bits"
    assert drift.title.startswith("Users of prompt language moved: locale ja ")
    assert "while prompt and model held" in drift.summary
    assert drift.tenants_hit == 12


def test_topics_in_words(report: Report) -> None:
    drift = of(report, "topics")
    more, less = ({word["word"] for word in drift.details[name]} for name in ("words_more", "words_less"))
    assert len(more & set(TOPICS["code"].split())) >= 4
    assert len(less & set(TOPICS["billing"].split())) >= 4
    assert sum(max(topic["since"] - topic["before"], 0) for topic in drift.details["topics"]) > 0.2


def test_a_drop_of_quality_is_a_matter_of_mix(report: Report) -> None:
    quality = of(report, "topics").details["quality"]
    assert quality["since"] - quality["before"] == pytest.approx(quality["mix"] + quality["rate"], abs=2e-4)
    assert quality["mix"] < -0.1
    assert abs(quality["rate"]) < abs(quality["mix"])


def test_without_content_and_users_sizes_tell(report: Report) -> None:
    drift = of(report, "longer")
    assert [shift["layer"] for shift in drift.details["moved"]] == ["input_tokens"]
    assert drift.details["permuted"] == "trace"
    assert "not compared (no sketches)" in drift.summary


def test_what_longer_texts_cost(report: Report) -> None:
    drift = of(report, "longer")
    assert drift.details["usd_a_call"]["before"] == pytest.approx(0.02, rel=0.02)
    assert drift.cost_usd == pytest.approx(4 * 24 * 10 * 0.01, rel=0.05)


def test_a_prompt_whose_text_has_the_date(report: Report) -> None:
    assert of(report, "dated and moved").details["held"]["text_varies"]
    assert "its text varies" in of(report, "dated and moved").summary


def test_a_run_again_says_the_same(alone: Engine, settings: Settings) -> None:
    scenario = replace(TOWN["language"], prompt="", version=False)
    first = run(alone, settings, scenario)
    assert [candidate.subject for candidate in first.candidates] == [{"service": "helpdesk"}]
    assert JOB.run(Source(alone), WEEK, settings) == first


@pytest.mark.parametrize("days", [7, 35])
def test_a_window_with_the_incident_in_its_middle_needs_no_history(
    alone: Engine, settings: Settings, days: int
) -> None:
    begin, calls = days * 0.48, 2000 // days
    scenario = Scenario(days=days, calls_a_day=calls, moved_days=begin, locale_share=0.6, content=False)
    [drift] = run(alone, settings, scenario, days=days).candidates
    assert drift.kind == "drift"
    assert abs(drift.since - (UNTIL - begin * DAY)) < 12 * HOUR


def test_a_week_alone_is_not_surprised_by_its_weekend(alone: Engine, settings: Settings) -> None:
    scenario = Scenario(days=7, calls_a_day=250, weekends=True, content=False)
    assert run(alone, settings, scenario).candidates == []


@pytest.mark.parametrize("moved", [0.0, 4.0])
def test_an_hour_is_compared_with_the_same_hour_of_other_days(alone: Engine, settings: Settings, moved: float) -> None:
    rows = spans(Scenario(days=9, calls_a_day=400, users=300, moved_days=moved, locale_share=0.6, content=False))
    for row in rows:  # all of a day's calls between nine and ten
        midnight = row["started_at"].replace(hour=0, minute=0, second=0, microsecond=0)
        row["started_at"] = midnight + 9 * HOUR + (row["started_at"] - midnight) / 24
    other = [row | {"trace_id": row["trace_id"][::-1], "started_at": row["started_at"] + 3 * HOUR} for row in rows]
    for row in other:  # and quite other people at noon
        row.update(locale="ja", input_tokens=5000)
    put(alone, rows + other)
    until = UNTIL - 4 * DAY + 10 * HOUR
    found = JOB.run(Source(alone), Window(until - HOUR, until), settings).candidates
    assert [candidate.kind for candidate in found] == (["drift"] if moved else [])


@pytest.mark.parametrize(
    ("scenario", "sentence"),
    [
        (Scenario(days=0.01), "less than two days"),
        (Scenario(days=1), "less than two days"),
        (Scenario(days=21, calls_a_day=10), "None of 1 prompts"),
    ],
    ids=["minutes", "one day", "few calls"],
)
def test_what_cannot_be_compared_is_said(alone: Engine, settings: Settings, scenario: Scenario, sentence: str) -> None:
    with pytest.raises(NotComputable, match=sentence):
        run(alone, settings, scenario)


def test_nothing_at_all_is_said(alone: Engine, settings: Settings) -> None:
    with pytest.raises(NotComputable, match="No chat or completion call"):
        JOB.run(Source(alone), WEEK, settings)
