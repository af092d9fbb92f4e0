from __future__ import annotations

import base64
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from google.rpc import status_pb2
from hypothesis import example, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.common.v1 import common_pb2 as common
from opentelemetry.proto.trace.v1 import trace_pb2 as trace

from collector.otlp_json import Decoded, decode, encode_response
from collector.signals import LOGS, METRICS, SIGNALS, TRACES, Signal
from spanledger.errors import BadRequest

DIALECTS = Path(__file__).resolve().parents[2].parent / "shared" / "dialects"
EMISSIONS = sorted(path for path in DIALECTS.rglob("*.json") if path.name != "expected.json")
IDS = {"traceId", "spanId", "parentSpanId"}
TRACE_ID, SPAN_ID = "98d28ec66eb472da046c33bd54e2aa55", "77f9872071276f96"
SPAN: dict[str, Any] = {"traceId": TRACE_ID, "spanId": SPAN_ID, "name": "chat", "kind": 3}


def rewritten(tree: Any, change: Any) -> Any:
    """A copy with every id changed."""
    if isinstance(tree, list):
        return [rewritten(one, change) for one in tree]
    if not isinstance(tree, dict):
        return tree
    return {k: change(v) if k in IDS else rewritten(v, change) for k, v in tree.items()}


def to_base64(hexadecimal: str) -> str:
    return base64.b64encode(bytes.fromhex(hexadecimal)).decode()


def to_hex(text: str) -> str:
    return base64.b64decode(text).hex()


def of_spans(*spans: object) -> bytes:
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()


def of_logs(*records: object) -> bytes:
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode()


def of_metrics(*metrics: object) -> bytes:
    return json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}).encode()


def spans_of(decoded: Decoded) -> list[Any]:
    return [span for r in decoded.message.resource_spans for s in r.scope_spans for span in s.spans]  # type: ignore[attr-defined]


def span_with(**fields: object) -> Any:
    """The span that has these fields, which must be accepted."""
    decoded = decode(of_spans({**SPAN, **fields}), TRACES)
    assert (decoded.rejected, decoded.reason) == (0, "")
    (span,) = spans_of(decoded)
    return span


def value_of(value: object) -> Any:
    return span_with(attributes=[{"key": "k", "value": value}]).attributes[0].value


# --- what real clients send, and everything the messages can say


def test_all_emissions_are_there() -> None:
    assert len(EMISSIONS) == 19


@pytest.mark.parametrize("path", EMISSIONS, ids=lambda path: path.stem)
def test_a_real_emission_reads_as_protobuf_reads_it(path: Path) -> None:
    body = path.read_bytes()
    expected = json_format.ParseDict(rewritten(json.loads(body), to_base64), TRACES.request())
    decoded = decode(body, TRACES)
    assert decoded == Decoded(expected, 0, "")
    assert spans_of(decoded)


def scalars(f: FieldDescriptor) -> st.SearchStrategy[Any]:
    bounds = {
        FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1),
        FieldDescriptor.TYPE_SINT32: (-(2**31), 2**31 - 1),
        FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1),
        FieldDescriptor.TYPE_FIXED32: (0, 2**32 - 1),
        FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1),
        FieldDescriptor.TYPE_SFIXED64: (-(2**63), 2**63 - 1),
        FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1),
        FieldDescriptor.TYPE_FIXED64: (0, 2**64 - 1),
    }
    if f.type in bounds:
        return st.integers(*bounds[f.type])
    if f.enum_type:
        return st.sampled_from([value.number for value in f.enum_type.values])
    return {
        FieldDescriptor.TYPE_STRING: st.text(max_size=9) | st.text(min_size=120, max_size=140),
        FieldDescriptor.TYPE_BYTES: st.binary(max_size=20),
        FieldDescriptor.TYPE_BOOL: st.booleans(),
        FieldDescriptor.TYPE_DOUBLE: st.floats(allow_nan=False) | st.just(math.nan),
    }[f.type]


