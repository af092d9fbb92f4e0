"""Real SDKs under real instrumentations: whatever each of them says of a call, the ledger has the same call once.

The stand-in answers with the same usage each time, and counts the calls that a provider would ask money for.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.instrumentations.conftest import Program, Programs
from tests.instrumentations.provider import MODELS

Columns = dict[str, Any]

# What one call is, whoever tells of it

OPENAI: Columns = {
    "operation": "chat",
    "provider": "openai",
    "request_model": "gpt-5-mini",
    "model_revision": MODELS["gpt-5-mini"],
    "input_tokens": 1210,
    "cached_input_tokens": 1024,
    "output_tokens": 96,
    "reasoning_tokens": 64,
    "usage_role": "leaf",
    "billable": True,
    "finish_reasons": ["stop"],
    "error_kind": "",
    "cost_usd": 0.0002641,  # 186 × 0.25 + 1024 × 0.025 + 96 × 2, in millionths
}
ANTHROPIC: Columns = {
    "operation": "chat",
    "provider": "anthropic",
    "request_model": "claude-sonnet-4-5",
    "model_revision": MODELS["claude-sonnet-4-5"],
    "input_tokens": 14378,
    "cached_input_tokens": 12288,
    "cache_write_tokens": 2048,
    "cache_write_1h_tokens": 512,
    "output_tokens": 118,
    "usage_role": "leaf",
    "billable": True,
    "finish_reasons": ["stop"],
    "error_kind": "",
    "cost_usd": 0.0144144,  # 42 × 3 + 12288 × 0.3 + 1536 × 3.75 + 512 × 6 + 118 × 15
}
EMBEDDING: Columns = {
    "operation": "embeddings",
    "provider": "openai",
    "request_model": "text-embedding-3-small",
    "input_tokens": 8,
    "output_tokens": None,
    "usage_role": "leaf",
    "billable": True,
    "cost_usd": 0.00000016,
}

# What an instrumentation does not tell

NO_1H = {"cache_write_1h_tokens": None, "cost_usd": 0.0132624}  # all 2048 at the price of five minutes: 2048 × 3.75
NO_CACHE = {"cached_input_tokens": None, "reasoning_tokens": None, "cost_usd": 0.0004945}  # 1210 × 0.25 + 96 × 2
NO_REASONING = {"reasoning_tokens": None}
NO_USAGE = {
    "input_tokens": None, "cached_input_tokens": None, "output_tokens": None, "reasoning_tokens": None,
    "cost_usd": None,
}  # fmt: skip
NO_REASON: Columns = {"finish_reasons": []}
TOOL_CALL = {"finish_reasons": ["tool_call"]}


def refused(call: Columns) -> Columns:
    """The same call, refused with 429: no tokens, no money, no model that answered."""
    nothing: Columns = {"input_tokens": None, "output_tokens": None, "cost_usd": None, "finish_reasons": []}
    same = {column: call[column] for column in ("operation", "provider", "request_model")}
    return same | nothing | {"error_kind": "rate_limited"}


# Programs

OPENAI_CALLS = ("chat", "tools", "stream", "stream_without_usage", "responses", "embed", "busy", "refused")
ANTHROPIC_CALLS = ("chat", "tools", "stream", "stream_helper", "busy", "refused")


def _openai(name: str) -> Program:
    return Program(name, "openai_calls", name, OPENAI_CALLS)


def _anthropic(name: str) -> Program:
    return Program(name, "anthropic_calls", name, ANTHROPIC_CALLS)


OPENAI_PROGRAMS = {
    _openai("openinference-openai"): ("openinference", {}, {}),
    _openai("traceloop-openai"): ("traceloop", {}, NO_REASONING),
    _openai("otel-openai-v2"): ("otel", NO_CACHE, NO_REASON),
    _openai("otel-genai-openai"): ("otel", {}, {}),
}
"""Dialect, what differs in all calls, and what differs in streams."""
ANTHROPIC_PROGRAMS = {
    _anthropic("openinference-anthropic"): ("openinference", {}, {}),
    _anthropic("traceloop-anthropic"): (
        # it adds the count that a stream begins with to the one that it ends with: 1 + 118
        "traceloop", NO_1H, {"output_tokens": 119, "cost_usd": 0.0132774},
    ),
    _anthropic("otel-genai-anthropic"): ("otel", NO_1H, {}),
    _anthropic("anthropic-native"): ("anthropic_sdk", {}, {}),
}  # fmt: skip
OPENLIT_OPENAI = Program(
    "openlit-openai", "openai_calls", "openlit", ("chat", "stream", "stream_without_usage", "embed")
)
OPENLIT_ANTHROPIC = Program("openlit-anthropic", "anthropic_calls", "openlit", ("chat", "stream"))
LANGCHAIN = {
    Program(name, "langchain_calls", name, ("openai", "anthropic", "openai_stream")): name.partition("-")[0]
    for name in ("openinference-langchain", "traceloop-langchain")
}
LANGCHAIN_SAID = {
    ("openinference", "openai"): [OPENAI | TOOL_CALL, OPENAI],
    ("openinference", "anthropic"): [ANTHROPIC | NO_1H | TOOL_CALL, ANTHROPIC | NO_1H],
    ("traceloop", "openai"): [OPENAI | NO_REASONING | TOOL_CALL, OPENAI | NO_REASONING],
    ("traceloop", "anthropic"): [
        # it reads the key that LangChain sets to 0 where the writes are known by their time to live
        ANTHROPIC | {"cache_write_tokens": 0, "cache_write_1h_tokens": None, "cost_usd": 0.0117264} | NO_REASON
    ]
    * 2,
}
PYDANTIC_AI = Program("pydantic-ai", "pydantic_ai_calls", "", ("openai", "anthropic"))
LANGFUSE = Program("langfuse", "langfuse_calls", "", ("openai", "anthropic"))
LITELLM = Program("litellm", "litellm_calls", "", ("openai", "anthropic", "finish"))
LAYERED = {
    Program(f"{script.removesuffix('_calls')}+{layers}", script, layers, (call,)): (price, calls)
    for layers, script, call, price, calls in (
        ("openinference-langchain,openinference-openai", "langchain_calls", "openai", 0.0002641, 2),
        ("openinference-langchain,traceloop-openai", "langchain_calls", "openai", 0.0002641, 2),
        ("openinference-langchain,otel-genai-openai", "langchain_calls", "openai_stream", 0.0002641, 1),
        ("traceloop-langchain,otel-genai-openai", "langchain_calls", "openai", 0.0002641, 2),
        ("traceloop-langchain,openinference-anthropic,anthropic-native", "langchain_calls", "anthropic", 0.0144144, 2),
        ("openinference-anthropic,anthropic-native", "anthropic_calls", "chat", 0.0144144, 1),
        ("traceloop-anthropic,anthropic-native", "anthropic_calls", "stream", 0.0144144, 1),
        ("openinference-openai,traceloop-openai", "openai_calls", "chat", 0.0002641, 1),
        ("anthropic-native", "pydantic_ai_calls", "anthropic", 0.0144144, 2),
    )
}
"""Layers over the same calls: the price of one, and how many there are."""


def exactly(span: Columns, wanted: Columns) -> Columns:
    """The wanted columns of a span; money to a billionth of a cent, as sums of floats have a last digit."""
    return {column: round(value, 11) if isinstance(value := span[column], float) else value for column in wanted}


def told(programs: Programs, program: Program, call: str, expected: list[Columns]) -> None:
    """The provider calls within a trace are exactly those, and say exactly that."""
    columns = list(dict.fromkeys(column for columns in expected for column in columns))
    spans = programs.call(program, call, ", ".join(["usage_role", *columns]))
    calls = [span for span in spans if span["usage_role"] in ("leaf", "duplicate")]
    assert len(calls) == len(expected), spans
    for span, wanted in zip(calls, expected, strict=True):
        assert exactly(span, wanted) == wanted


def _cases(table: dict[Program, Any], calls: tuple[str, ...]) -> list[Any]:
    return [pytest.param(program, call, id=f"{program.name}-{call}") for program in table for call in calls]


@pytest.mark.parametrize(("program", "call"), _cases(OPENAI_PROGRAMS, OPENAI_CALLS))
def test_openai(programs: Programs, program: Program, call: str) -> None:
    if program.name == "otel-openai-v2" and call == "responses":
        assert programs.call(program, call, "name") == []  # it does not know this API
        return
    dialect, always, in_streams = OPENAI_PROGRAMS[program]
    said = OPENAI | always | {"dialect": dialect}
    expected = {
        "chat": [said],
        "tools": [said | TOOL_CALL],
        "stream": [said | in_streams],
        "stream_without_usage": [said | NO_USAGE | in_streams],
        "responses": [said | (NO_REASON if dialect == "openinference" else {})],
        "embed": [EMBEDDING | {"dialect": dialect}],
        "busy": [said],
        "refused": [refused(said) | {"dialect": dialect}, said],
    }[call]
    told(programs, program, call, expected)


@pytest.mark.parametrize(("program", "call"), _cases(ANTHROPIC_PROGRAMS, ANTHROPIC_CALLS))
def test_anthropic(programs: Programs, program: Program, call: str) -> None:
    dialect, always, in_streams = ANTHROPIC_PROGRAMS[program]
    said = ANTHROPIC | always | {"dialect": dialect}
    expected = {
        "chat": [said],
        "tools": [said | TOOL_CALL],
        "stream": [said | in_streams],
        "stream_helper": [said | in_streams],
        "busy": [said],
        "refused": [refused(said) | {"dialect": dialect}, said],
    }[call]
    told(programs, program, call, expected)


def test_a_cheaper_tier_that_was_asked_for_and_not_served(programs: Programs) -> None:
    """The call is billed at the tier of the answer."""
    for program in OPENAI_PROGRAMS:
        [span] = programs.call(program, "chat", "request_tier, service_tier, cost_usd")
        assert (span["request_tier"], span["service_tier"]) == ("flex", "default"), program.name


@pytest.mark.parametrize("program", [*OPENAI_PROGRAMS, *ANTHROPIC_PROGRAMS], ids=lambda program: program.name)
def test_as_many_calls_are_billed_as_the_provider_answered(programs: Programs, program: Program) -> None:
    spans = programs.spans(program, "cost_usd, billable, error_kind", "billable AND error_kind = ''")
    unseen = 1 if program.name == "otel-openai-v2" else 0
    assert len(spans) == programs.provider.billed(program.name) - unseen
    assert programs.provider.refused(program.name) == 2


@pytest.mark.parametrize("program", LANGCHAIN, ids=lambda program: program.name)
@pytest.mark.parametrize("call", ["openai", "anthropic"])
def test_langchain(programs: Programs, program: Program, call: str) -> None:
    """A chain of two calls of a model with a tool between them: the chain, the prompt and the tool are not billed."""
    dialect = LANGCHAIN[program]
    of = {"dialect": dialect, "session_id": "sess-8f31"}
    told(programs, program, call, [said | of for said in LANGCHAIN_SAID[dialect, call]])
    spans = programs.call(program, call, "operation, tool_name, billable, cost_usd")
    assert [span["tool_name"] for span in spans if span["operation"] == "tool"] == ["get_weather"]
    assert not any(span["billable"] for span in spans if span["operation"] != "chat")
    assert {span["operation"] for span in spans} >= {"chat", "tool"}
    assert len(spans) >= 6


@pytest.mark.parametrize("program", LANGCHAIN, ids=lambda program: program.name)
def test_langchain_streams(programs: Programs, program: Program) -> None:
    spans = programs.call(program, "openai_stream", "input_tokens, output_tokens, cost_usd, billable")
    assert [(span["input_tokens"], span["output_tokens"], span["cost_usd"]) for span in spans if span["billable"]] == [
        (1210, 96, pytest.approx(0.0002641))
    ]


@pytest.mark.parametrize("program", LAYERED, ids=lambda program: program.name)
def test_layers_over_the_same_call_are_billed_once(programs: Programs, program: Program) -> None:
    price, calls = LAYERED[program]
    columns = "span_id, scope, name, operation, usage_role, billable, duplicate_of, cost_usd, response_id"
    spans = programs.call(program, program.calls[0], columns)
    billed = [span for span in spans if span["billable"]]
    others = [span for span in spans if span["usage_role"] == "duplicate"]
    assert len(billed) == calls == programs.provider.billed(program.name), spans
    assert [span["cost_usd"] for span in billed] == [pytest.approx(price, rel=1e-9)] * calls, billed
    assert len(others) >= calls
    assert {span["duplicate_of"] for span in others} == {span["span_id"] for span in billed}, spans
    assert not any(span["cost_usd"] for span in others)
    [trace] = programs.traces(program, "cost_usd, llm_calls, duplicates")
    assert (round(trace["cost_usd"], 11), trace["llm_calls"], trace["duplicates"]) == (
        round(price * calls, 11), calls, len(others),
    )  # fmt: skip


def test_pydantic_ai(programs: Programs) -> None:
    """The agent's sums are of its two calls, and are not billed."""
    said = OPENAI | {"dialect": "pydantic_ai", "client_cost_usd": 0.0002641}
    told(programs, PYDANTIC_AI, "openai", [said | TOOL_CALL, said])
    said = ANTHROPIC | {"dialect": "pydantic_ai", "client_cost_usd": 0.0144144}
    told(programs, PYDANTIC_AI, "anthropic", [said | TOOL_CALL, said])
    spans = programs.call(PYDANTIC_AI, "anthropic", "operation, usage_role, tool_name, agent_name, billable, cost_usd")
    [agent] = [span for span in spans if span["operation"] == "agent"]
    [tool] = [span for span in spans if span["operation"] == "tool"]
    assert (agent["usage_role"], agent["agent_name"], agent["cost_usd"]) == ("rollup", "weather", None)
    assert (tool["tool_name"], tool["billable"]) == ("get_weather", False)


