"""Synthetic OTLP trace requests: every span distinct, the same for the same seed, made faster than taken in.

Protobuf itself serialises each piece of a span once: an attribute for every value it may have, or with room for a value
of fixed width. For a request numpy picks the pieces, writes the fresh bytes and squeezes out the padding between them.
The result is byte for byte what protobuf would have written (a test holds that).

    spans19   one LLM call a span, 19 attributes, about 0.78 kB: models by draw, 2,000 tenants by Zipf, random ids.
              Values are drawn for each span, not for each trace: harder to compress than life.
    chat10k   the same and 10 kB of chat messages: words of a made-up language by Zipf, no two spans alike.

The resource says `service.name=synthetic-assistant`, so that nobody takes these spans for real ones.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

Bytes = NDArray[np.uint8]
Integers = NDArray[np.integer]
Value = str | int | float | list[str]

SPANS_PER_TRACE = 8
SHORTEST_NS, LONGEST_NS = 100_000_000, 10_000_000_000  # a root; its calls lie within it
TENANTS, TENANT_EXPONENT = 2000, 1.2
INPUT_TOKENS, OUTPUT_TOKENS = range(100, 20_000), range(5, 2000)
CACHE_BLOCK = 64  # providers count cached input in blocks of 64 or 128 tokens
CACHE_BLOCKS = range(100)
PROMPTS = [(name, str(version)) for name in ("assistant", "router", "summary") for version in range(1, 9)]
FEATURES = ("search", "draft", "chat")
MODELS = (  # asked for, answered by, provider, address
    ("gpt-4o", "gpt-4o-2024-08-06", "openai", "api.openai.com"),
    ("gpt-4o-mini", "gpt-4o-mini-2024-07-18", "openai", "api.openai.com"),
    ("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "anthropic", "api.anthropic.com"),
    ("claude-haiku-4-5", "claude-haiku-4-5-20251001", "anthropic", "api.anthropic.com"),
    ("gemini-2.5-flash", "gemini-2.5-flash", "gcp.gemini", "generativelanguage.googleapis.com"),
)
PODS = 8
INPUT_TEXT_BYTES, OUTPUT_TEXT_BYTES = 8192, 2048
WORDS, WORD_EXPONENT = 8192, 1.0
ENDINGS = (" ", " ", " ", " ", " ", " ", ", ", ". ")  # after a word, equally often
ZIPF_BITS = 20  # a share is exact to 1/2**20
FILLER = "~"  # stands for text while a piece is serialised; no word has it
HEX_OF_BYTE = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), np.uint8).reshape(256, 2)


def requests(  # noqa: PLR0913  (a workload has this many measures)
    kind: str, spans: int, *, seed: int, start_ns: int, window_ns: int, per_request: int = 512
) -> Iterator[bytes]:
    """ExportTraceServiceRequest bodies with `spans` spans in all; the last one may be smaller.

    Traces start in order, spread over `window_ns` from `start_ns` (Unix time), and do not cross requests. They end
    within the window too, if it is longer than the longest trace (10 s).
    """
    if kind not in KINDS:
        raise ValueError(f"No workload {kind!r}; there are {', '.join(KINDS)}.")
    layout, fill = KINDS[kind]
    sheet = _Sheet(layout(), per_request)
    count = -(-spans // per_request)
    for index in range(count):
        rng = np.random.default_rng([seed, index])
        fill(sheet, rng)
        slot_ns = max(window_ns - LONGEST_NS, 0) / count
        _fill_times(sheet, rng, start_ns + int(index * slot_ns), slot_ns)
        yield _request(sheet.take(min(per_request, spans - index * per_request)), pod=index % PODS)


class _Pool(NamedTuple):
    """Byte strings to pick from, as rows padded to one width; `keep` tells bytes from padding, `sizes` counts them."""

    rows: Bytes
    keep: NDArray[np.bool_]
    sizes: NDArray[np.int64]


def _pool(pieces: Sequence[bytes]) -> _Pool:
    """The pieces as rows; a pool of one is a constant, whose last bytes may be overwritten."""
    sizes = np.array([len(piece) for piece in pieces])
    width = int(sizes.max())
    rows = np.frombuffer(b"".join(piece.ljust(width, b"\0") for piece in pieces), np.uint8).reshape(-1, width)
    return _Pool(rows, np.arange(width) < sizes[:, None], sizes)


class _Sheet:
    """The spans of a request as rows of bytes: constants are written once, the rest again for every request."""

    def __init__(self, layout: Mapping[str, _Pool], spans: int) -> None:
        edges = accumulate((pool.rows.shape[1] for pool in layout.values()), initial=0)
        self._columns = {name: slice(*edge) for name, edge in zip(layout, pairwise(edges), strict=True)}
        self._pools = layout
        self._rows = np.zeros((spans, max(column.stop for column in self._columns.values())), np.uint8)
        self._keep = np.ones(self._rows.shape, np.bool_)
        self._sizes: dict[str, NDArray[np.int64]] = {}
        self.spans = spans
        for name in layout:
            self.pick(name, np.zeros(spans, np.int64))

    def pick(self, name: str, indices: Integers) -> None:
        """Puts into each span the piece of that index in the pool `name`."""
        pool, column = self._pools[name], self._columns[name]
        self._rows[:, column] = pool.rows.take(indices, axis=0)
        self._keep[:, column] = pool.keep.take(indices, axis=0)
        self._sizes[name] = pool.sizes[indices]

    def write(self, name: str, values: Bytes) -> None:
        """Overwrites the last bytes of the piece `name` by a row of `values` for each span."""
        stop = self._columns[name].stop
        self._rows[:, stop - values.shape[1] : stop] = values

    def take(self, spans: int) -> memoryview:
        """The first `spans` spans, serialised one behind the other."""
        sizes = np.add.reduce([size for name, size in self._sizes.items() if name != "header"])
        self.pick("header", sizes)
        return self._rows[:spans][self._keep[:spans]].data


@cache
def _spans19() -> dict[str, _Pool]:
    """The pieces of a span in the order of the wire."""
    return {
        "header": _headers(),
        "trace_id": _pool([Span(trace_id=bytes(16)).SerializeToString()]),
        "span_id": _pool([Span(span_id=bytes(8)).SerializeToString()]),
        "parent_span_id": _pool([b"", Span(parent_span_id=bytes(8)).SerializeToString()]),
        "name": _pool(
            [Span(name=f"chat {model}", kind=Span.SPAN_KIND_CLIENT).SerializeToString() for model, *_ in MODELS]
        ),
        "started": _pool([Span(start_time_unix_nano=1).SerializeToString()]),
        "ended": _pool([Span(end_time_unix_nano=1).SerializeToString()]),
        "model": _pool([_model_attributes(*model) for model in MODELS]),
        "input_tokens": _pool([_attribute("gen_ai.usage.input_tokens", n) for n in INPUT_TOKENS]),
        "output_tokens": _pool([_attribute("gen_ai.usage.output_tokens", n) for n in OUTPUT_TOKENS]),
        "cached_tokens": _pool(
            [_attribute("gen_ai.usage.cache_read.input_tokens", n * CACHE_BLOCK) for n in CACHE_BLOCKS]
        ),
        "temperature": _pool([_attribute("gen_ai.request.temperature", 0.7)]),
        "finish_reasons": _pool([_attribute("gen_ai.response.finish_reasons", ["stop"])]),
        "response_id": _pool([_attribute("gen_ai.response.id", f"chatcmpl-{0:016x}")]),
        "conversation": _pool([_attribute("gen_ai.conversation.id", f"conv-{0:06d}")]),
        "prompt": _pool(
            [
                _attribute("gen_ai.prompt.name", name) + _attribute("gen_ai.prompt.version", version)
                for name, version in PROMPTS
            ]
        ),
        "tenant": _pool([_attribute("tenant.id", f"tenant-{n:05d}") for n in range(TENANTS)]),
        "user": _pool([_attribute("user.id", f"user-{0:05d}")]),
        "task": _pool([_attribute("task.id", f"task-{0:06d}")]),
        "feature": _pool([_attribute("app.feature", feature) for feature in FEATURES]),
        "http_status": _pool([_attribute("http.response.status_code", 200)]),
        "server": _pool([_attribute("server.address", address) for *_, address in MODELS]),
    }


@cache
def _chat10k() -> dict[str, _Pool]:
    """The pieces of spans19, and two attributes that end in text and a constant tail."""
    text_in, text_out = FILLER * INPUT_TEXT_BYTES, FILLER * OUTPUT_TEXT_BYTES
    head_in, tail_in = _around(text_in, "gen_ai.input.messages", [_message("user", text_in)])
    head_out, tail_out = _around(
        text_out, "gen_ai.output.messages", [_message("assistant", text_out) | {"finish_reason": "stop"}]
    )
    return _spans19() | {
        "input_text": _pool([head_in]),
        "input_tail": _pool([tail_in]),
        "output_text": _pool([head_out]),
        "output_tail": _pool([tail_out]),
    }


def _fill_spans19(sheet: _Sheet, rng: np.random.Generator) -> None:
    """Fresh ids and values for every span of the sheet; all but the times."""
    n = sheet.spans
    _fill_ids(sheet, rng)
    models = rng.integers(len(MODELS), size=n)
    for name in ("name", "model", "server"):
        sheet.pick(name, models)
    _fill_tokens(sheet, rng)
    sheet.write("response_id", HEX_OF_BYTE[_random_bytes(rng, n, 8)].reshape(n, 16))
    sheet.write("conversation", _digits(rng.integers(10**6, size=n), 6))
    sheet.pick("prompt", rng.integers(len(PROMPTS), size=n))
    sheet.pick("tenant", _draw_zipf(rng, n, TENANTS, TENANT_EXPONENT))
    sheet.write("user", _digits(rng.integers(50_000, size=n), 5))
    sheet.write("task", _digits(rng.integers(10**6, size=n), 6))
    sheet.pick("feature", rng.integers(len(FEATURES), size=n))


def _fill_chat10k(sheet: _Sheet, rng: np.random.Generator) -> None:
    """As spans19, and fresh text for every span."""
    _fill_spans19(sheet, rng)
    text = _text(rng, sheet.spans * (INPUT_TEXT_BYTES + OUTPUT_TEXT_BYTES)).reshape(sheet.spans, -1)
    sheet.write("input_text", text[:, :INPUT_TEXT_BYTES])
    sheet.write("output_text", text[:, INPUT_TEXT_BYTES:])


def _fill_ids(sheet: _Sheet, rng: np.random.Generator) -> None:
    """Random ids; the first span of a trace is the root, and the parent of the others."""
    n = sheet.spans
    place = np.arange(n) % SPANS_PER_TRACE
    root = np.arange(n) - place
    span_ids = _random_bytes(rng, n, 8)
    sheet.write("trace_id", _random_bytes(rng, n, 16)[root])
    sheet.write("span_id", span_ids)
    sheet.pick("parent_span_id", (place > 0).astype(np.int64))
    sheet.write("parent_span_id", span_ids[root])


def _fill_tokens(sheet: _Sheet, rng: np.random.Generator) -> None:
    """Input and output drawn evenly; what was read from the cache is a part of the input."""
    n = sheet.spans
    tokens = rng.integers(INPUT_TOKENS.start, INPUT_TOKENS.stop, size=n)
    sheet.pick("input_tokens", tokens - INPUT_TOKENS.start)
    sheet.pick("output_tokens", rng.integers(len(OUTPUT_TOKENS), size=n))
    sheet.pick("cached_tokens", np.minimum(rng.integers(len(CACHE_BLOCKS), size=n), tokens // CACHE_BLOCK))


def _fill_times(sheet: _Sheet, rng: np.random.Generator, from_ns: int, spread_ns: float) -> None:
    """Traces that start in order within `spread_ns`; a call starts in the first half of its root and ends before it."""
    place = np.arange(sheet.spans) % SPANS_PER_TRACE
    trace = np.arange(sheet.spans) // SPANS_PER_TRACE
    traces = int(trace[-1]) + 1
    root_start = ((np.arange(traces) + rng.random(traces)) * (spread_ns / traces))[trace]
    root_length = rng.uniform(SHORTEST_NS, LONGEST_NS, traces)[trace]
    wait = np.where(place > 0, rng.uniform(0, 0.5, sheet.spans), 0) * root_length
    length = np.where(place > 0, rng.uniform(0.1, 1, sheet.spans), 1) * (root_length - wait)
    started = from_ns + (root_start + wait).astype(np.int64)
    sheet.write("started", _fixed64(started))
    sheet.write("ended", _fixed64(started + length.astype(np.int64)))


def _request(spans: memoryview, pod: int) -> bytes:
    """One resource, one scope and the spans, each with its length before it."""
    resource, scope = _resource(pod), _scope()
    inner = b"\x12" + _varint(len(scope) + len(spans)) + scope
    return b"".join((b"\x0a", _varint(len(resource) + len(inner) + len(spans)), resource, inner, spans))


@cache
def _resource(pod: int) -> bytes:
    """The beginning of a ResourceSpans: six attributes."""
    attributes = {
        "service.name": "synthetic-assistant",
        "service.version": "1.42.0",
        "deployment.environment.name": "production",
        "cloud.region": "eu-west-1",
        "host.name": f"pod-{pod}",
        "telemetry.sdk.language": "python",
    }
    pairs = [_key_value(key, value) for key, value in attributes.items()]
    return ResourceSpans(resource=Resource(attributes=pairs)).SerializeToString()


@cache
def _scope() -> bytes:
    """The beginning of a ScopeSpans."""
    scope = InstrumentationScope(name="opentelemetry.instrumentation.genai.openai", version="1.3b0")
    return ScopeSpans(scope=scope).SerializeToString()


@cache
def _headers() -> _Pool:
    """What stands before a span in ScopeSpans: field 2 and the length, for every length up to 16 KiB."""
    return _pool([b"\x12" + _varint(length) for length in range(1 << 14)])


def _varint(number: int) -> bytes:
    """Protobuf's variable-length form of a number that is not negative."""
    groups = []
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*groups, number])


