"""Each cause of asking again is found, with what it cost."""

from __future__ import annotations

import pytest

from analytics.jobs.contract import NotComputable, Severity, Window
from analytics.jobs.source import Source
from analytics.retry_waste.job import JOB
from tests.analytics.retry_waste.world import WINDOW, World, loud, of, only, talk, time, usd, wasted


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
    world.call(trace, 99, 1, 5, None, error="ConnectionError", asked=talk("go"), more=first)
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


def storm(world: World, prompt: str) -> None:
    """An hour in which each operation of a prompt is limited once, and then goes through."""
    for index in range(90):
        trace = world.new_trace()
        root = world.agent(trace, 7200 + 40 * index, 20)
        world.call(trace, root, 7200 + 40 * index, 1, None, error="RateLimitError", prompt=prompt)
        world.call(trace, root, 7203 + 40 * index, 1, prompt=prompt)


def test_a_storm_of_retries_is_a_ticket_that_names_the_prompt_that_stands_out(world: World) -> None:
    world.healthy(300, every=60, prompt="chat")
    storm(world, "extract")
    found = only(world.look(), "transport_retries")
    assert found.severity is Severity.TICKET
    assert found.subject == {"model": "gpt-4o", "error": "RateLimitError", "prompt": "extract"}
    assert abs((found.since - time(7200)).total_seconds()) <= 60
    assert (found.n, found.effect) == (180, 0.5)


def test_a_storm_over_all_prompts_names_none(world: World) -> None:
    for prompt in ("extract", "chat", "summary"):
        world.healthy(100, every=180, prompt=prompt)
        storm(world, prompt)
    found = only(world.look(), "transport_retries")
    assert found.subject == {"model": "gpt-4o", "error": "RateLimitError"}
    assert found.details["prompts"] == {"extract": 90, "chat": 90, "summary": 90}


def reprompts(world: World, *, content: bool, form: bool, chains: int = 10, healthy: int = 620) -> float:
    """One in sixty operations asks three times more; what that wastes."""
    world.healthy(healthy, every=32, json_output=form)
    total = 0.0
    for index in range(chains):
        trace, at = world.new_trace(), 600 + 1800.0 * index
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
    assert found.details["chain_lengths"] == {"4": 10}
    assert found.details["operations"] == 630
    assert found.n == 660


def test_without_content_or_form_growing_calls_are_only_suspected(world: World) -> None:
    reprompts(world, content=False, form=False, healthy=50)
    assert of(world.look(), "reprompt_chain") == []


def test_a_loop_of_two_tools_without_progress(world: World) -> None:
    trace = world.new_trace()
    root = world.agent(trace, 0, 4000, more={"gen_ai.agent.name": "support-bot"})
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


@pytest.mark.parametrize(("steady", "found"), [(True, 1), (False, 0)])
def test_two_tools_in_turn_without_content(world: World, steady: bool, found: int) -> None:
    """Rounds that add the same tokens each time are a loop; an agent that searches and reads adds what it finds."""
    trace = world.new_trace()
    root = world.agent(trace, 0, 4000)
    tokens = 20_000
    for index in range(40):
        world.call(trace, root, 10 + 30.0 * index, 2, (tokens, 50))
        world.tool(trace, root, 13 + 30.0 * index, ("search", "open")[index % 2])
        tokens += (300, 420)[index % 2] + (index % 3 if steady else 977 * index % 1500)
    assert len(of(world.look(), "agent_loop")) == found


def test_a_run_that_is_spread_over_traces_of_one_session(world: World) -> None:
    session = {"gen_ai.conversation.id": "run-1"}
    for index in range(30):
        trace = world.new_trace()
        at = 60.0 * index
        root = world.agent(trace, at, 20)
        world.call(trace, root, at + 1, 5, (10_000 + 200 * index, 50), more=session)
        world.tool(trace, root, at + 7, "deploy", '{"to": "prod"}', "locked", more=session)
    found = only(world.look(), "agent_loop")
    assert found.effect == 29
    assert found.cost_usd == pytest.approx(sum(usd(10_000 + 200 * index, 50) for index in range(1, 30)))


