from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from collector.admission import PROBLEM, admit, admit_json
from collector.signals import LOGS, METRICS, SIGNALS, TRACES, Signal
from spanledger.errors import BadRequest


def _spans(count: int = 1) -> tuple[ExportTraceServiceRequest, list[Span]]:
    request = ExportTraceServiceRequest()
    scope = request.resource_spans.add().scope_spans.add()
    return request, [scope.spans.add(name=f"span {index}") for index in range(count)]


def _admitted_spans(request: ExportTraceServiceRequest, body: bytes = b"") -> list[Span]:
    admitted = admit(TRACES, body or request.SerializeToString())
    read = ExportTraceServiceRequest.FromString(admitted.body)
    return [span for resource in read.resource_spans for scope in resource.scope_spans for span in scope.spans]


def _attributes(span: Any) -> dict[str, AnyValue]:
    return {pair.key: pair.value for pair in span.attributes}


def _nested(depth: int) -> AnyValue:
    value = AnyValue(int_value=1)
    for _ in range(depth):
        outer = AnyValue()
        outer.array_value.values.append(value)
        value = outer
    return value


def test_a_flat_body_passes_as_it_came(make_body: Callable[..., bytes]) -> None:
    body = make_body("chat", 7, "text")
    admitted = admit(TRACES, body)
    assert admitted.body is body
    assert (admitted.items, admitted.rejected, admitted.reason, admitted.mended) == (7, 0, "", 0)


def test_a_flat_array_passes_as_it_came() -> None:
    request, (span,) = _spans()
    span.attributes.add(key="reasons").value.array_value.values.add().string_value = "stop"
    body = request.SerializeToString()
    assert admit(TRACES, body).body is body


def test_unknown_fields_pass() -> None:
    body = _spans()[0].SerializeToString() + b"\xc2\x3e\x03abc"
    assert admit(TRACES, body).body is body


def test_a_map_becomes_json() -> None:
    request, (span,) = _spans()
    pairs = span.attributes.add(key="all").value.kvlist_value.values
    pairs.add(key="text").value.string_value = "häß"
    pairs.add(key="int").value.int_value = -(2**63)
    pairs.add(key="double").value.double_value = 0.5
    pairs.add(key="nan").value.double_value = math.nan
    pairs.add(key="inf").value.double_value = -math.inf
    pairs.add(key="bool").value.bool_value = False
    pairs.add(key="bytes").value.bytes_value = b"\x00\xff"
    pairs.add(key="none")
    pairs.add(key="list").value.array_value.values.add().kvlist_value.values.add(key="k").value.int_value = 1
    value = _attributes(_admitted_spans(request)[0])["all"].string_value
    assert json.loads(value) == {
        "text": "häß", "int": -(2**63), "double": 0.5, "nan": "NaN", "inf": "-Infinity", "bool": False, "bytes": "AP8=",
        "none": None, "list": [{"k": 1}],
    }  # fmt: skip
    assert value.startswith('{"text":"häß","int":')


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda value: value.kvlist_value.SetInParent(), "{}"),
        (lambda value: value.array_value.values.add().array_value.SetInParent(), "[[]]"),
        (lambda value: value.array_value.values.add().kvlist_value.SetInParent(), "[{}]"),
        (lambda value: value.CopyFrom(_nested(3)), "[[[1]]]"),
    ],
)
def test_nested_values_everywhere_become_json(build: Callable[[AnyValue], None], expected: str) -> None:
    request, (span, untouched) = _spans(2)
    untouched.attributes.add(key="k").value.string_value = "flat"
    places = [
        request.resource_spans[0].resource.attributes,
        request.resource_spans[0].scope_spans[0].scope.attributes,
        span.attributes,
        span.events.add(name="e").attributes,
        span.links.add().attributes,
    ]
    for place in places:
        build(place.add(key="k").value)
    admitted = admit(TRACES, request.SerializeToString())
    for place in places:
        place[0].value.string_value = expected
    assert ExportTraceServiceRequest.FromString(admitted.body) == request
    assert (admitted.items, admitted.mended, admitted.reason) == (2, 0, "")


