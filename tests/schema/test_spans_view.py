"""Spans: what was sent is what is stored, whatever its kind and size; what is wrong is kept and named."""

from __future__ import annotations

import base64
import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Status, TracesData

from collector.segment import pack_header
from collector.signals import TRACES
from spanledger.engine import Engine
from tests.schema.otlp import (
    DAY_NS,
    ZERO_SPAN,
    ZERO_TRACE,
    key_values,
    plain,
    read_spans,
    span,
    store,
    stored,
    traces,
    value_of,
)

VALUES: dict[str, Any] = {
    **{f"string of {size}": "z" * size for size in (0, 1, 126, 127, 128, 129, 16383, 16384, 2**21 - 1, 2**21)},
    **{f"int {number}": number for number in (0, 1, -1, 127, 128, 2**31, 2**53 + 1, 2**63 - 1, -(2**63))},
    **{f"double {number}": number for number in (0.0, -0.0, 1.0, 0.1, -1.5e300, 5e-324, float("inf"), float("-inf"))},
    "double nan": float("nan"),
    "true": True,
    "false": False,
    "bytes": b"\x00\xff\n",
    "no bytes": b"",
    "long bytes": bytes(range(256)) * 100,
    "unicode": 'Zürich ✓ 🙂 \u0000 \n " \\ \u2028',
    "no value": None,
    "empty array": [],
    **{f"array of a string of {n}": ["z" * n] for n in (0, 1, 118, 119, 120, 121, 122, 124, 125, 126, 127, 128, 200)},
    **{f"array of a string of {n} ": ["z" * n] for n in (4000, 8180, 8190, 16370)},
    "array of strings": ["stop", "", "length", 'with "quotes"\n', "ü🙂"],
    "array of long strings": ["y" * 1000, "x" * 130, "w"] * 4,
    "array of scalars": ["a", 0, -1, 2**63 - 1, True, False, 0.0, 1.5, b"\xff", None, ""],
    "array of doubles": [0.1, float("nan"), float("inf"), float("-inf"), -2.0],
    "array of long bytes": [b"\x00" * 200, b""],
    "longer than 8 KiB, doubles": [index / 7 for index in range(3000)],
    "longer than 8 KiB, ints": list(range(-2000, 20_000, 3)),
    "longer than 8 KiB, strings": [f"word {index}" for index in range(5000)],
    "longer than 8 KiB, long strings": ["y" * 600 for _ in range(20)],
    "empty values": [None] * 300,
}
PLACES = ("span", "event", "link", "resource", "scope")


@pytest.fixture(scope="module")
def everywhere(engine: Engine) -> dict[str, dict[str, str]]:
    """All values, sent in each place that has attributes: what is stored."""
    sent = span(VALUES)
    sent.events.add(name="before", attributes=key_values({"string of 1": "other"}))
    sent.events.add(name="event", attributes=key_values(VALUES))
    sent.links.add(attributes=key_values({"string of 1": "other"}))
    sent.links.add(attributes=key_values(VALUES))
    data = TracesData.FromString(traces([sent], resource=VALUES))
    data.resource_spans[0].scope_spans[0].scope.attributes.extend(key_values(VALUES))
    store(engine, TRACES, data.SerializeToString())
    columns = "attributes, events[2].attributes, links[2].attributes, resource_attributes, scope_attributes"
    return dict(zip(PLACES, stored(engine, sent, columns), strict=True))


@pytest.mark.parametrize("name", VALUES)
@pytest.mark.parametrize("place", PLACES)
def test_values_of_every_kind(everywhere: dict[str, dict[str, str]], place: str, name: str) -> None:
    assert value_of(everywhere[place][name], VALUES[name]) == plain(VALUES[name])


def test_nothing_is_added(everywhere: dict[str, dict[str, str]]) -> None:
    assert all(set(found) == set(VALUES) for found in everywhere.values())


def test_an_array_that_is_costly_to_read_is_kept_whole(engine: Engine) -> None:
    """Beyond 16 KiB, with an element of 128 bytes or more: base64 of the encoded array."""
    values = ["y" * 200] * 100
    sent = span({"k": values})
    store(engine, TRACES, traces([sent]))
    (found,) = stored(engine, sent, "attributes['k']")
    array = AnyValue()
    array.array_value.ParseFromString(base64.b64decode(found))
    assert [item.string_value for item in array.array_value.values] == values