@st.composite
def contents(draw: st.DrawFn, descriptor: Any, depth: int = 0) -> dict[str, Any]:
    """Constructor arguments for a message with some of its fields."""
    content: dict[str, Any] = {}
    for f in descriptor.fields:
        oneof = f.containing_oneof
        if (oneof and any(other.name in content for other in oneof.fields)) or (f.message_type and depth > 9):
            continue
        leads = f.message_type is not None and depth < 4
        if not leads and not draw(st.booleans()):
            continue
        value = contents(f.message_type, depth + 1) if f.message_type else scalars(f)
        content[f.name] = draw(st.lists(value, min_size=leads, max_size=2) if f.is_repeated else value)
    return content


def drawn(draw: st.DrawFn, signal: Signal) -> Message:
    return signal.request(**draw(contents(signal.request.DESCRIPTOR)))


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=SIGNALS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_whatever_the_messages_can_say_survives(signal: Signal, data: st.DataObject) -> None:
    message = data.draw(st.composite(drawn)(signal))
    integers = data.draw(st.booleans())
    tree = json_format.MessageToDict(message, use_integers_for_enums=integers)
    decoded = decode(json.dumps(rewritten(tree, to_hex), ensure_ascii=data.draw(st.booleans())).encode(), signal)
    assert (decoded.rejected, decoded.reason) == (0, "")
    # bytes, as a message that holds a NaN does not equal itself
    assert decoded.message.SerializeToString(deterministic=True) == message.SerializeToString(deterministic=True)


# --- single values


@pytest.mark.parametrize(
    ("field", "given_value", "kept"),
    [
        ("trace_id", TRACE_ID.upper(), bytes.fromhex(TRACE_ID)),
        ("trace_id", "abcd", b"\xab\xcd"),
        ("span_id", "", b""),
        ("parent_span_id", None, b""),
        ("kind", 3, 3),
        ("kind", "3", 3),
        ("kind", 99, 99),
        ("kind", "SPAN_KIND_PRODUCER", 4),
        ("start_time_unix_nano", "18446744073709551615", 2**64 - 1),
        ("start_time_unix_nano", 2**64 - 1, 2**64 - 1),
        ("start_time_unix_nano", 5.0, 5),
        ("start_time_unix_nano", 1.5e18, 15 * 10**17),
        ("flags", 2**32 - 1, 2**32 - 1),
        ("flags", "257", 257),
        ("dropped_events_count", 5.0, 5),
        ("name", "\0 ☃ 😀", "\0 ☃ 😀"),
    ],
)
def test_a_span_keeps_a_value(field: str, given_value: object, kept: object) -> None:
    json_name = TRACES_FIELDS[field]
    assert getattr(span_with(**{json_name: given_value}), field) == kept


TRACES_FIELDS = {f.name: f.json_name for f in trace.Span.DESCRIPTOR.fields}


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({"stringValue": ""}, common.AnyValue(string_value="")),
        ({"stringValue": "é" * 100}, common.AnyValue(string_value="é" * 100)),
        ({"stringValue": "x" * 20_000}, common.AnyValue(string_value="x" * 20_000)),
        ({"intValue": "-9223372036854775808"}, common.AnyValue(int_value=-(2**63))),
        ({"intValue": -(2**63)}, common.AnyValue(int_value=-(2**63))),
        ({"intValue": 0}, common.AnyValue(int_value=0)),
        ({"doubleValue": "-Infinity"}, common.AnyValue(double_value=-math.inf)),
        ({"doubleValue": "1.5e3"}, common.AnyValue(double_value=1500)),
        ({"doubleValue": 7}, common.AnyValue(double_value=7)),
        ({"boolValue": False}, common.AnyValue(bool_value=False)),
        ({"bytesValue": "+/8="}, common.AnyValue(bytes_value=b"\xfb\xff")),
        ({"bytesValue": "-_8"}, common.AnyValue(bytes_value=b"\xfb\xff")),
        ({"bytesValue": ""}, common.AnyValue(bytes_value=b"")),
        ({"stringValue": None, "intValue": 1, "newValue": {"a": 1}}, common.AnyValue(int_value=1)),
        ({"newValue": 1}, common.AnyValue()),
        ({}, common.AnyValue()),
        (
            {"arrayValue": {"values": [None, {"boolValue": True}]}},
            common.AnyValue(
                array_value=common.ArrayValue(values=[common.AnyValue(), common.AnyValue(bool_value=True)])
            ),
        ),
        ({"kvlistValue": {}}, common.AnyValue(kvlist_value=common.KeyValueList())),
    ],
)
def test_an_attribute_keeps_its_value(value: object, kept: common.AnyValue) -> None:
    for _ in range(2):  # the second time the key is known
        assert value_of(value) == kept


