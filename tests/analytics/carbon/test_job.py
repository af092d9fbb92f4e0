"""The job over spans that passed the energy view and settling."""

from __future__ import annotations

import json
import math
import re
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from analytics.carbon import job
from analytics.carbon.job import JOB
from analytics.jobs.contract import Job, NotComputable, Severity
from analytics.jobs.source import Source
from analytics.settling.marks import HOURS, set_mark
from analytics.settling.usage import sum_slices
from spanledger.energy import procurement
from spanledger.energy.load import reload
from spanledger.energy.own import import_csv
from tests.analytics.carbon.workload import DAY, HOUR, START, Service, Traffic, days, measured, of_kind

QUIET = Traffic(START, DAY, 240, calls=2)
"""480 calls of gpt-4o a day, 0.44 to 0.72 Wh each; 8 of 10 tasks are resolved."""

NUMBER = r"\d+\.\d+(?:e-?\d+)?"


def digest(service: Service, days_long: float = 1, **settings: Any) -> dict[str, Any]:
    [report] = of_kind(service.run(START, START + days_long * DAY, **settings), "report")
    assert report.severity == Severity.DIGEST
    details: dict[str, Any] = json.loads(json.dumps(report.details))
    return details


def test_it_is_a_job() -> None:
    found: Job = JOB
    assert found.name == "carbon"


def test_figures_are_those_of_the_spans(service: Service) -> None:
    service.put(QUIET, replace(QUIET, feature="draft", tenant="beta", model="gpt-4o-mini", traces=100))
    details = digest(service)
    [figure] = details["total"]["figures"]
    [[calls, kwh, low, high, grams]] = service.engine.rows(
        "SELECT count(), sum(energy_kwh), sum(energy_kwh_low), sum(energy_kwh_high), sum(co2e_g) "
        "FROM spans WHERE billable"
    )
    assert (figure["factor_set"], figure["source"], calls) == ("ecologits-0.11.3", "modelled", 680)
    assert "369.473" in figure["grid"][0] and "default of openai" in figure["grid"][0]
    assert figure["kwh"] == pytest.approx({"low": low, "mid": kwh, "high": high}, rel=1e-9)
    assert figure["co2e_g"]["mid"] == pytest.approx(grams, rel=1e-9)
    # E × I + M: bounds of the energy move only its part
    assert figure["co2e_g"]["low"] == pytest.approx(grams - (kwh - low) * 369.473, rel=1e-6)
    [[tasks, resolved]] = service.engine.rows(
        "SELECT uniq(task_id), uniqIf(task_id, task_outcome = 'success') FROM traces"
    )
    assert (details["total"]["tasks"], details["total"]["resolved_tasks"]) == (tasks, resolved) == (340, resolved)
    for name, units in (("request", 680), ("task", 340), ("resolved_task", resolved)):
        assert figure[f"g_per_{name}"]["mid"] == pytest.approx(grams / units, rel=1e-5)
        assert figure[f"wh_per_{name}"]["high"] == pytest.approx(high * 1000 / units, rel=1e-5)
    assert figure["kg_per_1000_inferences"] == figure["g_per_request"]
    assert figure["resolved_tasks_per_kwh"] == pytest.approx(resolved / kwh, rel=1e-5)
    assert "ISO/IEC 21031" in details["boundary"]


def test_sums_reconcile(service: Service) -> None:
    """Requests are tasks and unassigned; every dimension adds up. Half of the traces began before the window."""
    early = replace(QUIET, start=START - HOUR, length=2 * HOUR, feature="early", tenant="beta")
    service.put(QUIET, early, replace(QUIET, tenant="nobody", model="no such model", traces=30))
    sums = digest(service)["reconcile"]
    for name in ("kwh", "co2e_g", "calls"):
        parts = sums["assigned"][name] + sums["unassigned"][name]
        assert math.isclose(sums["requests"][name], parts, rel_tol=1e-9)
        for dimension in ("tenant", "feature", "model", "region", "tier", "batch", "cache", "purpose"):
            assert math.isclose(sums["requests"][name], sums[dimension][name], rel_tol=1e-9), dimension
    [[calls]] = service.engine.rows(f"SELECT count() FROM spans WHERE billable AND started_at >= '{START:%F}'")
    assert sums["requests"]["calls"] == calls


def test_calls_of_traces_that_are_not_settled_are_unassigned(service: Service) -> None:
    service.put(QUIET)
    service.put(replace(QUIET, start=START + 12 * HOUR, length=HOUR, traces=50, feature="late"), settle=False)
    sums = digest(service)["reconcile"]
    assert (sums["assigned"]["calls"], sums["unassigned"]["calls"]) == (480, 100)