def test_many_long_arrays_do_not_take_memory_without_bound(engine: Engine) -> None:
    spans = [span({"k": list(range(2000))}) for _ in range(100)]
    store(engine, TRACES, traces(spans))
    found = read_spans(engine, spans, "attributes['k']")
    assert {json.dumps(json.loads(row[0])) for row in found} == {json.dumps(list(range(2000)))}


scalars = st.one_of(
    st.text(max_size=300),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.binary(max_size=200),
)
attribute_maps = st.dictionaries(
    st.text(min_size=1, max_size=20).map("test.{}".format), scalars | st.lists(scalars, max_size=6), max_size=8
)


@given(st.lists(attribute_maps, min_size=20, max_size=60))
@hypothesis_settings(max_examples=10, deadline=None)
def test_round_trip(engine: Engine, maps: list[dict[str, Any]]) -> None:
    spans = [span(attributes) for attributes in maps]
    store(engine, TRACES, traces(spans))
    for (found,), sent in zip(read_spans(engine, spans, "attributes"), maps, strict=True):
        assert set(found) == set(sent)
        assert {key: value_of(found[key], value) for key, value in sent.items()} == {
            key: plain(value) for key, value in sent.items()
        }


def test_two_thousand_attributes(engine: Engine) -> None:
    sent = span({f"key.{index}": index for index in range(2000)})
    store(engine, TRACES, traces([sent, span()]))
    assert stored(engine, sent, "attributes") == [{f"key.{index}": str(index) for index in range(2000)}]


def test_no_attributes_no_resource_no_scope(engine: Engine) -> None:
    sent, alone = span(), span()
    store(engine, TRACES, traces([sent]))
    data = TracesData()
    data.resource_spans.add()
    data.resource_spans.add().scope_spans.add()
    data.resource_spans.add().scope_spans.add(spans=[alone])
    store(engine, TRACES, data.SerializeToString())
    columns = "attributes, resource_attributes, scope_attributes, events, links, service, scope, tenant, problems"
    for item in (sent, alone):
        assert stored(engine, item, columns) == [{}, {}, {}, [], [], "", "", "", []]


def test_an_attribute_sent_twice_is_kept_twice_and_read_as_the_first(engine: Engine) -> None:
    sent = span([("a", 1), ("a", 2), ("gen_ai.request.model", "first"), ("gen_ai.request.model", "second")])
    store(engine, TRACES, traces([sent]))
    found = stored(engine, sent, "mapKeys(attributes), mapValues(attributes), attributes['a'], request_model")
    assert found == [["a", "a"], ["1", "2"], "1", "first"]


