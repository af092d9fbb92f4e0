"""What may enter the spool: bodies that the C parser has proven, without nested values and broken text.

Python loops over resources and scopes, never over items, unless a body has something to mend. Then only the items
concerned are touched:

  - a value that is a map, or an array that holds arrays or maps, becomes its JSON text: the engine's columns are flat
  - text that is not UTF-8 gets U+FFFD for what can't be read, and its item the attribute `spanledger.problem`
  - a value nested too deep for the parser is kept as bytes, and its item marked in the same way
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import orjson
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, EncodeError, Message

from collector.checker import is_text, message_type
from collector.otlp_json import decode
from collector.signals import METRICS, Signal
from spanledger.errors import BadRequest

PROBLEM = "spanledger.problem"
"""The attribute that says what was mended in an item."""
UTF8, NESTING = "utf8", "nesting"

MAX_GROUPS = 500_000
"""Resources or scopes in a request. Python looks at each; of empty ones a body could hold 32 million."""

_KINDS = {"traces": "spans", "logs": "logs", "metrics": "metrics"}
"""How the fields `resource_…` and `scope_…` of a signal end."""
_ANY_VALUE = "opentelemetry.proto.common.v1.AnyValue"
_MARKED = frozenset(
    {"Span", "LogRecord", "Resource", "InstrumentationScope", "NumberDataPoint", "HistogramDataPoint"}
    | {"ExponentialHistogramDataPoint", "SummaryDataPoint"}
)
"""Messages that carry the attribute for all within them."""


@dataclass(frozen=True)
class Admitted:
    """A body for the spool."""

    body: bytes
    items: int
    """Spans, log records or data points in it; with none it need not be stored."""
    rejected: int = 0
    """Items that were left out."""
    reason: str = ""
    """Why, or what was mended, for the client; '' when all was taken as it came."""
    mended: int = 0
    """Items (or resources and scopes) that were mended and carry `spanledger.problem`."""


def admit(signal: Signal, body: bytes) -> Admitted:
    """A protobuf body, as it came or mended. Raises BadRequest if it is not the signal's request."""
    request = message_type(signal.request.DESCRIPTOR.full_name)()
    mender = _Mender()
    try:
        request.ParseFromString(body)
    except DecodeError:
        body = mender.mend_text(signal, body)
        request.ParseFromString(body)
    items = _count(signal, request)
    try:
        encoded = request.SerializeToString()  # C, and refuses nested values: IsInitialized() takes three times as long
        as_it_came = len(encoded) == len(body)  # not when a field was sent twice: the engine would take the other one
    except EncodeError:
        mender.flatten(request)
        as_it_came = False
    if not as_it_came:
        request.DiscardUnknownFields()
        body = request.SerializeToString()
    return Admitted(body, items, reason=mender.sentence(), mended=mender.marked)


def admit_json(signal: Signal, body: bytes) -> Admitted:
    """The same for an OTLP/JSON body; the result is protobuf."""
    decoded = decode(body, signal)
    admitted = admit(signal, decoded.message.SerializeToString())
    if not decoded.rejected:
        return admitted
    return replace(admitted, rejected=decoded.rejected, reason=decoded.reason)


def _count(signal: Signal, request: Any) -> int:
    """Items in a request. Raises BadRequest for one that is nearly all resources and scopes."""
    kind = _KINDS[signal.name]
    resources = getattr(request, f"resource_{kind}")
    _bounded(len(resources))
    scopes: list[Any] = []
    for resource in resources:
        inside = getattr(resource, f"scope_{kind}")
        _bounded(len(scopes) + len(inside))
        scopes += inside
    if signal is METRICS:
        return sum(_points(metric) for scope in scopes for metric in scope.metrics)
    return sum(len(getattr(scope, signal.item)) for scope in scopes)


def _bounded(groups: int) -> None:
    if groups > MAX_GROUPS:
        raise BadRequest(f"The body has more than {MAX_GROUPS:,} resources or scopes; send the items of one together.")


def _points(metric: Any) -> int:
    kind = metric.WhichOneof("data")
    return len(getattr(metric, kind).data_points) if kind else 0