def test_features_and_tasks_of_the_root(service: Service) -> None:
    """Instrumented clients put no feature on a call; it is in that of its trace. Traces of one task id are one task."""
    again = replace(QUIET, traces=24, calls=1, start=START + HOUR, length=2 * HOUR, task="job-")
    service.put(replace(QUIET, root_only=True, task="job-"), again)
    details = digest(service)
    [value] = details["by"]["feature"]
    assert (value["value"], value["calls"], value["tasks"]) == ("search", 504, 240)


def test_tier_batch_cache_and_region_stand_apart(service: Service) -> None:
    service.put(
        replace(QUIET, columns={"cached_input_tokens": 0}),
        replace(QUIET, columns={"cached_input_tokens": 100}, model="gpt-4o-mini"),
        replace(QUIET, columns={"cached_input_tokens": 900, "provider_region": "us-east-1"}, tenant="beta"),
        replace(QUIET, columns={"service_tier": "batch"}, feature="nightly"),
    )
    by = digest(service)["by"]
    assert {value["value"]: value["calls"] for value in by["cache"]} == {
        "none": 480, "partial": 480, "mostly": 480, "not reported": 480
    }  # fmt: skip
    assert {value["value"]: value["calls"] for value in by["batch"]} == {"interactive": 1440, "batch": 480}
    assert {value["value"] for value in by["tier"]} == {"", "batch"}
    [virginia] = [value for value in by["region"] if value["value"] == "us-east-1"]
    assert virginia["figures"][0]["grid"] == ["us-east-1 244.758 location (US-VA 2023, EPA eGRID2023)"]
    assert all(value["figures"][0]["tokens_per_wh"] > 0 for value in by["cache"])


def test_factor_sets_stand_side_by_side(service: Service) -> None:
    service.put(QUIET, replace(QUIET, tenant="beta", columns=measured(0.002)))
    [report] = of_kind(service.run(START, START + DAY), "report")
    modelled, metered = sorted(report.details["total"]["figures"], key=lambda one: str(one["source"]), reverse=True)
    assert (modelled["source"], modelled["calls"]) == ("modelled", 480)
    assert (metered["source"], metered["factor_set"], metered["calls"]) == ("measured", "", 480)
    assert metered["kwh"]["low"] == metered["kwh"]["mid"] == metered["kwh"]["high"] == pytest.approx(0.96)
    assert metered["co2e_g"]["low"] == metered["co2e_g"]["high"]
    assert " and " in report.title


def test_what_is_unknown_is_null_and_said(service: Service) -> None:
    service.put(QUIET, replace(QUIET, model="no such model", traces=10))
    report = service.run(START, START + DAY)
    [unknown] = of_kind(report, "energy_unknown")
    assert (unknown.severity, unknown.details["calls"], unknown.details["of"]) == (Severity.DIGEST, 20, 500)
    assert "no such model" in unknown.title
    [models] = [found for name, found in of_kind(report, "report")[0].details["by"].items() if name == "model"]
    [strange] = [value for value in models if value["value"] == "no such model"]
    assert (strange["calls_without_figure"], strange["figures"][0]["kwh"]) == (20, None)
    assert "g_per_request" not in strange["figures"][0]
    [[shown, a_trace]] = service.engine.rows(f"SELECT sum(calls), any(a_trace) FROM ({unknown.query})")
    assert (shown, len(a_trace)) == (20, 32)


def test_nothing_to_compute(service: Service) -> None:
    with pytest.raises(NotComputable, match="no billable calls"):
        service.run(START, START + DAY)
    service.put(replace(QUIET, model="no such model"))
    with pytest.raises(NotComputable, match=r"None of 480 calls has an energy figure.*no such model"):
        service.run(START, START + DAY)


def test_the_list_for_buyers_is_the_same_everywhere(service: Service) -> None:
    service.put(QUIET, replace(QUIET, feature="draft", root_only=True), replace(QUIET, columns=measured(0.001)))
    told = sorted(map(str, digest(service)["procurement"]))
    asked = procurement.read(service.engine, START, START + DAY)
    assert len(told) == 3
    for one, other in zip(told, sorted(str(asdict(line)) for line in asked), strict=True):
        assert re.sub(NUMBER, "", one) == re.sub(NUMBER, "", other)
        assert list(map(float, re.findall(NUMBER, one))) == pytest.approx(list(map(float, re.findall(NUMBER, other))))