ALL_COLUMNS: dict[str, Any] = {
    "name": "chat gpt-4o",
    "kind": "client",
    "service": "assistant",
    "scope": "genai",
    "scope_version": "1.3",
    "environment": "production",
    "region": "eu-west-1",
    "status": "error",
    "error_type": "rate_limit",
    "status_message": "slow down",
    "operation": "chat",
    "provider": "openai",
    "request_model": "gpt-4o",
    "model_revision": "gpt-4o-2024-08-06",
    "prompt_name": "support",
    "prompt_version": "7",
    "tenant": "acme",
    "user_id": "u1",
    "session_id": "c1",
    "task_id": "t1",
    "task_outcome": "resolved",
    "feature": "search",
    "purpose": "production",
    "locale": "de-CH",
    "input_tokens": 100,
    "cached_input_tokens": 0,
    "cache_write_tokens": 5,
    "output_tokens": 20,
    "reasoning_tokens": 3,
    "tool_name": "lookup",
    "tool_call_id": "call1",
    "agent_name": "helper",
    "attempt": 2,
    "finish_reasons": ["stop", "length"],
    "time_to_first_token_ns": 123_456_789,
    "temperature": 0.7,
    "service_tier": "flex",
    "retrieved_ids": ["a", "7"],
    "retrieved_scores": [0.5, 1],
    "trace_state": "k=v",
    "dropped_attributes": 4,
    "problems": [],
}
ATTRIBUTES: dict[str, Any] = {
    "error.type": "rate_limit",
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.response.model": "gpt-4o-2024-08-06",
    "gen_ai.prompt.name": "support",
    "gen_ai.prompt.version": "7",
    "tenant.id": "acme",
    "user.id": "u1",
    "gen_ai.conversation.id": "c1",
    "task.id": "t1",
    "task.outcome": "resolved",
    "feature": "search",
    "purpose": "production",
    "user.locale": "de-CH",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.cache_read.input_tokens": 0,
    "gen_ai.usage.cache_write.input_tokens": 5,
    "gen_ai.usage.output_tokens": 20,
    "gen_ai.usage.reasoning.output_tokens": 3,
    "gen_ai.tool.name": "lookup",
    "gen_ai.tool.call.id": "call1",
    "gen_ai.agent.name": "helper",
}
"""Those that leave the map, because a column has all of them; and the operation."""
KEPT: dict[str, Any] = {
    "http.request.resend_count": 2,
    "gen_ai.response.finish_reasons": ["stop", "length"],
    "gen_ai.response.time_to_first_chunk": 0.123456789,
    "gen_ai.request.temperature": 0.7,
    "openai.response.service_tier": "flex",
    "gen_ai.retrieval.documents": '[{"id":"a","score":0.5},{"id":7,"score":1}]',
    "gen_ai.tool.call.arguments": '{"q": 1}',
    "gen_ai.tool.call.result": "none",
    "gen_ai.system_instructions": "Be brief.",
    "other": "kept",
}
RESOURCE = {
    "service.name": "assistant",
    "deployment.environment.name": "production",
    "cloud.region": "eu-west-1",
    "tenant.id": "the resource's",
}


def test_every_column(engine: Engine) -> None:
    sent = span(
        ATTRIBUTES | KEPT,
        name="chat gpt-4o",
        kind=3,
        parent_span_id=b"12345678",
        status=Status(code=2, message="slow down"),  # type: ignore[arg-type]
        trace_state="k=v",
        dropped_attributes_count=4,
    )
    data = TracesData.FromString(traces([sent], RESOURCE, "genai"))
    data.resource_spans[0].scope_spans[0].scope.version = "1.3"
    store(engine, TRACES, data.SerializeToString())
    assert dict(zip(ALL_COLUMNS, stored(engine, sent, ", ".join(ALL_COLUMNS)), strict=True)) == ALL_COLUMNS
    columns = (
        "trace_id, parent_span_id, duration_ns, toUnixTimestamp64Nano(started_at), toUnixTimestamp64Nano(ended_at)"
    )
    started, ended = sent.start_time_unix_nano, sent.end_time_unix_nano
    assert stored(engine, sent, columns) == [sent.trace_id.hex(), "3132333435363738", ended - started, started, ended]
    (attributes, resource) = stored(engine, sent, "attributes, resource_attributes")
    assert set(attributes) == {*KEPT, "gen_ai.operation.name"} - {"gen_ai.system_instructions"}  # kept once, by content
    assert resource == RESOURCE
    hashes = stored(engine, sent, "prompt_hash, tool_arguments_hash, tool_result_hash")
    assert [len(hash_) for hash_ in hashes] == [32, 16, 16]


def test_absent_is_null_or_empty_and_never_zero(engine: Engine) -> None:
    sent = span()
    store(engine, TRACES, traces([sent]))
    nullable = (
        "input_tokens, cached_input_tokens, cache_write_tokens, output_tokens, reasoning_tokens, attempt,"
        "time_to_first_token_ns, temperature"
    )
    assert stored(engine, sent, nullable) == [None] * 8
    assert stored(engine, sent, "prompt_hash, tool_arguments_hash, tool_result_hash, parent_span_id") == [
        "", "", "", ZERO_SPAN,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "preferred", "other"),
    [
        ("provider", "gen_ai.provider.name", "gen_ai.system"),
        ("user_id", "user.id", "enduser.id"),
        ("session_id", "gen_ai.conversation.id", "session.id"),
        ("feature", "feature", "app.feature"),
        ("locale", "user.locale", "locale"),
        ("service_tier", "openai.response.service_tier", "gen_ai.response.service_tier"),
        ("tenant", "tenant.id", "customer.id"),
        ("cache_write_tokens", "gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens"),
    ],
)
def test_the_first_name_that_has_a_value_wins(engine: Engine, column: str, preferred: str, other: str) -> None:
    both, only, empty = span({other: "2", preferred: "1"}), span({other: "2"}), span({preferred: "", other: "2"})
    store(engine, TRACES, traces([both, only, empty]))
    found = read_spans(engine, [both, only, empty], f"toString({column})")
    assert found == [["1"], ["2"], ["2"]]
    assert stored(engine, empty, "attributes") == [{preferred: "", other: "2"}]