def _model_attributes(asked: str, answered: str, provider: str, _address: str) -> bytes:
    """The four attributes that a model decides, as they stand together."""
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider,
        "gen_ai.request.model": asked,
        "gen_ai.response.model": answered,
    }
    return b"".join(_attribute(key, value) for key, value in attributes.items())


def _attribute(key: str, value: Value) -> bytes:
    """One attribute as a field of a span; a string ends with its last byte, so it can be overwritten there."""
    return Span(attributes=[_key_value(key, value)]).SerializeToString()


def _key_value(key: str, value: Value) -> KeyValue:
    """A KeyValue with the kind of AnyValue that an SDK would choose."""
    match value:
        case str():
            wrapped = AnyValue(string_value=value)
        case int():
            wrapped = AnyValue(int_value=value)
        case float():
            wrapped = AnyValue(double_value=value)
        case list():
            wrapped = AnyValue(array_value=ArrayValue(values=[AnyValue(string_value=item) for item in value]))
    return KeyValue(key=key, value=wrapped)


def _message(role: str, text: str) -> dict[str, object]:
    """A chat message in the shape of the GenAI conventions."""
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _around(text: str, key: str, messages: list[dict[str, object]]) -> tuple[bytes, bytes]:
    """The attribute with the messages as JSON, cut behind their text."""
    before, after = _attribute(key, json.dumps(messages, separators=(",", ":"))).split(text.encode())
    return before + text.encode(), after