def test_sums_below_usage_are_those_of_usage(service: Service) -> None:
    """Half of the sums are by the hour of acceptance, half by slices; the mark between them counts."""
    service.put(*days(QUIET, 2), replace(QUIET, feature="draft", model="gpt-4o-mini"))
    sum_slices(service.engine, [int((START + 36 * DAY).timestamp())], 2**42)  # a second time, by the hour
    for until in (0, 2**42):
        set_mark(service.engine, HOURS, until)
        asked = {
            "since": f"{START:%F %T}",
            "from": f"{START + DAY:%F %T}",
            "to": f"{START + 2 * DAY:%F %T}",
            "hours": 24,
            **dict.fromkeys(("week_from", "week_to"), f"{START:%F %T}"),
        }
        names = {"features": ["search", "draft"], "models": ["gpt-4o", "gpt-4o-mini"], "others": "others"}
        found = Source(service.engine).frame(Path(job.__file__).with_name("series.sql"), asked | names)
        plain = service.engine.rows(
            "SELECT feature, model, sum(calls), sum(co2e_g) FROM usage GROUP BY ALL ORDER BY ALL"
        )
        sums = found.group_by("feature", "model").agg(pl.col("calls").sum(), pl.col("co2e_g").sum()).sort("feature")
        assert sums.rows() == [(*row[:3], pytest.approx(row[3], rel=1e-9)) for row in plain]
        assert set(found["part"]) == {-1, 0}


def test_the_first_fifty_and_the_rest(service: Service) -> None:
    few = replace(QUIET, traces=2, calls=1)
    service.put(*(replace(few, tenant=f"tenant {number}", output=100 + 10 * number) for number in range(60)))
    found = digest(service)["by"]["tenant"]
    assert [len(found), found[0]["value"]] == [51, "tenant 59"]
    assert (found[-1]["rest_of"], found[-1]["calls"]) == (10, 20)


def test_market_based_is_kept_apart(service: Service) -> None:
    import_csv(service.engine, "zone,basis,g_per_kwh,source\nus-east-1,market,12.5,contract 4711")
    try:
        service.put(QUIET, replace(QUIET, tenant="beta", columns={"provider_region": "us-east-1"}))
        details = digest(service)
        [[kwh]] = service.engine.rows("SELECT sum(energy_kwh) FROM spans WHERE tenant = 'beta'")
        assert details["market_based"]["co2e_g_of_energy"] == pytest.approx(kwh * 12.5)
        assert details["market_based"]["kwh"] == pytest.approx(kwh)
        [figure] = details["total"]["figures"]
        assert all("market" not in grid for grid in figure["grid"])
    finally:
        service.engine.command("ALTER TABLE grid_intensity DELETE WHERE basis = 'market' SETTINGS mutations_sync = 2")
        reload(service.engine)


OLD_SPANS = """
INSERT INTO spans (trace_id, span_id, started_at, operation, billable, energy_kwh, co2e_g, tenant)
SELECT lower(hex(number)), lower(hex(number)), {start:DateTime64(9, 'UTC')} - toIntervalSecond(number * 10 + 1), 'chat',
    true, 1, 1, 'old'
FROM numbers(100000)
"""


def test_only_the_window_is_read(service: Service) -> None:
    """A hundred thousand older spans are not read; of what settling made of them, four windows at most."""
    service.put(*days(QUIET, 7))
    service.engine.command(OLD_SPANS, {"start": START + 6 * DAY})
    service.engine.command("OPTIMIZE TABLE spans FINAL")
    _, source = service.counted(START + 6 * DAY, START + 7 * DAY)
    granule, of_a_day = 8192, 3 * QUIET.traces
    assert source.rows_by_statement["calls"] <= of_a_day + granule + 2 * 7 * QUIET.traces + 2 * 24 * 7
    assert source.rows_by_statement["series"] <= 24 * 7 + 2
    assert source.rows_by_statement["tasks"] <= 7 * QUIET.traces


def test_evidence_can_be_run(service: Service) -> None:
    service.put(*days(QUIET, 5), replace(QUIET, start=START + 4 * DAY, output=2000, traces=900, feature="it's new\\"))
    for one in service.run(START + 4 * DAY, START + 5 * DAY).candidates:
        assert service.engine.rows(one.query)
        assert 0 < len(one.trace_ids) <= 20
        assert json.loads(json.dumps(one.details))
        assert "0" * 16 not in one.trace_ids


def test_quiet_days_and_growth_say_nothing(service: Service) -> None:
    """Twice the traffic, another tenant, a night: a call emits what it did."""
    service.put(
        *days(QUIET, 5),
        replace(QUIET, start=START + 4 * DAY, tenant="new", traces=500),
        Traffic(START, 5 * DAY, 700, feature="draft", model="gpt-4o-mini"),
    )
    for since, length in (
        (4 * DAY, DAY),
        (4 * DAY + 6 * HOUR, HOUR),
        (timedelta(0), 5 * DAY),
        (timedelta(0), 35 * DAY),
    ):
        report = service.run(START + since, START + since + length)
        assert not of_kind(report, "intensity_change"), (since, length)
        assert all(one.severity == Severity.DIGEST for one in report.candidates)