def test_resource_values_stand_in(engine: Engine) -> None:
    own, resource_only = span({"tenant.id": "own"}), span()
    resource = {"tenant.id": "res", "deployment.environment": "stage", "deployment.environment.name": ""}
    store(engine, TRACES, traces([own, resource_only], resource))
    found = read_spans(engine, [own, resource_only], "tenant, environment")
    assert found == [["own", "stage"], ["res", "stage"]]


TOKENS = {
    "gen_ai.usage.input_tokens": "input_tokens",
    "gen_ai.usage.cache_read.input_tokens": "cached_input_tokens",
    "gen_ai.usage.cache_creation.input_tokens": "cache_write_tokens",
    "gen_ai.usage.output_tokens": "output_tokens",
    "gen_ai.usage.reasoning.output_tokens": "reasoning_tokens",
}


def test_tokens_that_are_numbers(engine: Engine) -> None:
    values: list[Any] = [0, 12, "12", 12.0, "0", 10**9]
    spans = [span(dict.fromkeys(TOKENS, value)) for value in values]
    store(engine, TRACES, traces(spans))
    said = ["raw_input_tokens", *list(TOKENS.values())[1:]]  # what comes of contradictions: tests/dialects
    found = read_spans(engine, spans, f"[{', '.join(said)}], problems")
    assert found == [[[int(value)] * 5, []] for value in values]


def test_tokens_that_are_not(engine: Engine) -> None:
    values = [-5, 10**9 + 1, 2**63 - 1, "-1", "many", " 5", 12.5, True, float("nan"), [1]]
    spans = [span(dict.fromkeys(TOKENS, value) | {"gen_ai.request.model": "m"}) for value in values]
    beside = span()
    store(engine, TRACES, traces([*spans, beside]))
    columns = f"[{', '.join(TOKENS.values())}], problems, request_model, attributes"
    for value, (tokens, problems, model, attributes) in zip(values, read_spans(engine, spans, columns), strict=True):
        assert tokens == [None] * 5
        assert set(problems) == set(TOKENS.values())
        assert model == attributes["gen_ai.request.model"] == "m"
        assert [value_of(attributes[key], value) for key in TOKENS] == [plain(value)] * 5
    assert stored(engine, beside, "problems") == [[]]


def test_an_empty_token_count_is_not_reported_and_kept(engine: Engine) -> None:
    sent = span({"gen_ai.usage.input_tokens": ""})
    store(engine, TRACES, traces([sent]))
    found = stored(engine, sent, "input_tokens, problems, attributes")
    assert found == [None, [], {"gen_ai.usage.input_tokens": ""}]


