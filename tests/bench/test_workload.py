"""The synthetic workload is what it says: valid OTLP, distinct spans, the same for the same seed."""

from __future__ import annotations

import json
import zlib
from collections import Counter

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from bench import workload

START_NS = 1_700_000_000_000_000_000
WINDOW_NS = 3 * 3600 * 10**9
KINDS = sorted(workload.KINDS)


def make(kind: str, spans: int, *, seed: int = 7, per_request: int = 512) -> list[bytes]:
    drawn = workload.requests(kind, spans, seed=seed, start_ns=START_NS, window_ns=WINDOW_NS, per_request=per_request)
    return list(drawn)


def parse(bodies: list[bytes]) -> list[Span]:
    messages = [ExportTraceServiceRequest.FromString(body) for body in bodies]
    return [span for message in messages for span in message.resource_spans[0].scope_spans[0].spans]


def attributes(span: Span) -> dict[str, AnyValue]:
    return {pair.key: pair.value for pair in span.attributes}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("spans", "per_request", "sizes"), [(1000, 512, [512, 488]), (20, 10, [10, 10]), (1, 1, [1])])
def test_as_many_spans_as_asked_for(kind: str, spans: int, per_request: int, sizes: list[int]) -> None:
    assert [len(parse([body])) for body in make(kind, spans, per_request=per_request)] == sizes


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_are_what_protobuf_would_write(kind: str) -> None:
    for body in make(kind, 1024):
        assert ExportTraceServiceRequest.FromString(body).SerializeToString() == body


@pytest.mark.parametrize("kind", KINDS)
def test_same_seed_same_bytes(kind: str) -> None:
    assert make(kind, 600, seed=1) == make(kind, 600, seed=1)
    assert make(kind, 600, seed=1) != make(kind, 600, seed=2)


def test_resource_has_six_attributes_and_says_synthetic() -> None:
    resource = ExportTraceServiceRequest.FromString(make("spans19", 8)[0]).resource_spans[0].resource
    assert len(resource.attributes) == 6
    assert resource.attributes[0].value.string_value.startswith("synthetic")


def test_attributes_by_kind() -> None:
    plain, chat = (attributes(parse(make(kind, 1))[0]) for kind in ("spans19", "chat10k"))
    assert len(plain) == 19
    assert set(chat) - set(plain) == {"gen_ai.input.messages", "gen_ai.output.messages"}
    assert [item.string_value for item in plain["gen_ai.response.finish_reasons"].array_value.values] == ["stop"]


def test_ids_are_distinct_and_traces_have_one_root() -> None:
    spans = parse(make("spans19", 8192))
    assert len({span.span_id for span in spans}) == len(spans)
    assert set(Counter(span.trace_id for span in spans).values()) == {8}
    roots = {span.trace_id: span for span in spans if not span.parent_span_id}
    assert len(roots) == len(spans) // 8
    for span in spans:
        root = roots[span.trace_id]
        assert span is root or span.parent_span_id == root.span_id
        assert root.start_time_unix_nano <= span.start_time_unix_nano < span.end_time_unix_nano
        assert span.end_time_unix_nano <= root.end_time_unix_nano


def test_times_fill_the_window() -> None:
    starts = [span.start_time_unix_nano for span in parse(make("spans19", 8192))]
    assert min(starts) >= START_NS
    assert max(starts) < START_NS + WINDOW_NS
    assert max(starts) - min(starts) > 0.98 * WINDOW_NS


def test_values_vary_as_in_production() -> None:
    rows = [attributes(span) for span in parse(make("spans19", 8192))]
    tenants = Counter(row["tenant.id"].string_value for row in rows)
    assert tenants.most_common(1)[0][0] == "tenant-00000"
    assert 0.2 < tenants["tenant-00000"] / len(rows) < 0.26
    assert len(tenants) > 700
    for key, least in {
        "gen_ai.response.id": 8192,
        "gen_ai.conversation.id": 8100,
        "user.id": 7400,
        "task.id": 8100,
    }.items():
        assert len({row[key].string_value for row in rows}) >= least
    assert len({row["gen_ai.usage.input_tokens"].int_value for row in rows}) > 6000
    assert len({row["gen_ai.response.model"].string_value for row in rows}) == len(workload.MODELS)
    for row in rows:
        cached = row["gen_ai.usage.cache_read.input_tokens"].int_value
        assert cached <= row["gen_ai.usage.input_tokens"].int_value


def test_chat_is_ten_kilobytes_of_distinct_text_with_the_entropy_of_prose() -> None:
    rows = [attributes(span) for span in parse(make("chat10k", 256))]
    texts = []
    for row in rows:
        (asked,) = json.loads(row["gen_ai.input.messages"].string_value)
        (answered,) = json.loads(row["gen_ai.output.messages"].string_value)
        texts.append(asked["parts"][0]["content"] + answered["parts"][0]["content"])
    assert {len(text) for text in texts} == {10_240}
    assert len(set(texts)) == len(texts)
    raw = "".join(texts).encode()
    assert 2 < len(raw) / len(zlib.compress(raw)) < 3.5  # English prose: 2.5 to 3


def test_unknown_kind_names_the_known() -> None:
    with pytest.raises(ValueError, match="chat10k"):
        make("spans20", 1)