def test_lengths_are_right_on_both_sides_of_each_byte() -> None:
    sizes = [*range(100, 160), *range(16_370, 16_400), 2**21]
    texts = [character * size for size in sizes for character in "xé"]
    attributes = [{"key": key, "value": {"stringValue": text}} for text in texts for key in ("k", text[:150])]
    for _ in range(2):
        span = span_with(attributes=attributes, name=texts[-1])
        assert [pair.value.string_value for pair in span.attributes] == [text for text in texts for _ in "ab"]
        assert [pair.key for pair in span.attributes[1::2]] == [text[:150] for text in texts]


def test_a_nan_is_a_nan() -> None:
    assert math.isnan(value_of({"doubleValue": "NaN"}).double_value)


def test_more_keys_than_are_remembered_are_read() -> None:
    keys = [f"key {n}" for n in range(5000)] + ["k" * 300]
    attributes = [{"key": key, "value": {"intValue": n}} for n, key in enumerate(keys)]
    for _ in range(2):
        span = span_with(attributes=attributes)
        assert [(pair.key, pair.value.int_value) for pair in span.attributes] == [(k, n) for n, k in enumerate(keys)]


def test_only_the_names_of_the_specification_count() -> None:
    span = span_with(trace_id="00", start_time_unix_nano=1, futureField=[{"a": None}], droppedEventsCount=None)
    assert span == span_with()
    assert decode(b'{"resource_spans": 7, "resourceLogs": 8}', TRACES) == Decoded(TRACES.request(), 0, "")