@pytest.mark.parametrize(
    ("fields", "problems", "columns", "raw"),
    [
        ({"trace_id": b""}, ["trace_id"], {"trace_id": ZERO_TRACE}, {"trace_id": ""}),
        ({"trace_id": b"1"}, ["trace_id"], {"trace_id": ZERO_TRACE}, {"trace_id": "31"}),
        ({"trace_id": b"1" * 17}, ["trace_id"], {"trace_id": ZERO_TRACE}, {"trace_id": "31" * 17}),
        ({"trace_id": bytes(16)}, ["trace_id"], {"trace_id": ZERO_TRACE}, {"trace_id": ZERO_TRACE}),
        ({"span_id": b""}, ["span_id"], {"span_id": ZERO_SPAN}, {"span_id": ""}),
        ({"span_id": b"1" * 16}, ["span_id"], {"span_id": ZERO_SPAN}, {"span_id": "31" * 16}),
        ({"span_id": bytes(8)}, ["span_id"], {"span_id": ZERO_SPAN}, {"span_id": ZERO_SPAN}),
        ({"parent_span_id": b"123"}, ["parent_span_id"], {"parent_span_id": ZERO_SPAN}, {"parent_span_id": "313233"}),
        ({"end_time_unix_nano": 0}, ["ended_at"], {"ended_at": None, "duration_ns": None}, {"end_time_unix_nano": "0"}),
        ({"end_time_unix_nano": 1}, ["ended_at"], {"ended_at": None, "duration_ns": None}, {"end_time_unix_nano": "1"}),
        ({"end_time_unix_nano": 2**64 - 1}, ["ended_at"], {"ended_at": None}, {"end_time_unix_nano": str(2**64 - 1)}),
        ({"kind": 77}, ["kind"], {"kind": "unspecified"}, {"kind": "77"}),
        ({"status": Status(code=9)}, ["status"], {"status": "unset"}, {"status": "9"}),  # type: ignore[arg-type]
        (
            {"kind": -1, "status": Status(code=-1)},  # type: ignore[arg-type]
            ["kind", "status"],
            {"kind": "unspecified", "status": "unset"},
            {"kind": str(2**64 - 1)},
        ),
    ],
)
def test_what_is_wrong_with_a_span(
    engine: Engine, fields: dict[str, Any], problems: list[str], columns: dict[str, Any], raw: dict[str, str]
) -> None:
    sent, beside = span({"marker": "m"}, **fields), span({"marker": "m"})
    store(engine, TRACES, traces([sent, beside], {"service.name": (service := str(time.time_ns()))}))
    found = engine.rows(
        f"SELECT problems, attributes, {', '.join(columns)} FROM spans"
        " WHERE service = {service:String} AND problem_bits != 0",
        {"service": service},
    )
    assert len(found) == 1
    assert found[0][0] == problems
    assert {key: found[0][1][f"spanledger.raw.{key}"] for key in raw} == raw
    assert found[0][1]["marker"] == "m"
    assert found[0][2:] == list(columns.values())
    assert stored(engine, beside, "problems, attributes") == [[], {"marker": "m"}]


FAR = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp()) * 10**9


@pytest.mark.parametrize("start", [0, 1, 10**9, FAR, 2**63, 2**64 - 1])
def test_a_start_out_of_range_becomes_the_time_of_acceptance(engine: Engine, start: int) -> None:
    """... and not that of the insert, which another try would not meet again."""
    accepted = time.time_ns() - 5 * DAY_NS
    sent, beside = span({"k": "v"}, start_time_unix_nano=start), span()
    body = traces([sent, beside])
    later = traces([span()])
    head = pack_header(len(body), 2, accepted, b"d" * 16)
    store(engine, TRACES, head + body + pack_header(len(later), 1, accepted + DAY_NS, b"e" * 16) + later)
    found = stored(engine, sent, "toUnixTimestamp64Nano(started_at), duration_ns, ended_at, problems, attributes['k']")
    assert found == [accepted, None, None, ["started_at", "ended_at"], "v"]
    assert stored(engine, sent, "attributes['spanledger.raw.start_time_unix_nano']") == [str(start)]
    assert stored(engine, beside, "problems") == [["started_at", "ended_at"]]  # began five days after it was accepted


def test_without_a_header_it_becomes_now(engine: Engine) -> None:
    before = time.time_ns()
    sent = span(start_time_unix_nano=0)
    store(engine, TRACES, traces([sent]) + b"\xc2\x3e\x05hello")  # a client's own field 1000 is no header
    assert before <= stored(engine, sent, "toUnixTimestamp64Nano(started_at)")[0] <= time.time_ns()


@pytest.mark.parametrize("days", [0.9, -3600])
def test_a_start_in_range_is_taken(engine: Engine, days: float) -> None:
    start = time.time_ns() + int(days * DAY_NS)
    sent = span(start_time_unix_nano=start, end_time_unix_nano=start)
    store(engine, TRACES, traces([sent]))
    found = stored(engine, sent, "toUnixTimestamp64Nano(started_at), duration_ns, problems")
    assert found == [start, 0, []]


def test_a_mended_span_says_so(engine: Engine) -> None:
    sent = span({"spanledger.problem": "nesting", "gen_ai.request.model": "m"})
    store(engine, TRACES, traces([sent]))
    problems, attributes = stored(engine, sent, "problems, attributes")
    assert problems == ["nesting"]
    assert attributes["gen_ai.request.model"] == "m"


