"""Each cause of asking again is found, with what it cost."""

from __future__ import annotations

import pytest

from analytics.jobs.contract import Severity
from tests.analytics.retry_waste.world import World, loud, of, only, talk, time, usd, wasted


def test_transport_retries_are_failed_attempts_before_a_good_one(world: World) -> None:
    trace = world.new_trace()
    root = world.agent(trace, 0, 20)
    world.call(trace, root, 1, 1, None, error="RateLimitError")
    world.call(trace, root, 4, 1, None, error="RateLimitError")
    world.call(trace, root, 9, 1)
    found = wasted(world.look(), "transport")
    assert (found["retries"], found["wasted_calls"], found["cost_usd"]) == (2, 2, 0.0)
    assert found["seconds"] == pytest.approx(2)


def test_a_failed_attempt_that_was_billed_costs_what_it_cost(world: World) -> None:
    trace = world.new_trace()
    world.call(trace, 99, 1, 5, (1000, 50), error="APITimeoutError", asked=talk("go"))
    world.call(trace, 99, 7, 5, (1000, 100), asked=talk("go"))
    found = wasted(world.look(), "transport")
    assert found["cost_usd"] == pytest.approx(usd(1000, 50))


def test_an_answer_that_broke_off_is_estimated_from_its_sibling(world: World) -> None:
    trace = world.new_trace()
    first = {"gen_ai.response.time_to_first_chunk": 0.4}
    world.call(trace, 99, 1, 5, None, error="ConnectionError", asked=talk("go"), **first)
    world.call(trace, 99, 7, 5, (1000, 100), asked=talk("go"))
    report = world.look()
    assert wasted(report, "transport")["cost_usd"] == pytest.approx(usd(1000, 0))


def test_resent_http_requests_are_counted_not_summed(world: World) -> None:
    trace = world.new_trace()
    call = world.call(trace, 99, 0, 10)
    for number, (at, status) in enumerate([(0.1, 503), (2, 503), (6, 200)]):
        attributes = {"http.request.method": "POST", "http.response.status_code": status}
        world.span(trace, call, at, 1, attributes | ({"http.request.resend_count": number} if number else {}), kind=3)
    found = wasted(world.look(), "transport")
    assert (found["retries"], found["cost_usd"]) == (2, 0.0)


@pytest.mark.parametrize("status", [307, 401])
def test_redirects_and_logging_in_again_are_no_retries(world: World, status: int) -> None:
    trace = world.new_trace()
    call = world.call(trace, 99, 0, 10)
    for number, (at, answered) in enumerate([(0.1, status), (2, 200)]):
        attributes = {"http.request.method": "POST", "http.response.status_code": answered}
        world.span(trace, call, at, 1, attributes | ({"http.request.resend_count": number} if number else {}), kind=3)
    assert wasted(world.look(), "transport") == {}


def test_a_storm_of_retries_is_a_ticket_with_its_model_and_error(world: World) -> None:
    world.healthy(300, every=60)
    for index in range(90):
        trace = world.new_trace()
        root = world.agent(trace, 7200 + 40 * index, 20)
        world.call(trace, root, 7200 + 40 * index, 1, None, error="RateLimitError")
        world.call(trace, root, 7203 + 40 * index, 1)
    found = only(world.look(), "transport_retries")
    assert found.severity is Severity.TICKET
    assert found.subject == {"model": "gpt-4o", "error": "RateLimitError"}
    assert abs((found.since - time(7200)).total_seconds()) <= 60
    assert found.n == 480


def reprompts(world: World, *, content: bool, form: bool, chains: int = 20, healthy: int = 1250) -> float:
    """One in sixty operations asks three times more; what that wastes."""
    world.healthy(healthy, every=16, json_output=form)
    total = 0.0
    for index in range(chains):
        trace, at = world.new_trace(), 600 + 900.0 * index
        root = world.agent(trace, at, 60)
        said = ["Extract the order."]
        tokens = 3000
        for step in range(4):
            asked = talk(*said) if content else None
            answer = f"oops {index} {step}"
            world.call(
                trace, root, at + 4 * step, 3, (tokens, 400), asked=asked, answer=answer if content else None,
                json_output=form,
            )  # fmt: skip
            said += [answer, f"Your answer {step} was not valid JSON: expected a comma. Try again."]
            total += usd(tokens, 400) if step < 3 else 3 * 450 * 2.5e-6
            tokens += 450
    return total