BAD_SPANS: list[tuple[dict[str, Any], str]] = [
    ({"traceId": "xy"}, "traceId: 'xy' is not an id in hexadecimal"),
    ({"traceId": "abc"}, "traceId: 'abc' is not"),
    ({"traceId": "ab cd"}, "traceId: 'ab cd' is not"),
    ({"traceId": "\u0663\u0663"}, "traceId: "),
    ({"spanId": 5}, "spanId: 5 is not"),
    ({"name": 5}, "name: 5 is not valid text"),
    ({"name": "a\ud800"}, r"name: 'a\\ud800' is not valid text"),
    ({"kind": "SPAN_KIND_NONE"}, "kind: 'SPAN_KIND_NONE' is not a whole number"),
    ({"kind": 2**31}, "kind: 2147483648 is not between"),
    ({"flags": -1}, "flags: -1 is not between 0 and 4294967295"),
    ({"flags": 2**32}, "flags: 4294967296 is not between"),
    ({"startTimeUnixNano": "-1"}, "startTimeUnixNano: '-1' is not between"),
    ({"startTimeUnixNano": "soon"}, "startTimeUnixNano: 'soon' is not a whole number"),
    ({"startTimeUnixNano": ""}, "startTimeUnixNano: '' is not a whole number"),
    ({"startTimeUnixNano": "\u0665"}, "startTimeUnixNano: "),
    ({"startTimeUnixNano": "1_0"}, "startTimeUnixNano: "),
    ({"startTimeUnixNano": " 1"}, "startTimeUnixNano: "),
    ({"startTimeUnixNano": "9" * 5000}, "startTimeUnixNano: "),
    ({"startTimeUnixNano": 1.5}, "startTimeUnixNano: 1.5 is not a whole number"),
    ({"startTimeUnixNano": True}, "startTimeUnixNano: true is not a whole number"),
    ({"startTimeUnixNano": 2**64}, "startTimeUnixNano: "),
    ({"startTimeUnixNano": "18446744073709551616"}, "startTimeUnixNano: '18446744073709551616' is not between"),
    ({"status": []}, "status: a list is not an object"),
    ({"status": {"code": {}}}, r"status\.code: an object is not a whole number"),
    ({"events": {}}, "events: an object is not a list"),
    ({"events": [{}, None]}, r"events\[1\]: null is not an object"),
    ({"links": [{"spanId": "q0"}]}, r"links\[0\]\.spanId: 'q0' is not an id"),
    ({"attributes": [{"key": 1}]}, r"attributes\[0\]\.key: 1 is not valid text"),
    ({"attributes": [{"key": "\udc00", "value": {"intValue": 1}}]}, r"attributes\[0\]\.key: "),
    ({"attributes": [{"key": [], "value": {"intValue": 1}}]}, r"attributes\[0\]\.key: a list is not valid text"),
]
BAD_VALUES: list[tuple[dict[str, Any], str]] = [
    ({"intValue": "abc"}, "intValue: 'abc' is not a whole number"),
    ({"intValue": "9223372036854775808"}, "intValue: '9223372036854775808' is not between"),
    ({"intValue": 2**63}, "intValue: 9223372036854775808 is not between"),
    ({"intValue": -(2**63) - 1}, "intValue: "),
    ({"intValue": 1e300}, "intValue: 1e\\+300 is not"),
    ({"doubleValue": "much"}, "doubleValue: 'much' is not a number"),
    ({"doubleValue": "1e999"}, "doubleValue: '1e999' is not a number that a double can hold"),
    ({"doubleValue": "nan"}, "doubleValue: 'nan' is not"),
    ({"doubleValue": "1_0"}, "doubleValue: '1_0' is not"),
    ({"doubleValue": True}, "doubleValue: true is not"),
    ({"doubleValue": 10**400}, "doubleValue: 1000"),
    ({"boolValue": 1}, "boolValue: 1 is not true or false"),
    ({"boolValue": "true"}, "boolValue: 'true' is not true or false"),
    ({"bytesValue": "***"}, "bytesValue: '\\*\\*\\*' is not base64"),
    ({"bytesValue": "a"}, "bytesValue: 'a' is not base64"),
    ({"bytesValue": "é"}, "bytesValue: "),
    ({"stringValue": 1}, "stringValue: 1 is not valid text"),
    ({"stringValue": "\udfff" * 500}, "stringValue: "),
    ({"arrayValue": {"values": [{"boolValue": 2}]}}, r"arrayValue\.values\[0\]\.boolValue: 2 is not"),
    ({"kvlistValue": {"values": [{"key": "k", "value": {"boolValue": 2}}]}}, r"values\[0\]\.value\.boolValue: 2 is"),
    ({"stringValue": "", "intValue": "0"}, ": stringValue and intValue are both given"),
]


@pytest.mark.parametrize(("fields", "reason"), BAD_SPANS)
def test_a_bad_span_is_refused_alone(fields: dict[str, Any], reason: str) -> None:
    bodies = of_spans(SPAN, {**SPAN, **fields}, {**SPAN, "name": "other"})
    decoded = decode(bodies, TRACES)
    assert decoded.rejected == 1
    assert [span.name for span in spans_of(decoded)] == ["chat", "other"]
    with pytest.raises(AssertionError, match=rf"^resourceSpans\[0\]\.scopeSpans\[0\]\.spans\[1\]\.{reason}"):
        raise AssertionError(decoded.reason)
    assert len(decoded.reason) < 400
    decoded.reason.encode()


@pytest.mark.parametrize("where", ["attributes", "events", "body"])
@pytest.mark.parametrize(("value", "reason"), BAD_VALUES)
def test_a_bad_value_costs_its_item(where: str, value: dict[str, Any], reason: str) -> None:
    good, bad = ([{"key": "k", "value": v}] for v in ({"intValue": "1"}, value))
    bodies = {
        "attributes": of_spans({"attributes": good}, {"attributes": bad}),
        "events": of_spans({"events": [{"attributes": good}]}, {"events": [{}, {"attributes": bad}]}),
        "body": of_logs({"body": good[0]["value"]}, {"body": value}),
    }
    decoded = decode(bodies[where], LOGS if where == "body" else TRACES)
    assert decoded.rejected == 1
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(decoded.reason)
    kept = decode(bodies[where].replace(json.dumps(value).encode(), b"{}"), LOGS if where == "body" else TRACES)
    assert kept.rejected == 0
    assert len(kept.message.SerializeToString()) > len(decoded.message.SerializeToString()) > len(b"\x0a\0")