def test_langfuse(programs: Programs) -> None:
    """Buckets without overlap, and the usage of OpenAI as it came; a generation has one model."""
    of = {"dialect": "langfuse", "finish_reasons": []}
    whose = {"user_id": "u-1042", "session_id": "sess-8f31", "tenant": "acme"}
    generations = {
        "OpenAI-generation": OPENAI | of | whose | {"request_model": MODELS["gpt-5-mini"]},
        "claude-call": ANTHROPIC | of | {"model_revision": "claude-sonnet-4-5"},  # which the application named itself
    }
    for name, wanted in generations.items():
        [span] = programs.spans(LANGFUSE, ", ".join(wanted), f"name = '{name}'")
        assert exactly(span, wanted) == wanted


def test_litellm(programs: Programs) -> None:
    """The request as LiteLLM sent it on is a second span of the same call."""
    columns = ", ".join(["name", *dict.fromkeys([*OPENAI, *ANTHROPIC, "dialect", "client_cost_usd"])])
    spans = programs.spans(LITELLM, columns)
    for said, price in ((OPENAI, 0.0002641), (ANTHROPIC, 0.0144144)):
        [call] = [span for span in spans if span["billable"] and span["provider"] == said["provider"]]
        wanted = said | {"dialect": "litellm", "client_cost_usd": price}
        assert exactly(call, wanted) == wanted
    assert [span["billable"] for span in spans].count(True) == programs.provider.billed(LITELLM.name) == 2