def test_a_log_body_and_metric_values_are_flattened() -> None:
    logs = ExportLogsServiceRequest()
    record = logs.resource_logs.add().scope_logs.add().log_records.add()
    record.body.kvlist_value.values.add(key="a").value.int_value = 1
    admitted = admit(LOGS, logs.SerializeToString())
    read = ExportLogsServiceRequest.FromString(admitted.body).resource_logs[0].scope_logs[0].log_records[0]
    assert (read.body.string_value, admitted.items) == ('{"a":1}', 1)

    metrics = ExportMetricsServiceRequest()
    scope = metrics.resource_metrics.add().scope_metrics.add()
    for kind in ("gauge", "sum", "histogram", "exponential_histogram", "summary"):
        points = getattr(scope.metrics.add(name=kind), kind).data_points
        for _ in range(2):
            points.add().attributes.add(key="k").value.kvlist_value.SetInParent()
    scope.metrics.add(name="empty")
    admitted = admit(METRICS, metrics.SerializeToString())
    assert admitted.items == 10
    assert b"kvlist" not in str(ExportMetricsServiceRequest.FromString(admitted.body)).encode()


def test_a_value_too_deep_is_kept_as_bytes() -> None:
    request, (deep, fine) = _spans(2)
    encoded = _nested(45).SerializeToString()
    for _ in range(10):
        encoded = b"\x2a" + _length(b"\x0a" + _length(encoded))
    body = request.SerializeToString()
    deep.attributes.add(key="deep").value.bytes_value = b"PLACE"
    body = _rebuild(request, b"\x3a\x05PLACE", encoded)
    spans = _admitted_spans(request, body)
    attributes = _attributes(spans[0])
    assert attributes["deep"].bytes_value == encoded
    assert attributes[PROBLEM].string_value == "nesting"
    assert spans[1] == fine
    admitted = admit(TRACES, body)
    assert (admitted.items, admitted.rejected, admitted.mended) == (2, 0, 1)
    assert "too deep" in admitted.reason


def _length(data: bytes) -> bytes:
    out, size = bytearray(), len(data)
    while size > 127:
        out.append(size & 127 | 128)
        size >>= 7
    return bytes([*out, size]) + data


def _rebuild(request: ExportTraceServiceRequest, old: bytes, new: bytes) -> bytes:
    """The request with one encoded AnyValue replaced, and the lengths around it."""
    span = request.resource_spans[0].scope_spans[0].spans[0]
    pair = span.attributes[-1].SerializeToString()
    assert old in pair
    pair = b"\x0a" + _length(span.attributes[-1].key.encode()) + b"\x12" + _length(new)
    del span.attributes[-1]
    first = span.SerializeToString() + b"\x4a" + _length(pair)
    rest = request.resource_spans[0].scope_spans[0].spans[1].SerializeToString()
    scope = b"\x12" + _length(first) + b"\x12" + _length(rest)
    return b"\x0a" + _length(b"\x12" + _length(scope))


def test_broken_text_is_mended_and_its_span_marked() -> None:
    request, (broken, fine) = _spans(2)
    broken.name = "brok~n"
    broken.events.add(name="ev~nt")
    request.resource_spans[0].resource.attributes.add(key="host").value.string_value = "h~"
    fine.trace_id = b"\xff" * 16  # bytes are not text
    body = request.SerializeToString().replace(b"~", b"\xff")
    admitted = admit(TRACES, body)
    read = ExportTraceServiceRequest.FromString(admitted.body).resource_spans[0]
    spans = read.scope_spans[0].spans
    assert spans[0].name == "brok\ufffdn"
    assert spans[0].events[0].name == "ev\ufffdnt"
    assert _attributes(spans[0])[PROBLEM].string_value == "utf8"
    assert spans[1] == fine
    assert _attributes(read.resource)["host"].string_value == "h\ufffd"
    assert _attributes(read.resource)[PROBLEM].string_value == "utf8"
    assert (admitted.items, admitted.rejected, admitted.mended) == (2, 0, 2)
    assert admitted.reason.startswith("2 items had text that is not UTF-8")