def _text(rng: np.random.Generator, size: int) -> Bytes:
    """`size` bytes of words and punctuation that need no escape in JSON."""
    words, mean_size = _words()
    count = int(size / mean_size * 1.05) + 64  # so many draws never come out shorter than `size`
    drawn = _draw_zipf(rng, count, WORDS, WORD_EXPONENT) * len(ENDINGS) + rng.integers(len(ENDINGS), size=count)
    text: Bytes = words.rows.take(drawn, axis=0)[words.keep.take(drawn, axis=0)]
    return text[:size]


@cache
def _words() -> tuple[_Pool, float]:
    """Every word with every ending, commonest word first, and the mean bytes of a draw. Common words are short."""
    rng = np.random.default_rng(WORDS)
    endings = ("a", "e", "i", "o", "u", "ea", "an", "er")
    syllables = [first + rest for first in "bcdfghjklmnprstvwz" for rest in endings]
    vocabulary: dict[str, None] = {}
    while len(vocabulary) < WORDS:
        length = 1 if len(vocabulary) < 64 else 2 if len(vocabulary) < 1024 else 3
        vocabulary["".join(rng.choice(syllables, length))] = None
    words = _pool([(word + ending).encode() for word in vocabulary for ending in ENDINGS])
    by_word = words.sizes.reshape(WORDS, len(ENDINGS)).mean(axis=1)
    return words, float(by_word[_zipf(WORDS, WORD_EXPONENT)].mean())


