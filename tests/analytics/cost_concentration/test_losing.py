"""Customers of whom one costs 100 times what it pays and one runs away, through windows of any length."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest

from analytics.cost_concentration.inputs import as_hour
from analytics.jobs.contract import Candidate, Severity
from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.analytics.cost_concentration.world import DAY, END, HOUR, SIZES, START, Ran, World


@pytest.fixture(scope="module")
def losing(engine: Engine, settings: Settings) -> Iterator[World]:
    """acme pays 40 and costs 4,000 a month; c3 runs away for six hours that end an hour before the end."""
    world = World(engine, settings)
    world.clear()
    world.fleet(SIZES, START)
    world.spend("acme", 4000 / 28 / 24, START)
    world.spend("c3", 60.0, END - 7 * HOUR, END - HOUR)
    world.pays("acme", 40)
    for number, size in enumerate(SIZES):
        world.pays(f"c{number}", 60 * size)
    world.settle()
    yield world
    world.clear()


def check_evidence(losing: World, ran: Ran) -> None:
    """Each candidate has a query that runs as it stands and finds something, traces that exist, and details in JSON."""
    for each in ran.report.candidates:
        assert losing.engine.query_guarded(each.query).rows, each.title
        orjson.dumps(dict(each.details))
        assert each.since <= each.until and each.n >= 1
        known = losing.engine.rows(
            "SELECT count() FROM (SELECT DISTINCT trace_id FROM spans WHERE trace_id IN {ids:Array(String)})",
            {"ids": list(each.trace_ids)},
        )
        assert int(known[0][0]) == len(each.trace_ids) > 0, each.title
    orjson.dumps(dict(ran.report.notes))


def test_a_month(losing: World) -> None:
    ran = losing.run(START)
    loss = ran.one("negative_margin", "acme")
    assert loss.title == "Customer acme pays $40 a month and costs $4,000"
    assert (loss.severity, loss.since) == (Severity.TICKET, START)
    assert loss.cost_usd == pytest.approx(4000 - 40 * (9 / 31 + 19 / 30))
    assert loss.details["breakeven_price_usd"] == pytest.approx(4000 * 30.4375 / 28)
    runaway = ran.one("runaway")
    assert (runaway.severity, dict(runaway.subject)) == (Severity.PAGE, {"tenant": "c3"})
    assert (runaway.since, runaway.until) == (END - 7 * HOUR, END - HOUR)
    assert runaway.cost_usd == pytest.approx(360, rel=0.05)
    assert runaway.persistence == (3, 3) and runaway.p_value is not None and runaway.p_value < 1e-4
    check_evidence(losing, ran)
    check_report(losing, ran.one("concentration"))
    assert losing.run(START).report == ran.report


def check_report(losing: World, report: Candidate) -> None:
    """The sums are those of the spans."""
    [[total, most]] = losing.engine.rows(
        "SELECT sum(usd), max(usd) FROM (SELECT sum(cost_usd) AS usd FROM spans WHERE billable GROUP BY tenant)"
    )
    details = report.details
    assert report.cost_usd == pytest.approx(total)
    assert details["top"][0]["cost_usd"] == pytest.approx(most)
    assert (details["customers"], details["top"][0]["tenant"]) == (11, "acme")
    assert details["whale_curve"]["losing_customers"] == 1
    assert details["losing_customers"][0]["tenant"] == "acme"
    assert details["shares"]["top_5_customers"]["share"] == pytest.approx(report.effect)
    assert details["lorenz"][-1] == [1, 1]


def test_a_day_with_history(losing: World) -> None:
    ran = losing.run(END - DAY)
    loss = ran.one("negative_margin", "acme")
    assert loss.title == "Customer acme pays $40 a month and costs $4,000"
    assert loss.cost_usd == pytest.approx(4000 / 28 - 40 / 30)
    assert ran.one("runaway").severity is Severity.PAGE
    check_evidence(losing, ran)


def test_an_hour_reads_no_span_but_its_own(losing: World) -> None:
    ran = losing.run(END - 3 * HOUR, END - 2 * HOUR)
    assert ran.one("runaway").since == END - 7 * HOUR
    assert ran.one("runaway").cost_usd == pytest.approx(60, rel=0.05)
    assert ran.source.rows_by_statement["edges"] + ran.source.rows_by_statement["traces"] < 4 * 11 * 24
    assert ran.one("negative_margin", "acme").cost_usd == pytest.approx((4000 / 28 - 40 / 30) / 24)


def test_customers_are_summed_as_the_view_does(losing: World) -> None:
    since = END - 5 * DAY
    report = losing.run(since).one("concentration")
    sums = dict(
        losing.engine.rows(
            "SELECT tenant, sum(cost_usd) FROM usage WHERE hour >= {since:DateTime('UTC')} GROUP BY tenant",
            {"since": as_hour(since)},
        )
    )
    assert {row["tenant"]: row["cost_usd"] for row in report.details["top"]} == pytest.approx(sums)
    losing.step(2 * HOUR)
    assert losing.engine.rows("SELECT count() FROM usage_slices") == [[0]]
    assert losing.run(since).one("concentration").details == report.details
