"""The job over spans in the engine: what is said of customers, and what is not, in windows of any length."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from analytics.jobs.contract import NotComputable, Severity
from tests.analytics.cost_concentration.world import DAY, END, HOUR, SIZES, START, World, rhythm


def test_a_window_with_the_incident_in_its_middle(world: World) -> None:
    world.fleet(SIZES, START)
    world.spend("c3", 60.0, END - 12 * DAY, END - 12 * DAY + 6 * HOUR)
    world.settle()
    for since, until in ((END - 14 * DAY, END - 9 * DAY), (END - 40 * DAY, END)):
        runaway = world.run(since, until).one("runaway")
        assert (runaway.severity, dict(runaway.subject)) == (Severity.TICKET, {"tenant": "c3"})
        assert (runaway.since, runaway.until) == (END - 12 * DAY, END - 12 * DAY + 6 * HOUR)


def test_a_day_without_history(world: World) -> None:
    world.fleet(SIZES, END - DAY)
    world.spend("c3", 100.0, END - 9 * HOUR, END - 3 * HOUR)
    world.settle()
    ran = world.run(END - DAY)
    runaway = ran.one("runaway")
    assert (runaway.severity, dict(runaway.subject)) == (Severity.PAGE, {"tenant": "c3"})
    assert runaway.since == END - 9 * HOUR
    assert runaway.summary.endswith("what this customer pays is not known.")


def test_what_pays_for_itself_or_is_small_is_no_runaway(world: World) -> None:
    world.fleet(SIZES, START)
    for tenant, price in (("c3", 40_000), ("c4", None), ("c9", None)):
        if price:
            world.pays(tenant, price)
    world.spend("c3", 60.0, END - 6 * HOUR)
    world.spend("c4", 30.0, END - 6 * HOUR)
    world.spend("c9", 7.0, END - 6 * HOUR)
    world.settle()
    [(kind, title)] = world.run(START).loud
    assert (kind, title.split()[1]) == ("runaway", "c4")


def test_a_crowd_is_no_runaway(world: World) -> None:
    """Without history: a Sunday at a twentieth of what Monday costs, for everybody."""
    sunday = END - 5 * DAY
    for number in range(6):
        world.spend(f"c{number}", 0.4, sunday, sunday + 30 * HOUR)
        world.spend(f"c{number}", 8.0, sunday + 30 * HOUR, sunday + 40 * HOUR)
        world.spend(f"c{number}", 0.4, sunday + 40 * HOUR, sunday + 48 * HOUR)
    world.settle()
    ran = world.run(sunday, sunday + 2 * DAY)
    assert ran.loud == []
    assert ran.report.notes["runaway"]["rose_together"] == 6


def quiet(world: World) -> None:
    """All that only looks like trouble: growth of all, weekends, a customer that starts and pays, one that is big and
    pays, one whose work is done on Thursdays, one that stays below its price though today was dear."""
    sizes = [240, 120, 80, 60, 48]
    for number, size in enumerate(sizes):
        steps = rhythm(size, [1.05 ** (day / 4) for day in range(29)], START)
        world.spend(f"c{number}", steps, START)
        world.pays(f"c{number}", 45 * size)
    world.spend("fresh", rhythm(200, [1.0] * 29, START), END - 4 * DAY)
    world.pays("fresh", 9000, since=(END - 4 * DAY).date())
    for day in (1, 8, 15, 22):
        world.spend("weekly", 40.0, END - day * DAY, END - day * DAY + 5 * HOUR)
    world.pays("weekly", 1000)
    world.spend("thrifty", 0.1, START)
    world.spend("thrifty", 1.0, END - 20 * HOUR, END - 5 * HOUR)
    world.pays("thrifty", 100)
    world.settle()


def test_quiet_data_is_quiet_in_any_window(world: World) -> None:
    quiet(world)
    for length in (timedelta(hours=1), DAY, 3 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 35 * DAY):
        ran = world.run(END - length)
        assert ran.loud == [], length
        assert ran.one("concentration").severity is Severity.DIGEST
    [mover] = world.run(START).of("mover")
    assert mover.title.startswith("Customer fresh is new and cost $")
    for back in range(1, 8):
        assert world.run(END - (back + 1) * DAY, END - back * DAY).loud == []


def test_movers_are_told_by_calls_or_by_price(world: World) -> None:
    world.fleet([100] * 8, START)
    week = END - 7 * DAY
    for number in range(5):
        begin = START + timedelta(minutes=number)
        world.spend("busier", 1.6, begin, week)
        world.spend("dearer", 1.6, begin, week)
    for number in range(20):
        world.spend("busier", 1.6, week + timedelta(minutes=2 * number))
    for number in range(5):
        world.spend("dearer", 6.4, week + timedelta(minutes=number))
    world.settle()
    ran = world.run(START)
    busier, dearer = ran.one("mover", "busier"), ran.one("mover", "dearer")
    assert (busier.severity, dearer.severity) == (Severity.DIGEST, Severity.TICKET)
    assert busier.since == dearer.since == week
    assert dearer.details["cost_per_call_times"] == pytest.approx(4, rel=0.15)
    low, middle, high = dearer.details["difference_usd_per_day"]
    assert low <= middle <= high and middle == pytest.approx(576, rel=0.01)
    low, middle, high = dearer.details["share_difference"]
    assert low <= middle <= high
    assert dearer.p_value is not None and dearer.p_value < 0.001
    assert len(ran.of("mover")) == 2


def test_a_top_that_grows_is_a_change_of_concentration(world: World) -> None:
    """Of 60 customers the twelve largest triple."""
    for number in range(60):
        for day in range(14):
            factor = 3 if number < 12 and day >= 7 else 1
            world.call(f"c{number}", END - (14 - day) * DAY, factor * (2.0 - number / 60))
    for number in range(60, 1060):
        for day in (0, 7):
            world.call(f"c{number}", END - (14 - day) * DAY, 0.04)
    world.settle()
    change = world.run(END - 14 * DAY).one("concentration_change")
    assert change.severity is Severity.TICKET
    assert change.details["interval"][0] > 0
    assert change.effect == pytest.approx(change.details["after"] - change.details["before"], abs=1e-5)
    assert change.effect >= 0.05
    assert world.run(END - 7 * DAY).one("concentration_change").effect == change.effect


def test_no_customer_is_named(world: World) -> None:
    world.spend("", 1.0, END - DAY)
    world.call("acme", END - DAY, 1.0)
    world.settle()
    with pytest.raises(NotComputable, match=r"A customer \(tenant\) is on 4\.0 % of 25 calls"):
        world.run(END - DAY)


def test_no_call_has_a_price(world: World) -> None:
    for number in range(5):
        world.call("acme", END - number * HOUR - HOUR, None)
    world.settle()
    with pytest.raises(NotComputable, match="5 of 5 are of models without a price"):
        world.run(END - DAY)


def test_nothing_was_called(world: World) -> None:
    world.call("acme", END - 5 * DAY, 1.0)
    world.settle()
    with pytest.raises(NotComputable, match="no billable calls"):
        world.run(END - DAY)


def test_what_is_unknown_or_ours_is_said_and_not_counted(world: World) -> None:
    world.spend("acme", 1.0, END - DAY)
    world.spend("acme", 9.0, END - DAY, purpose="eval")
    world.spend("acme", 2.0, END - DAY, purpose="batch")
    world.spend("", 0.5, END - DAY)
    world.call("dark", END - HOUR, None)
    world.settle()
    report = world.run(END - DAY).one("concentration")
    assert report.cost_usd == pytest.approx(72)
    assert report.n == 1
    coverage = report.details["coverage"]
    assert (coverage["calls"], coverage["calls_with_customer"], coverage["own_calls"]) == (73, 49, 24)
    assert (coverage["unpriced_calls"], coverage["customers_without_known_cost"]) == (1, 1)
    assert (coverage["cost_usd"], coverage["own_usd"]) == (pytest.approx(84), pytest.approx(216))


def test_a_contract_that_begins_in_the_window_counts_from_its_day(world: World) -> None:
    world.spend("acme", 2.0, END - 28 * DAY)
    world.pays("acme", 3000, since=date(2026, 11, 13))
    world.settle()
    ran = world.run(START)
    assert ran.of("negative_margin") == []
    [acme] = ran.one("concentration").details["losing_customers"]
    assert acme["revenue_usd"] == pytest.approx(700)


def test_a_customer_that_begins_to_lose_is_dated(world: World) -> None:
    world.spend("acme", 0.05, START, END - 7 * DAY)
    world.spend("acme", 2.0, END - 7 * DAY)
    world.pays("acme", 100)
    world.settle()
    loss = world.run(START).one("negative_margin")
    assert (loss.since, loss.until) == (END - 7 * DAY, END)
    assert loss.title == "Customer acme pays $100 a month and costs $361"
