"""Rises that are planted, found with their time and cause; and rises that are none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from analytics.jobs.contract import Candidate, Report, Severity
from spanledger.energy.load import reload
from spanledger.energy.own import import_csv
from tests.analytics.carbon.workload import DAY, HOUR, START, Service, Traffic, days, measured, of_kind

QUIET = Traffic(START, DAY, 480)
OTHER = replace(QUIET, feature="draft", tenant="beta")


def the_rise(report: Report) -> Candidate:
    [found] = of_kind(report, "intensity_change")
    assert found.p_value is not None and found.p_value < 1e-4
    assert found.p_value in report.tested
    return found


def test_longer_answers_since_noon(service: Service) -> None:
    last = START + 4 * DAY
    longer = replace(QUIET, start=last + 12 * HOUR, length=12 * HOUR, traces=240, output=900)
    service.put(*days(QUIET, 4), *days(OTHER, 5), replace(QUIET, start=last, length=12 * HOUR, traces=240), longer)
    found = the_rise(service.run(last, last + DAY))
    assert (found.severity, found.subject) == (Severity.TICKET, {"feature": "search"})
    assert abs(found.since - longer.start) <= HOUR
    assert found.effect == pytest.approx(2, rel=0.1)
    assert "answers are longer" in found.summary
    assert found.details["calls"]["after"]["tokens_out"] == pytest.approx(900, rel=0.05)
    assert found.details["usual_from"].startswith("the four windows before")
    assert found.n == pytest.approx(240, abs=12)
    [[extra]] = service.engine.rows(
        "SELECT (avgIf(energy_kwh, output_tokens > 600) - avgIf(energy_kwh, output_tokens < 500)) * "
        "countIf(output_tokens > 600) FROM spans WHERE billable AND feature = 'search'"
    )
    assert found.energy_kwh == pytest.approx(extra, rel=0.1)


@pytest.mark.parametrize("begin", [1, 5])
def test_two_days_within_a_week_without_history(service: Service, begin: int) -> None:
    week = [
        replace(one, output=900 if begin <= number < begin + 2 else 300) for number, one in enumerate(days(QUIET, 7))
    ]
    service.put(*week)
    found = the_rise(service.run(START, START + 7 * DAY))
    assert abs(found.since - (START + begin * DAY)) <= 4 * HOUR
    assert abs(found.until - (START + (begin + 2) * DAY)) <= 4 * HOUR
    assert found.details["usual_from"].startswith("the window itself")


def test_a_rise_that_stays_within_a_week(service: Service) -> None:
    service.put(*(replace(one, output=300 if number < 3 else 600) for number, one in enumerate(days(QUIET, 7))))
    found = the_rise(service.run(START, START + 7 * DAY))
    assert abs(found.since - (START + 3 * DAY)) <= 4 * HOUR


def test_an_hour_by_hand(service: Service) -> None:
    hours = [replace(QUIET, start=START + number * HOUR, length=HOUR, traces=250) for number in range(5)]
    service.put(*hours[:4], replace(hours[4], output=900))
    found = the_rise(service.run(START + 4 * HOUR, START + 5 * HOUR))
    assert found.since == START + 4 * HOUR


def test_a_fall_is_no_rise(service: Service) -> None:
    service.put(*(replace(one, output=900 if number < 2 else 300) for number, one in enumerate(days(QUIET, 7))))
    assert not of_kind(service.run(START, START + 7 * DAY), "intensity_change")
    assert not of_kind(service.run(START + 2 * DAY, START + 3 * DAY), "intensity_change")


def test_fewer_resolved_tasks(service: Service) -> None:
    """A call emits what it did, a resolved task three times as much."""
    service.put(*days(QUIET, 4), replace(QUIET, start=START + 4 * DAY, resolved=3))
    found = the_rise(service.run(START + 4 * DAY, START + 5 * DAY))
    assert found.subject == {"feature": "search"}
    assert found.details["unit"] == "resolved task"
    assert found.effect == pytest.approx(8 / 3 - 1, rel=0.15)
    assert "fewer tasks are resolved" in found.summary


def test_more_calls_a_task(service: Service) -> None:
    service.put(*days(QUIET, 4), replace(QUIET, start=START + 4 * DAY, calls=3))
    found = the_rise(service.run(START + 4 * DAY, START + 5 * DAY))
    assert found.details["unit"] == "resolved task"
    assert found.effect == pytest.approx(2, rel=0.15)
    assert "a task takes more calls" in found.summary


def test_calls_that_moved_to_another_model(service: Service) -> None:
    small = replace(QUIET, model="gpt-4o-mini")
    service.put(*days(small, 4), replace(small, start=START + 4 * DAY, traces=240), replace(
        QUIET, start=START + 4 * DAY, traces=240))  # fmt: skip
    found = the_rise(service.run(START + 4 * DAY, START + 5 * DAY))
    assert found.subject == {"feature": "search"}
    assert "gpt-4o has 50% of the calls, before 0%" in found.summary


def test_dirtier_electricity(service: Service) -> None:
    clean = replace(QUIET, columns={"provider_region": "europe-north1"})
    service.put(*days(clean, 4), replace(clean, start=START + 4 * DAY, columns={"provider_region": "asia-south1"}))
    found = the_rise(service.run(START + 4 * DAY, START + 5 * DAY))
    assert "the electricity is dirtier" in found.summary


def test_calls_without_features_are_found_by_model(service: Service) -> None:
    plain = replace(QUIET, feature="")
    service.put(*days(plain, 4), replace(plain, start=START + 4 * DAY, output=900))
    found = the_rise(service.run(START + 4 * DAY, START + 5 * DAY))
    assert found.subject == {"feature": ""}
    assert found.title.startswith("What has no feature")


def test_measured_energy_that_rose(service: Service) -> None:
    metered = replace(QUIET, columns=measured(0.001))
    service.put(*days(metered, 4), replace(metered, start=START + 4 * DAY, columns=measured(0.002)))
    assert the_rise(service.run(START + 4 * DAY, START + 5 * DAY)).severity == Severity.TICKET


def test_little_is_a_digest(service: Service) -> None:
    service.put(*days(QUIET, 4), replace(QUIET, start=START + 4 * DAY, output=900))
    found = the_rise(service.run(START + 4 * DAY, START + 5 * DAY, carbon_ticket_g_per_day=1e6))
    assert found.severity == Severity.DIGEST


def test_a_model_that_serves_another_feature_has_not_changed(service: Service) -> None:
    """A feature with long answers has three times the calls: what the model emits for each of them is what it was."""
    heavy = replace(OTHER, output=1500, traces=120)
    service.put(*days(QUIET, 5), *days(heavy, 4), replace(heavy, start=START + 4 * DAY, traces=480))
    report = service.run(START + 4 * DAY, START + 5 * DAY)
    assert not of_kind(report, "intensity_change")
    [noted] = report.notes["not_a_change"]
    assert (noted["subject"], noted["why"][:14]) == ({"model": "gpt-4o"}, "the model serv")
    assert noted["rise"] > 0.3


@pytest.mark.parametrize("to", ["measured", "own factors", "known"])
def test_another_method_is_no_change(service: Service, to: str) -> None:
    """Calls stay what they were; only how their energy is worked out changed."""
    model = f"model {to}" if to != "measured" else "gpt-4o"
    calls = replace(QUIET, model=model)
    first = "model,joules_out,uncertainty\n" + f"{model},2,0.2"
    try:
        if to == "own factors":
            import_csv(service.engine, first)
        mixed = days(replace(QUIET, traces=100, feature="search"), 5)
        service.put(*days(calls, 4), *mixed)
        if to != "measured":
            import_csv(service.engine, first.replace(",2,", ",20,"))
        columns = measured(0.004) if to == "measured" else {}
        service.put(replace(calls, start=START + 4 * DAY, columns=columns))
        report = service.run(START + 4 * DAY, START + 5 * DAY)
        assert not of_kind(report, "intensity_change")
        assert [one["subject"] for one in report.notes["not_a_change"]] == [{"feature": "search"}]
        assert model in report.notes["not_a_change"][0]["models"]
    finally:
        service.engine.command(
            "ALTER TABLE energy_factors DELETE WHERE startsWith(model, 'model ') SETTINGS mutations_sync = 2"
        )
        reload(service.engine)


def test_a_slow_day_of_few_calls_is_not_significant(service: Service) -> None:
    """Twenty calls that happen to be long: dropped by the shared rule of volume, for n is what it is."""
    service.put(
        *days(QUIET, 4), replace(QUIET, start=START + 4 * DAY, traces=20, length=timedelta(minutes=30), output=900)
    )
    assert all(one.n < 200 for one in of_kind(service.run(START + 4 * DAY, START + 5 * DAY), "intensity_change"))