def test_requests_one_behind_the_other(engine: Engine) -> None:
    data = TracesData()
    expected: dict[str, list[str]] = {}
    sent: list[Any] = []
    for resource in ("one", "two"):
        whole = data.resource_spans.add()
        whole.resource.attributes.extend(key_values({"service.name": resource}))
        for scope in ("s1", "s2"):
            part = whole.scope_spans.add(spans=[span({"n": 1}), span()])
            part.scope.name = scope
            part.scope.attributes.extend(key_values({"of": scope}))
            sent += part.spans
            expected |= {item.span_id.hex(): [resource, scope, scope] for item in part.spans}
    last = span()
    expected[last.span_id.hex()] = ["three", "", ""]
    body = data.SerializeToString() + traces([last], {"service.name": "three"})
    head = pack_header(len(body), 9, time.time_ns(), b"d" * 16)
    store(engine, TRACES, head + body)
    found = read_spans(engine, [*sent, last], "span_id, service, scope, scope_attributes['of']")
    assert {row[0]: row[1:] for row in found} == expected


def test_error_type_of_an_exception_event(engine: Engine) -> None:
    sent, own, none = span(), span({"error.type": "timeout"}), span()
    for item in (sent, own):
        item.events.add(name="other", attributes=key_values({"exception.type": "No"}))
        item.events.add(name="exception", attributes=key_values({"exception.type": "ValueError"}))
    none.events.add(name="exception")
    store(engine, TRACES, traces([sent, own, none]))
    assert read_spans(engine, [sent, own, none], "error_type") == [["ValueError"], ["timeout"], [""]]


def test_events_and_links(engine: Engine) -> None:
    sent = span({"k": "v"})
    sent.events.add(name="first", time_unix_nano=sent.start_time_unix_nano)
    sent.events.add(name="", time_unix_nano=2**64 - 1, attributes=key_values({"a": 1, "b": ["x", 2]}))
    sent.links.add(trace_id=b"1" * 16, span_id=b"2" * 8, attributes=key_values({"c": 0.5}))
    sent.links.add(trace_id=b"short")
    store(engine, TRACES, traces([sent]))
    events, links, attributes = stored(engine, sent, "events, links, attributes")
    assert [event["name"] for event in events] == ["first", ""]
    assert [event["attributes"] for event in events] == [{}, {"a": "1", "b": '["x",2]'}]
    found = stored(engine, sent, "toUnixTimestamp64Nano(events[1].time)")
    assert found == [sent.start_time_unix_nano]
    assert links == [
        {"trace_id": "31" * 16, "span_id": "32" * 8, "attributes": {"c": "0.5"}},
        {"trace_id": b"short".hex(), "span_id": "", "attributes": {}},
    ]
    assert attributes == {"k": "v"}


DOCUMENTS: dict[str, list[list[Any]]] = {
    '[{"id":"a","score":0.5},{"id":"b","score":-1}]': [["a", "b"], [0.5, -1]],
    '[{"id":"a","score":0},{"id":"b"}]': [["a", "b"], []],  # a score that is not there is not 0
    '[{"id":"a","score":null}]': [["a"], []],
    "not JSON": [[], []],
    '{"id": "a"}': [[], []],
    "[]": [[], []],
}


def test_retrieved_documents(engine: Engine) -> None:
    spans = [span({"gen_ai.retrieval.documents": documents}) for documents in DOCUMENTS]
    store(engine, TRACES, traces(spans))
    assert read_spans(engine, spans, "retrieved_ids, retrieved_scores") == list(DOCUMENTS.values())


def test_finish_reasons(engine: Engine) -> None:
    spans = [span({"gen_ai.response.finish_reasons": sent}) for sent in (["stop"], '["a", "b"]', "stop")]
    store(engine, TRACES, traces(spans))
    assert read_spans(engine, spans, "finish_reasons") == [[["stop"]], [["a", "b"]], [["stop"]]]


def test_operations(engine: Engine) -> None:
    names = {"chat": "chat", "text_completion": "completion", "execute_tool": "tool", "unheard_of": "other"}
    spans = [span({"gen_ai.operation.name": name}) for name in names]
    store(engine, TRACES, traces(spans))
    assert [row[0] for row in read_spans(engine, spans, "operation")] == list(names.values())