def _draw_zipf(rng: np.random.Generator, size: int, choices: int, exponent: float) -> NDArray[np.int64]:
    """Numbers below `choices`, number k as often as 1 / (k + 1) ** exponent."""
    return _zipf(choices, exponent)[rng.integers(1 << ZIPF_BITS, size=size)]


@cache
def _zipf(choices: int, exponent: float) -> NDArray[np.int64]:
    """The inverse of Zipf's distribution at 2**20 even steps, so that a draw is one look-up."""
    shares = np.cumsum(1 / np.arange(1, choices + 1) ** exponent)
    steps = (np.arange(1 << ZIPF_BITS) + 0.5) / (1 << ZIPF_BITS)
    inverse: NDArray[np.int64] = np.searchsorted(shares, steps * shares[-1])
    return inverse


def _random_bytes(rng: np.random.Generator, rows: int, width: int) -> Bytes:
    """`width` random bytes for each row."""
    return np.frombuffer(rng.bytes(rows * width), np.uint8).reshape(rows, width)


def _digits(numbers: Integers, width: int) -> Bytes:
    """Numbers in decimal, as ASCII with leading zeros."""
    return (numbers[:, None] // 10 ** np.arange(width - 1, -1, -1) % 10 + ord("0")).astype(np.uint8)


def _fixed64(numbers: NDArray[np.int64]) -> Bytes:
    """Numbers as protobuf's fixed64: 8 bytes, the lowest first."""
    return numbers.astype("<i8").view(np.uint8).reshape(-1, 8)


KINDS: dict[str, tuple[Callable[[], dict[str, _Pool]], Callable[[_Sheet, np.random.Generator], None]]] = {
    "spans19": (_spans19, _fill_spans19),
    "chat10k": (_chat10k, _fill_chat10k),
}