# --- counts


def test_lists_mix_good_and_bad_spans() -> None:
    good, bad = SPAN, {**SPAN, "kind": "x"}
    attribute = {"key": "k", "value": {"intValue": "1"}}
    tree = {
        "resourceSpans": [
            {
                "resource": {"attributes": [attribute]},
                "scopeSpans": [
                    {"scope": {"name": "a"}, "spans": [good, bad, good, 7, None]},  # 3 rejected
                    {"scope": {"name": 5}, "spans": [good, bad, good, good]},  # all 4
                    "not a scope",  # counts one
                    {"scope": {"name": "b"}, "spans": 5},  # counts one
                    {"scope": {"name": "c"}},
                ],
            },
            {"scopeSpans": [{"spans": [good, bad]}, {"spans": [good]}], "schemaUrl": False},  # all 3
            {"resource": 5, "scopeSpans": [None, {}, {"spans": "many"}, {"spans": [good] * 6}]},  # all 6
            {"resource": {"droppedAttributesCount": "x"}},  # counts one
            {"scopeSpans": [{"spans": [good]}]},
        ]
    }
    decoded = decode(json.dumps(tree).encode(), TRACES)
    assert decoded.rejected == 3 + 4 + 1 + 1 + 3 + 6 + 1
    assert decoded.reason == (
        "resourceSpans[0].scopeSpans[0].spans[1].kind: 'x' is not a whole number of at most 64 bits"
    )
    kept = [[len(s.spans) for s in r.scope_spans] for r in decoded.message.resource_spans]  # type: ignore[attr-defined]
    assert kept == [[2, 0], [1]]
    assert decoded.message.resource_spans[0].scope_spans[1].scope.name == "c"  # type: ignore[attr-defined]


def test_log_records_are_counted() -> None:
    decoded = decode(of_logs({"severityNumber": 9}, {"severityNumber": "x"}, {"traceId": "0"}, {}), LOGS)
    assert decoded.rejected == 2
    assert len(decoded.message.resource_logs[0].scope_logs[0].log_records) == 2  # type: ignore[attr-defined]


def test_data_points_are_counted() -> None:
    good, bad = {"asInt": "5", "timeUnixNano": "1"}, {"asInt": "five"}
    bucket = {"count": "2", "bucketCounts": ["1", 1], "explicitBounds": [0.5, "Infinity"], "sum": 1, "min": 0}
    decoded = decode(
        of_metrics(
            {"name": "a", "gauge": {"dataPoints": [good, bad, good]}},  # 1 rejected
            {"name": 7, "sum": {"dataPoints": [good, bad, good]}},  # all 3, and the bad one once
            {"name": "b", "sum": {"dataPoints": [good, good], "isMonotonic": "yes"}},  # both
            {"sum": {"dataPoints": [bad, good], "aggregationTemporality": "x"}},  # both, the bad one once
            {"name": "c", "gauge": {"dataPoints": [good]}, "sum": {"dataPoints": [good]}},  # both: which one is it?
            {"name": "d", "unit": 5},  # counts one
            {"name": "e", "gauge": {"dataPoints": {}}},  # counts one
            {"name": "f", "histogram": {"dataPoints": [bucket, {**bucket, "bucketCounts": [1, -1]}]}},  # 1
            {"name": "g", "exponentialHistogram": {"dataPoints": [{"scale": -3, "positive": {"bucketCounts": ["7"]}}]}},
            {"name": "h", "summary": {"dataPoints": [{"asDouble": 1, "asInt": 1}, {"sum": None}]}},
        ),
        METRICS,
    )
    assert decoded.rejected == 1 + 3 + 2 + 2 + 2 + 1 + 1 + 1
    place = "resourceMetrics[0].scopeMetrics[0].metrics[0].dataPoints[1].asInt"
    assert decoded.reason == f"{place}: 'five' is not a whole number of at most 64 bits"
    metrics = decoded.message.resource_metrics[0].scope_metrics[0].metrics  # type: ignore[attr-defined]
    assert [metric.name for metric in metrics] == ["a", "f", "g", "h"]
    assert [point.as_int for point in metrics[0].gauge.data_points] == [5, 5]
    (histogram,) = metrics[1].histogram.data_points
    assert list(histogram.bucket_counts) == [1, 1]
    assert list(histogram.explicit_bounds) == [0.5, math.inf]
    assert histogram.HasField("min")
    assert not histogram.HasField("max")
    assert metrics[2].exponential_histogram.data_points[0].scale == -3
    assert len(metrics[3].summary.data_points) == 2