def test_openlit(programs: Programs) -> None:
    """Its input of Anthropic leaves out what is cached; a stream whose usage nobody said is its guess, and flagged."""
    said = OPENAI | NO_REASONING | {"dialect": "openlit"}
    told(programs, OPENLIT_OPENAI, "chat", [said])
    told(programs, OPENLIT_OPENAI, "stream", [said])
    told(programs, OPENLIT_OPENAI, "embed", [EMBEDDING | {"dialect": "openlit"}])
    [guess] = programs.call(OPENLIT_OPENAI, "stream_without_usage", "input_tokens, flags")
    assert "usage_estimated" in guess["flags"]
    said = ANTHROPIC | NO_1H | {"dialect": "openlit"}
    told(programs, OPENLIT_ANTHROPIC, "chat", [said])
    # of a stream it says that nothing was cached
    lost = {"input_tokens": 42, "cached_input_tokens": 0, "cache_write_tokens": 0, "cost_usd": 0.001896}
    told(programs, OPENLIT_ANTHROPIC, "stream", [said | lost])


@pytest.mark.parametrize(
    "program", [PYDANTIC_AI, LANGFUSE, LITELLM, OPENLIT_OPENAI, OPENLIT_ANTHROPIC], ids=lambda program: program.name
)
def test_programs_of_their_own(programs: Programs, program: Program) -> None:
    """Their calls are billed as often as the provider answered; Langfuse was also told of one by hand."""
    by_hand = 1 if program is LANGFUSE else 0
    spans = programs.spans(program, "span_id", "billable")
    assert len(spans) == programs.provider.billed(program.name) + by_hand