def test_a_tool_that_calls_itself_with_the_same_arguments(world: World) -> None:
    trace = world.new_trace()
    parent = world.agent(trace, 0, 100)
    for depth in range(8):
        parent = world.tool(trace, parent, 1 + depth, "delegate", '{"task": "x"}', lasts=90 - depth)
        world.call(trace, parent, 1.5 + depth, 0.4)
    found = wasted(world.look(), "loop")
    assert (found["retries"], found["wasted_calls"]) == (7, 7)


def test_an_agent_that_retried_politely_for_six_hours_pages(world: World) -> None:
    for index in range(700):
        trace = world.new_trace()
        common = {"user.id": "batch-7", "gen_ai.agent.name": "closer"}
        world.call(trace, 0, 30.0 * index, 4, (40_000, 20), error="ToolError", more=common)
    found = only(world.look(), "polite_loop")
    assert found.severity is Severity.PAGE
    assert found.persistence == (3, 3)
    assert found.subject == {"tenant": "acme", "agent": "closer", "model": "gpt-4o"}
    assert found.cost_usd == pytest.approx(699 * usd(40_000, 20))
    assert found.since == time(0)


def test_the_same_with_a_tool_that_fails_each_time(world: World) -> None:
    trace = world.new_trace()
    root = world.agent(trace, 0, 21_600, more={"gen_ai.agent.name": "closer"})
    for index in range(700):
        world.call(trace, root, 30.0 * index, 4, (40_000, 20), more={"gen_ai.agent.name": "closer"})
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
                answer="42", more={"user.id": f"u{index % 3}"},
            )  # fmt: skip
    found = only(world.look(), "human_rerun")
    assert (found.severity, found.effect, found.details["users"]) == (Severity.DIGEST, 10, 3)
    assert found.cost_usd == pytest.approx(10 * usd(1000, 100))
    assert found.details["deterministic_share"] == 1


def test_a_failed_try_within_a_call_that_two_layers_saw(world: World) -> None:
    trace = world.new_trace()
    outer = world.call(trace, 99, 0, 10)
    world.call(trace, outer, 1, 1, None, error="Overloaded")
    world.call(trace, outer, 4, 5)
    world.send()
    world.settle()
    found = wasted(world.look(), "transport")
    assert (found["retries"], found["wasted_calls"], found["cost_usd"]) == (1, 1, 0.0)


@pytest.mark.parametrize("hours", [(0, 24 * 7), (1, 3), (-24, 6)])
def test_any_window_finds_what_is_in_it(world: World, hours: tuple[int, int]) -> None:
    for index in range(700):
        world.call(world.new_trace(), 0, 30.0 * index, 4, (40_000, 20), error="E", more={"user.id": "u"})
    found = only(world.look(Window(time(3600 * hours[0]), time(3600 * hours[1]))), "polite_loop")
    assert found.severity is Severity.PAGE
    assert found.since == max(time(0), time(3600 * hours[0]))
    assert found.details["running"] == (hours == (1, 3))


def test_the_query_of_a_finding_shows_its_spans(world: World) -> None:
    reprompts(world, content=False, form=True, chains=3, healthy=10)
    report = world.look()
    for candidate in report.candidates:
        rows = world.engine.query_guarded(candidate.query).records()
        assert {row["trace_id"] for row in rows} == set(candidate.trace_ids)


def test_only_the_window_is_read(world: World) -> None:
    storm(world, "extract")
    inside = len(world.spans)
    for day in range(1, 20):
        world.call(world.new_trace(), 0, -86_400.0 * day)
    world.send()
    source = Source(world.engine)
    JOB.run(source, WINDOW, world.settings)
    assert {name: rows for name, rows in source.rows_by_statement.items() if rows > 3 * inside} == {}


def test_a_window_without_calls_is_not_computable(world: World) -> None:
    with pytest.raises(NotComputable):
        world.look()


def test_nothing_was_tried_again(world: World) -> None:
    world.healthy(100)
    report = world.look()
    assert [candidate.kind for candidate in report.candidates] == ["retry_waste"]
    assert only(report, "retry_waste").cost_usd == 0


def test_a_quiet_day_has_nothing_loud(world: World) -> None:
    world.healthy(400, every=50)
    trace = world.new_trace()
    world.call(trace, 99, 1, 1, None, error="RateLimitError")
    world.call(trace, 99, 4, 1)
    assert loud(world.look()) == []