def test_broken_text_within_a_map_is_mended_and_marked() -> None:
    request, (span,) = _spans()
    span.attributes.add(key="k").value.kvlist_value.values.add(key="a").value.string_value = "x~"
    body = request.SerializeToString().replace(b"~", b"\xff")
    attributes = _attributes(_admitted_spans(request, body)[0])
    assert json.loads(attributes["k"].string_value) == {"a": "x\ufffd"}
    assert attributes[PROBLEM].string_value == "utf8"


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=SIGNALS)
@pytest.mark.parametrize("body", [b"\x0a", b"not protobuf", b"\x1f\x8b\x08", b"\xff" * 50])
def test_what_is_not_protobuf_is_a_bad_request(signal: Signal, body: bytes) -> None:
    with pytest.raises(BadRequest, match="The body is not a protobuf"):
        admit(signal, body)


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=SIGNALS)
def test_an_empty_body_is_an_empty_request(signal: Signal) -> None:
    assert admit(signal, b"").items == 0
    assert admit_json(signal, b"{}").items == 0


@pytest.mark.parametrize("body", [b"\x0a\x00" * 500_001, b"\x0a\x02\x12\x00" * 500_001])
def test_a_body_of_empty_groups_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(BadRequest, match="more than 500,000 resources or scopes"):
        admit(TRACES, body)


def test_json_is_admitted_as_protobuf() -> None:
    spans = [
        {"name": "ok", "attributes": [{"key": "k", "value": {"kvlistValue": {"values": []}}}]},
        {"name": "bad", "startTimeUnixNano": "soon"},
    ]
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
    admitted = admit_json(TRACES, body)
    assert (admitted.items, admitted.rejected) == (1, 1)
    assert "soon" in admitted.reason
    read = ExportTraceServiceRequest.FromString(admitted.body).resource_spans[0].scope_spans[0].spans[0]
    assert _attributes(read)["k"].string_value == "{}"


def _sample() -> bytes:
    request, spans = _spans(3)
    for span in spans:
        span.attributes.add(key="text").value.string_value = "some text"
        span.attributes.add(key="map").value.kvlist_value.values.add(key="k").value.double_value = 1.5
        span.attributes.add(key="list").value.CopyFrom(_nested(4))
        span.events.add(name="event", time_unix_nano=5)
    return bytes(request.SerializeToString())


@settings(max_examples=400)
@given(
    st.lists(st.tuples(st.integers(0, len(_sample()) - 1), st.integers(0, 255)), max_size=6),
    st.integers(0, len(_sample())),
    st.sampled_from(list(SIGNALS.values())),
)
def test_damaged_bodies_are_mended_or_bad_requests(changes: list[tuple[int, int]], length: int, signal: Signal) -> None:
    body = bytearray(_sample())
    for place, byte in changes:
        body[place] = byte
    try:
        admitted = admit(signal, bytes(body[:length]))
    except BadRequest:
        return
    read = signal.request.FromString(admitted.body)
    assert admit(signal, admitted.body).body == admitted.body, "what was admitted has nothing left to mend"
    assert read.IsInitialized()


def test_a_field_sent_twice_is_stored_as_protobuf_reads_it() -> None:
    """The last one counts; the engine, left alone, would take another."""
    span = Span(name="first").SerializeToString() + Span(name="second").SerializeToString()
    scope = b"\x12" + bytes([len(span)]) + span
    resource = b"\x12" + bytes([len(scope)]) + scope
    body = b"\x0a" + bytes([len(resource)]) + resource
    admitted = admit(TRACES, body)
    assert (admitted.items, admitted.mended) == (1, 0)
    assert b"first" not in admitted.body
    assert ExportTraceServiceRequest.FromString(admitted.body) == ExportTraceServiceRequest.FromString(body)