def test_one_overflowing_number_costs_one_item() -> None:
    body = b'{"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {"doubleValue": 1e999}}, {}]}]}]}'
    decoded = decode(body, LOGS)
    assert (decoded.rejected, len(decoded.message.resource_logs[0].scope_logs[0].log_records)) == (1, 1)  # type: ignore[attr-defined]


# --- envelopes and depth


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        (b"", "is not JSON: .*line 1 column 1"),
        (b"{", "is not JSON"),
        (b'{"resourceSpans": [nope]}', r"is not JSON: .*line 1 column 20 \(char 19\)"),
        (b'{"resourceSpans": [NaN]}', "is not JSON"),
        (b"\xff\xfe{}", "is not JSON"),
        (b'{"\xed\xa0\x80": 1}', "is not JSON"),
        (b'{"a": "\\ud800", "b": ', "is not JSON"),
        (b'{"a": "\\ud800"', "is not JSON"),
        (b"null", "request: null is not an object"),
        (b'"text"', "request: 'text' is not an object"),
        (b"5", "request: 5 is not an object"),
        (b"[]", "request: a list is not an object"),
        (b'"\\ud800"', "is not an object"),
        (b'{"resourceSpans": {}}', "request: resourceSpans: an object is not a list"),
        (b'{"resourceSpans": "all"}', "request: resourceSpans: 'all' is not a list"),
        (b"[" * 100_000, "is not JSON: depth limit"),
        (b'{"a":' * 100_000, "is not JSON: depth limit"),
        (b'["\\ud800",' + b"[" * 100_000, "is not JSON"),
    ],
)
def test_a_body_that_is_no_request_is_a_bad_request(body: bytes, complaint: str) -> None:
    with pytest.raises(BadRequest, match=complaint):
        decode(body, TRACES)


@pytest.mark.parametrize("body", [b"{}", b'{"resourceSpans": null}', b'{"resourceSpans": []}', b' {"a": {"b": []}}\n'])
def test_an_empty_request_is_a_request(body: bytes) -> None:
    assert decode(body, TRACES) == Decoded(TRACES.request(), 0, "")


def test_nested_lists_are_refused_without_descending() -> None:
    nested = b"[" * 900 + b"]" * 900
    decoded = decode(b'{"resourceSpans": [' + nested + b', {"scopeSpans": ' + nested + b"}]}", TRACES)
    assert (decoded.rejected, decoded.reason) == (2, "resourceSpans[0]: a list is not an object")


def nested_values(kind: str, levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"stringValue": "deep"}
    for _ in range(levels):
        element = value if kind == "arrayValue" else {"key": "k", "value": value}
        value = {kind: {"values": [element]}}
    return value


def binary_takes(kind: str, levels: int) -> bool:
    """Whether protobuf parses a span with such an attribute from the wire."""
    value = common.AnyValue(string_value="deep")
    for _ in range(levels):
        if kind == "arrayValue":
            value = common.AnyValue(array_value=common.ArrayValue(values=[value]))
        else:
            pair = common.KeyValue(key="k", value=value)
            value = common.AnyValue(kvlist_value=common.KeyValueList(values=[pair]))
    request = TRACES.request()
    span = request.resource_spans.add().scope_spans.add().spans.add()  # type: ignore[attr-defined]
    span.attributes.add(key="k", value=value)
    try:
        TRACES.request.FromString(request.SerializeToString())
    except DecodeError:
        return False
    return True