class _Mender:
    """Mends one body and counts what it marked."""

    def __init__(self) -> None:
        self.marked = 0

    def sentence(self) -> str:
        """What was mended, for the client."""
        if not self.marked:
            return ""
        return f"{self.marked:,} items had text that is not UTF-8 or values nested too deep; they carry {PROBLEM}."

    def mend_text(self, signal: Signal, body: bytes) -> bytes:
        """The body with U+FFFD for what is not UTF-8. Raises BadRequest if that is not all that is wrong with it."""
        name = signal.request.DESCRIPTOR.full_name
        request = message_type(name, lenient=True)()
        try:
            request.ParseFromString(body)
        except DecodeError as error:
            raise BadRequest(f"The body is not a protobuf {name}: {error}.") from None
        self._mend_text(request)
        return request.SerializePartialToString()

    def _mend_text(self, message: Message) -> bool:
        """True when something was mended and nothing around it is marked yet."""
        mended = False
        for field, value in message.ListFields():
            if field.message_type:
                for inner in value if field.is_repeated else (value,):
                    if not _reads(inner):
                        mended |= self._mend_text(inner)
            elif is_text(message.DESCRIPTOR.full_name, field.name):
                mended |= _mend_field(message, field, value)
        return self._mark(message, UTF8) if mended else False

    def flatten(self, message: Message) -> str:
        """Replace all nested values below a message; returns the problem that nothing around it is marked with yet."""
        problem = ""
        for field, value in message.ListFields():
            if field.message_type:
                for inner in value if field.is_repeated else (value,):
                    if not inner.IsInitialized():
                        is_value = inner.DESCRIPTOR.full_name == _ANY_VALUE
                        problem = (_flatten_value(inner) if is_value else self.flatten(inner)) or problem
        return problem if problem and self._mark(message, problem) else ""

    def _mark(self, message: Any, problem: str) -> bool:
        """Say so in the item; False once that is done."""
        if message.DESCRIPTOR.name not in _MARKED:
            return True
        attribute = message.attributes.add()
        lenient = attribute.DESCRIPTOR.fields_by_name["key"].type == FieldDescriptor.TYPE_BYTES
        attribute.key = PROBLEM.encode() if lenient else PROBLEM
        attribute.value.string_value = problem.encode() if lenient else problem
        self.marked += 1
        return False


def _reads(message: Message) -> bool:
    """True if the strict variant reads what is in this lenient message."""
    try:
        message_type(message.DESCRIPTOR.full_name)().ParseFromString(message.SerializePartialToString())
    except DecodeError:
        return False
    return True


def _mend_field(message: Message, field: FieldDescriptor, value: Any) -> bool:
    mended = [_mend(text) for text in value] if field.is_repeated else _mend(value)
    if mended == value:
        return False
    if field.is_repeated:
        value[:] = mended
    else:
        setattr(message, field.name, mended)
    return True


def _mend(text: bytes) -> bytes:
    return text.decode(errors="replace").encode()


def _flatten_value(value: Any) -> str:
    """Replace a nested value by its JSON; returns the problem met, or ''."""
    encoded = value.SerializePartialToString()
    whole: Any = message_type(_ANY_VALUE, lenient=True, find_nested=False)()
    try:
        whole.ParseFromString(encoded)
    except DecodeError:  # deeper than the parser goes (100 messages), or broken inside
        value.bytes_value = encoded
        return NESTING
    reader = _Reader()
    value.string_value = orjson.dumps(reader.plain(whole)).decode()
    return UTF8 if reader.mended else ""


class _Reader:
    """Turns a value of the lenient type into what JSON can hold. The parser has bound its depth."""

    def __init__(self) -> None:
        self.mended = False

    def plain(self, value: Any) -> object:
        """Bytes as base64; NaN and infinities as text."""
        kind = value.WhichOneof("value")
        content: Any = getattr(value, kind) if kind else None
        if kind == "string_value":
            content = self._text(content)
        elif kind == "array_value":
            content = [self.plain(inner) for inner in content.values]
        elif kind == "kvlist_value":
            content = self._object(content.values)
        elif kind == "bytes_value":
            content = base64.b64encode(content).decode()
        elif kind == "double_value" and not math.isfinite(content):
            content = "NaN" if math.isnan(content) else "Infinity" if content > 0 else "-Infinity"
        return content

    def _object(self, pairs: Iterable[Any]) -> dict[str, object]:
        return {self._text(pair.key): self.plain(pair.value) for pair in pairs}

    def _text(self, content: bytes) -> str:
        text = content.decode(errors="replace")
        self.mended |= text.encode() != content
        return text