@pytest.mark.parametrize(("content", "form"), [(True, True), (True, False), (False, True)])
def test_reprompts_of_few_operations_that_cost_much(world: World, content: bool, form: bool) -> None:
    expected = reprompts(world, content=content, form=form)
    report = world.look()
    found = only(report, "reprompt_chain")
    assert found.severity is Severity.TICKET
    assert found.subject == {"prompt": "extract", "model": "gpt-4o", "tenant": "acme"}
    assert found.cost_usd == pytest.approx(expected, rel=1e-6)
    assert found.effect > 0.1
    assert found.details["chain_lengths"] == {"4": 20}
    assert found.details["operations"] == 1270
    assert found.n == 1330


def test_without_content_or_form_growing_calls_are_only_suspected(world: World) -> None:
    reprompts(world, content=False, form=False, healthy=50)
    assert of(world.look(), "reprompt_chain") == []


def test_a_loop_of_two_tools_without_progress(world: World) -> None:
    trace = world.new_trace()
    root = world.agent(trace, 0, 4000, **{"gen_ai.agent.name": "support-bot"})
    for index in range(60):
        at = 10 + 60.0 * index
        world.call(trace, root, at, 2, (20_000 + 100 * index, 50), prompt="support")
        world.tool(trace, root, at + 3, ("find_order", "find_customer")[index % 2], '{"id": 7}', "nothing found")
    found = only(world.look(), "agent_loop")
    assert found.subject == {"tenant": "acme", "prompt": "support", "tool": "find_customer > find_order"}
    assert found.effect == 58
    assert found.cost_usd == pytest.approx(sum(usd(20_000 + 100 * index, 50) for index in range(2, 60)))
    assert found.severity is Severity.TICKET
    assert found.trace_ids == [f"{trace:032x}"]


def test_an_agent_that_retried_politely_for_six_hours_pages(world: World) -> None:
    for index in range(700):
        trace = world.new_trace()
        common = {"user.id": "batch-7", "gen_ai.agent.name": "closer"}
        world.call(trace, 0, 30.0 * index, 4, (40_000, 20), error="ToolError", **common)
    found = only(world.look(), "polite_loop")
    assert found.severity is Severity.PAGE
    assert found.persistence == (3, 3)
    assert found.subject == {"tenant": "acme", "agent": "closer", "model": "gpt-4o"}
    assert found.cost_usd == pytest.approx(699 * usd(40_000, 20))
    assert found.since == time(0)


def test_the_same_with_a_tool_that_fails_each_time(world: World) -> None:
    trace = world.new_trace()
    root = world.agent(trace, 0, 21_600, **{"gen_ai.agent.name": "closer"})
    for index in range(700):
        world.call(trace, root, 30.0 * index, 4, (40_000, 20), **{"gen_ai.agent.name": "closer"})
        world.tool(trace, root, 30.0 * index + 5, "charge_card", error="Timeout")
    report = world.look()
    [found] = [*of(report, "agent_loop"), *of(report, "polite_loop")]
    assert found.severity is Severity.PAGE
    assert found.subject == {"tenant": "acme", "agent": "closer", "tool": "charge_card"}
    assert found.cost_usd == pytest.approx(699 * usd(40_000, 20), rel=0.01)


def test_people_who_ask_once_more(world: World) -> None:
    for index in range(10):
        for again in range(2):
            world.call(
                world.new_trace(), 0, 600.0 * index + 40 * again, 5, asked=talk(f"question {index}"),
                answer="42", **{"user.id": f"u{index % 3}"},
            )  # fmt: skip
    found = only(world.look(), "human_rerun")
    assert (found.severity, found.effect, found.details["users"]) == (Severity.DIGEST, 10, 3)
    assert found.cost_usd == pytest.approx(10 * usd(1000, 100))
    assert found.details["deterministic_share"] == 1


def test_nothing_was_tried_again(world: World) -> None:
    world.healthy(100)
    assert world.look().candidates == []


def test_a_quiet_day_has_nothing_loud(world: World) -> None:
    world.healthy(400, every=50)
    trace = world.new_trace()
    world.call(trace, 99, 1, 1, None, error="RateLimitError")
    world.call(trace, 99, 4, 1)
    assert loud(world.look()) == []