@pytest.mark.parametrize(("kind", "deepest"), [("arrayValue", 47), ("kvlistValue", 31)])
def test_values_nest_as_deep_as_in_binary(kind: str, deepest: int) -> None:
    def body(levels: int) -> bytes:
        return of_spans({"attributes": [{"key": "k", "value": nested_values(kind, levels)}]}, SPAN)

    for _ in range(2):
        fits, too_deep = decode(body(deepest), TRACES), decode(body(deepest + 1), TRACES)
        assert (fits.rejected, len(spans_of(fits))) == (0, 2)
        assert (too_deep.rejected, len(spans_of(too_deep))) == (1, 1)
        assert "more than 100 messages within one another" in too_deep.reason
        assert len(too_deep.reason) < 400
    assert (binary_takes(kind, deepest), binary_takes(kind, deepest + 1)) == (True, False)
    assert decode(body(150), TRACES).rejected == 1


# --- anything at all


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=SIGNALS)
@given(body=st.binary(max_size=200) | st.text(max_size=50).map(str.encode))
def test_arbitrary_bytes_are_a_request_or_a_bad_request(signal: Signal, body: bytes) -> None:
    try:
        decoded = decode(body, signal)
    except BadRequest as refusal:
        assert str(refusal).startswith("The body is not ")
    else:
        assert isinstance(json.loads(body), dict)
        assert isinstance(decoded.message, signal.request)


def json_names(descriptor: Descriptor, seen: set[str]) -> Iterator[str]:
    seen.add(descriptor.full_name)
    for f in descriptor.fields:
        yield f.json_name
        if f.message_type and f.message_type.full_name not in seen:
            yield from json_names(f.message_type, seen)


NAMES = sorted({name for signal in SIGNALS.values() for name in json_names(signal.request.DESCRIPTOR, set())})  # type: ignore[arg-type]
ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(), max_size=6)  # with lone surrogates
    | st.sampled_from(["00ff", "12", "-3", "NaN", "aGk="]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)
ITEM = st.dictionaries(st.sampled_from(NAMES), ANYTHING, max_size=5)


@given(items=st.lists(ITEM | ANYTHING, max_size=4), rest=ITEM)
@example(items=[{"name": "good"}, {"name": 5}], rest={})
@settings(max_examples=300, deadline=None)
def test_every_span_is_kept_or_counted(items: list[Any], rest: dict[str, Any]) -> None:
    scope = {**rest, "spans": items}
    decoded = decode(json.dumps({"resourceSpans": [{"scopeSpans": [scope]}]}).encode(), TRACES)
    assert len(spans_of(decoded)) + decoded.rejected == max(len(items), bool(decoded.rejected))
    assert bool(decoded.reason) == bool(decoded.rejected)
    assert TRACES.request.FromString(decoded.message.SerializeToString()) is not None
    decoded.reason.encode()


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=SIGNALS)
@given(tree=ANYTHING, steps=st.integers(0, 4))
@settings(max_examples=200, deadline=None)
def test_arbitrary_json_is_a_request_or_a_bad_request(signal: Signal, tree: Any, steps: int) -> None:
    group = signal.name.title().replace("Traces", "Spans")
    path = [f"resource{group}", f"scope{group}", "metrics" if group == "Metrics" else "x", "gauge"]
    for name in reversed(path[:steps]):
        tree = {name: tree if name == "gauge" else [tree]}
    try:
        decoded = decode(json.dumps(tree).encode(), signal)
    except BadRequest as refusal:
        assert str(refusal).startswith("The body is not an OTLP request: ")
        assert not isinstance(tree, dict) or not isinstance(tree.get(path[0], 0), list)
    else:
        assert bool(decoded.reason) == bool(decoded.rejected)


# --- answers


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=SIGNALS)
def test_answers_are_spec_json(signal: Signal) -> None:
    assert encode_response(signal.response()) == b"{}"
    partial = signal.partial_success(**{signal.rejected_field: 3, "error_message": "bad “id”"})
    field = {"traces": "rejectedSpans", "logs": "rejectedLogRecords", "metrics": "rejectedDataPoints"}[signal.name]
    answer = encode_response(signal.response(partial_success=partial))
    assert json.loads(answer) == {"partialSuccess": {field: "3", "errorMessage": "bad “id”"}}
    assert json_format.Parse(answer, signal.response()) == signal.response(partial_success=partial)


def test_errors_are_status_json() -> None:
    status = status_pb2.Status(code=3, message="The body is not JSON.")
    assert encode_response(status) == b'{"code":3,"message":"The body is not JSON."}'
