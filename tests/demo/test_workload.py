"""A workload is the same for the same seed, hangs together, and its labels say what is in its spans."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime

import pytest

from spanledger.demo.clock import DAY, Stretch, nanoseconds
from spanledger.demo.incidents import COST_USD, INCIDENTS
from spanledger.demo.look_alikes import LOOK_ALIKES
from spanledger.demo.plan import Plan
from spanledger.demo.recorder import Traits
from spanledger.demo.records import Kind
from spanledger.demo.scenarios import Scenario, draw, of
from spanledger.demo.workload import Workload, play

START = nanoseconds(datetime(2026, 10, 1, tzinfo=UTC))
DAYS = 10


def made(incident: str, seed: int = 2, days: int = DAYS) -> Workload:
    """One incident and nothing beside it."""
    return play(Scenario(seed, (incident,), ()).plan(START, days))


def hit_rate(workload: Workload, when: Stretch, prompt: str, tenants: tuple[str, ...] = ()) -> float:
    calls = [
        call
        for call in workload.calls
        if when.holds(call.span.started) and call.prompt == prompt and (not tenants or call.tenant in tenants)
    ]
    return sum(call.cached for call in calls) / sum(call.input for call in calls)


def test_same_seed_same_bytes() -> None:
    one, again, other = (b"".join(play(draw(seed).plan(START, 7)).requests()) for seed in (5, 5, 6))
    assert one == again
    assert one != other


@pytest.mark.parametrize("incident", sorted(INCIDENTS))
def test_an_incident_has_a_label_and_a_price(incident: str) -> None:
    workload = made(incident)
    [label] = workload.labels
    assert workload.start <= label.when.since < label.when.until <= workload.end
    if label.dollars is None:
        return
    inside = label.dollars.total(label.when.since, label.when.until)
    assert inside > 10
    assert inside == pytest.approx(label.dollars.total(workload.start, workload.end), rel=0.1)
    assert inside < workload.cost


@pytest.mark.parametrize("name", sorted(LOOK_ALIKES))
def test_a_look_alike_costs_nobody_anything(name: str) -> None:
    plan = Plan(3, START, 9, sessions_per_day=60)
    LOOK_ALIKES[name](plan, 4)
    workload = play(plan)
    assert not workload.labels
    assert not any(call.blame for call in workload.calls)
    costs: defaultdict[str, float] = defaultdict(float)
    for call in workload.calls:
        costs[call.tenant] += call.cost
    paid = {price.tenant: price.monthly_usd * 9 / 30 for price in workload.prices}
    assert all(costs[tenant] <= paid[tenant] for tenant in paid)


def test_spans_hang_together() -> None:
    workload = made("polite_agent")
    spans = {span.span_id: span for span in workload.spans}
    assert len(spans) == len(workload.spans)
    for span in workload.spans:
        assert span.started <= span.ended < workload.end
        if span.parent_id:
            parent = spans[span.parent_id]
            assert parent.trace_id == span.trace_id
            assert parent.started <= span.started <= span.ended <= parent.ended


def test_what_is_not_told_is_not_on_the_spans() -> None:
    everything = play(of("circles", 4).plan(START, 9))
    nothing = play(of("circles", 4, Traits(content=False, users=False, tasks=False, scores=False)).plan(START, 9))
    told = {key for span in everything.spans for key in span.attributes}
    silent = {key for span in nothing.spans for key in span.attributes}
    assert told - silent == {
        "gen_ai.input.messages", "gen_ai.output.messages", "gen_ai.system_instructions", "gen_ai.tool.definitions",
        "gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "user.id", "task.id", "task.outcome",
    }  # fmt: skip
    assert everything.scores
    assert not nothing.scores


def test_a_prefix_that_breaks_takes_the_rate_from_about_71_to_18_percent() -> None:
    workload = made("prefix_break")
    [label] = workload.labels
    [prompt] = label.prompts
    before = hit_rate(workload, Stretch(workload.start + DAY, label.when.since), prompt, label.tenants)
    after = hit_rate(workload, label.when, prompt, label.tenants)
    assert before == pytest.approx(0.71, abs=0.08)
    assert after == pytest.approx(0.18, abs=0.04)


def test_dollars_of_a_broken_prefix_are_the_difference_to_an_unbroken_one() -> None:
    workload = made("prefix_break")
    [label] = workload.labels
    assert label.dollars
    hit = [call for call in workload.calls if label.when.holds(call.span.started) and call.tenant in label.tenants]
    lost = 0.0
    for call in (call for call in hit if call.prompt in label.prompts):
        healthy = call.cached / 0.25  # what was kept of it
        rates = call.model
        assert rates.cached is not None
        # a token that was not read is written again; rounding to steps of 128 tokens is what remains
        lost += (healthy - call.cached) * (rates.write - rates.cached) / 1e6
    assert label.dollars.total(label.when.since, label.when.until) == pytest.approx(lost, rel=0.02)


def test_a_neighbour_evicts_everybody_but_itself() -> None:
    workload = made("eviction")
    [label] = workload.labels
    prompt = next(prompt for prompt in label.prompts if any(call.prompt == prompt for call in workload.calls))
    assert hit_rate(workload, Stretch(workload.start + DAY, label.when.since), prompt) > 0.6
    assert hit_rate(workload, label.when, prompt) < 0.3
    culprit = [call.span.started for call in workload.calls if call.tenant == label.culprit["tenant"]]
    assert min(culprit) >= label.when.since


def test_few_answers_cost_much_when_they_are_asked_for_again_and_again() -> None:
    workload = play(Scenario(8, ("reprompts",), ()).plan(START, 21))
    [label] = workload.labels
    calls = [call for call in workload.calls if label.when.holds(call.span.started) and call.prompt in label.prompts]
    roots = {call.span.parent_id for call in calls}
    chained = {call.span.parent_id for call in calls if call.blame}
    assert len(chained) / len(roots) == pytest.approx(0.016, abs=0.012)
    assert label.dollars
    assert 0.06 < label.dollars.total(label.when.since, label.when.until) / sum(call.cost for call in calls) < 0.25


def test_a_polite_agent_goes_on_for_six_hours_at_thirty_seconds() -> None:
    workload = made("polite_agent")
    [label] = workload.labels
    spans = [
        span
        for span in workload.spans
        if span.kind is Kind.TOOL and span.error and span.attributes["tenant.id"] == label.culprit["tenant"]
        and label.when.holds(span.started) and span.error.startswith("Error: upstream")
    ]  # fmt: skip
    assert len(spans) > 400
    assert label.when.days == 0.25
    if workload.spans[0].attributes.get("gen_ai.input.messages"):
        assert len({span.attributes["gen_ai.tool.call.arguments"] for span in spans}) == 1


def test_the_customer_of_the_essay_pays_40_and_costs_4000() -> None:
    workload = play(Scenario(1, ("loss_maker",), ()).plan(START, 30))
    [label] = workload.labels
    [price] = [price for price in workload.prices if price.tenant == label.culprit["tenant"]]
    cost = sum(call.cost for call in workload.calls if call.tenant == price.tenant)
    assert price.monthly_usd == 40
    assert cost == pytest.approx(COST_USD, rel=0.03)
    assert label.dollars
    assert label.dollars.total(workload.start, workload.end) == pytest.approx(cost - 40)


def test_tenants_follow_a_power_law() -> None:
    workload = play(Scenario(9, (), ("weekends",)).plan(START, 14))
    counts = Counter(call.tenant for call in workload.calls).most_common()
    assert counts[0][1] > 4 * counts[len(counts) // 4][1]


def test_weekends_and_nights_are_quieter() -> None:
    workload = play(Scenario(9, (), ("weekends",)).plan(START, 14))
    by_day: defaultdict[int, int] = defaultdict(int)
    by_hour: defaultdict[int, int] = defaultdict(int)
    for call in workload.calls:
        by_day[(call.span.started // DAY + 3) % 7] += 1
        by_hour[call.span.started // (DAY // 24) % 24] += 1
    assert max(by_day[5], by_day[6]) < 0.6 * min(by_day[day] for day in range(5))
    assert by_hour[2] < 0.5 * by_hour[14]


def test_seeds_draw_all_incidents_and_some_quiet_scenarios() -> None:
    drawn = [draw(seed) for seed in range(200)]
    counts = Counter(name for scenario in drawn for name in scenario.incidents)
    assert set(counts) == set(INCIDENTS)
    assert min(counts.values()) >= 8
    assert 30 <= sum(not scenario.incidents for scenario in drawn) <= 70
    assert {name for scenario in drawn for name in scenario.look_alikes} == set(LOOK_ALIKES)
