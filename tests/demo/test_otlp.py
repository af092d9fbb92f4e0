"""The encoder writes what protobuf would write."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Message

from spanledger.demo import otlp
from spanledger.demo.clock import nanoseconds
from spanledger.demo.recorder import Traits
from spanledger.demo.records import Kind, Span, Value
from spanledger.demo.scenarios import of
from spanledger.demo.workload import Workload, play

START = nanoseconds(datetime(2026, 10, 1, tzinfo=UTC))
VALUES = st.one_of(
    st.text(max_size=200),
    st.integers(0, 2**62),
    st.booleans(),
    st.floats(allow_nan=False),
    st.lists(st.text(max_size=10), max_size=3).map(tuple),
)


def made(incident: str = "circles", seed: int = 1, **traits: bool) -> Workload:
    return play(of(incident, seed, Traits(**traits)).plan(START, 9))


@pytest.mark.parametrize("content", [True, False])
def test_bytes_are_what_protobuf_would_write(content: bool) -> None:
    workload = made(content=content)
    bodies = list(workload.requests(1000))
    messages = [ExportTraceServiceRequest.FromString(body) for body in bodies]
    assert [message.SerializeToString() for message in messages] == bodies
    spans = [span for message in messages for part in message.resource_spans for span in part.scope_spans[0].spans]
    assert len(spans) == len(workload.spans)
    assert {span.span_id for span in spans} == {span.span_id for span in workload.spans}


@hypothesis_settings(max_examples=60)
@given(attributes=st.dictionaries(st.text(min_size=1, max_size=12), VALUES, max_size=6), error=st.text(max_size=5))
def test_any_attribute_comes_through(attributes: dict[str, Value], error: str) -> None:
    span = Span(bytes(16), b"\1" * 8, b"", Kind.CHAT, "chat", 5, 6, "service", attributes, error)
    body = otlp.encoded(span)
    message = Message.FromString(body)
    assert message.SerializeToString() == body
    assert {pair.key: _value(pair.value) for pair in message.attributes} == attributes
    assert (message.status.message, message.status.code) == (error, Message().status.code if not error else 2)


def _value(value: object) -> object:
    kind = value.WhichOneof("value")  # type: ignore[attr-defined]
    found = getattr(value, kind)
    return tuple(item.string_value for item in found.values) if kind == "array_value" else found


def test_scores_are_evaluation_events() -> None:
    workload = made()
    [body] = workload.score_requests(100_000)
    message = ExportLogsServiceRequest.FromString(body)
    assert message.SerializeToString() == body
    records = [record for part in message.resource_logs for record in part.scope_logs[0].log_records]
    assert {record.event_name for record in records} == {"gen_ai.evaluation.result"}
    assert {record.trace_id for record in records} <= {span.trace_id for span in workload.spans}


def test_another_dialect_has_its_own_names() -> None:
    chat: dict[str, Value] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.usage.input_tokens": 7,
        "gen_ai.input.messages": "[]",
        "tenant.id": "a",
    }
    span = Span(bytes(16), b"\1" * 8, b"", Kind.CHAT, "chat", 5, 6, "service", chat, dialect="openinference")
    told = {pair.key: _value(pair.value) for pair in Message.FromString(otlp.encoded(span)).attributes}
    assert told == {"llm.token_count.prompt": 7, "tenant.id": "a", "openinference.span.kind": "LLM"}
