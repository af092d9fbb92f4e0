"""Spans and scores as bytes of OTLP requests: each attribute is encoded once, spans are joined from pieces.

What comes out is byte for byte what protobuf would have written (a test holds that), at some 20 µs a span.
"""

from __future__ import annotations

import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from itertools import islice

from spanledger.demo.records import Kind, Score, Span, Value

LONGEST_KEPT = 80
"""Longer texts are said once; keeping their bytes would only fill memory."""
SPAN_KINDS = {Kind.CHAT: 3, Kind.RETRIEVAL: 3}
INTERNAL = 1
ERROR = 2
ENVIRONMENT = "production"
MARK = "spanledger.demo"
"""The resource attribute that tells made-up spans from real ones."""
SCOPES = {"": "demo", "openinference": "openinference.instrumentation.openai"}
OPENINFERENCE = {
    "gen_ai.provider.name": "llm.provider",
    "gen_ai.request.model": "llm.request.model_name",
    "gen_ai.response.model": "llm.model_name",
    "gen_ai.usage.input_tokens": "llm.token_count.prompt",
    "gen_ai.usage.output_tokens": "llm.token_count.completion",
    "gen_ai.usage.cache_read.input_tokens": "llm.token_count.prompt_details.cache_read",
    "gen_ai.usage.cache_creation.input_tokens": "llm.token_count.prompt_details.cache_write",
    "gen_ai.prompt.name": "prompt.id",
    "gen_ai.prompt.version": "llm.prompt_template.version",
    "gen_ai.conversation.id": "session.id",
}
"""Names of OpenInference for those of OpenTelemetry; what it has no name for stays."""


def requests(spans: Iterable[Span], per_request: int = 2000) -> Iterator[bytes]:
    """ExportTraceServiceRequest bodies, in the order of the spans."""
    remaining = iter(spans)
    while batch := list(islice(remaining, per_request)):
        yield request(batch)


def request(spans: Sequence[Span]) -> bytes:
    """One body: spans by their service."""
    groups: defaultdict[tuple[str, str], list[bytes]] = defaultdict(list)
    for span in spans:
        groups[span.service, span.dialect].append(_field(b"\x12", encoded(span)))
    return b"".join(
        _field(b"\x0a", _resource(service) + _field(b"\x12", _scope(dialect) + b"".join(group)))
        for (service, dialect), group in groups.items()
    )


def score_request(scores: Sequence[Score]) -> bytes:
    """One ExportLogsServiceRequest of evaluation results."""
    groups: defaultdict[str, list[bytes]] = defaultdict(list)
    for score in scores:
        groups[score.service].append(_field(b"\x12", _score(score)))
    return b"".join(
        _field(b"\x0a", _resource(service) + _field(b"\x12", _scope("") + b"".join(group)))
        for service, group in groups.items()
    )


def encoded(span: Span) -> bytes:
    """A Span message."""
    attributes = span.attributes if not span.dialect else _openinference(span)
    parts = [
        b"\x0a\x10", span.trace_id, b"\x12\x08", span.span_id,
        _field(b"\x22", span.parent_id) if span.parent_id else b"",
        _name(span.name, SPAN_KINDS.get(span.kind, INTERNAL)),
        struct.pack("<BQBQ", 0x39, span.started, 0x41, span.ended),
    ]  # fmt: skip
    parts += [_attribute(b"\x4a", key, value) for key, value in attributes.items()]
    if span.error:
        parts.append(_status(span.error))
    return b"".join(parts)


def _openinference(span: Span) -> dict[str, Value]:
    told = {OPENINFERENCE.get(key, key): value for key, value in span.attributes.items() if "messages" not in key}
    del told["gen_ai.operation.name"]
    return told | {"openinference.span.kind": "LLM" if span.kind is Kind.CHAT else "CHAIN"}


def _score(score: Score) -> bytes:
    attributes: dict[str, Value] = {
        "tenant.id": score.tenant,
        "gen_ai.evaluation.name": "helpfulness",
        "gen_ai.evaluation.score.value": score.value,
        "gen_ai.evaluation.score.label": "good" if score.value >= 0.5 else "poor",
    }
    return b"".join(
        [
            struct.pack("<BQ", 0x09, score.at),
            *(_attribute(b"\x32", key, value) for key, value in attributes.items()),
            b"\x4a\x10", score.trace_id, b"\x52\x08", score.span_id,
            _field(b"\x62", b"gen_ai.evaluation.result"),
        ]
    )  # fmt: skip


def _attribute(tag: bytes, key: str, value: Value) -> bytes:
    """A KeyValue behind its tag; short ones are kept for the next span."""
    if isinstance(value, float) or (isinstance(value, str) and len(value) > LONGEST_KEPT):  # 0.0 == -0.0
        return _key_value(tag, key, value)
    return _kept(tag, key, value)


def _key_value(tag: bytes, key: str, value: Value) -> bytes:
    return _field(tag, _key(key) + _field(b"\x12", _any_value(value)))


_kept = lru_cache(maxsize=1 << 16, typed=True)(_key_value)


@cache
def _key(key: str) -> bytes:
    return _field(b"\x0a", key.encode())


def _any_value(value: Value) -> bytes:
    match value:
        case bool():
            return b"\x10\x01" if value else b"\x10\x00"
        case int():
            return b"\x18" + _varint(value)
        case float():
            return b"\x21" + struct.pack("<d", value)
        case str():
            return _field(b"\x0a", value.encode())
        case _:
            return _field(b"\x2a", b"".join(_field(b"\x0a", _field(b"\x0a", item.encode())) for item in value))


@lru_cache(maxsize=1024)
def _name(name: str, kind: int) -> bytes:
    return _field(b"\x2a", name.encode()) + b"\x30" + _varint(kind)


@lru_cache(maxsize=1024)
def _status(message: str) -> bytes:
    return _field(b"\x7a", _field(b"\x12", message.encode()) + b"\x18" + _varint(ERROR))


@cache
def _resource(service: str) -> bytes:
    told = {
        "service.name": service, "deployment.environment.name": ENVIRONMENT, "cloud.region": "us-east-1", MARK: "true",
    }  # fmt: skip
    return _field(b"\x0a", b"".join(_key_value(b"\x0a", key, value) for key, value in told.items()))


@cache
def _scope(dialect: str) -> bytes:
    return _field(b"\x0a", _field(b"\x0a", SCOPES[dialect].encode()))


def _field(tag: bytes, content: bytes) -> bytes:
    size = len(content)
    return tag + (_SHORT[size] if size < 128 else _varint(size)) + content


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    out.append(number)
    return bytes(out)


_SHORT = [bytes([number]) for number in range(128)]
