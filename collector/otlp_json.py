"""OTLP/JSON bodies in, the protobuf messages that the rest of the collector takes out; JSON answers back.

The mapping is OTLP's own dialect of proto3 JSON: lowerCamelCase names only, ids in hex, 64-bit integers as text or
numbers, enums as integers (names are taken too), unknown fields ignored. What one item can't hold costs that item and
not its neighbours: each element of the lists that lead from the envelope to the items is refused by itself.

JSON is written straight to the wire format, by tables made once per signal, and then parsed by protobuf's C parser.
"""

from __future__ import annotations

import binascii
import functools
import json
import math
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

import orjson
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from collector.signals import Signal
from spanledger.errors import BadRequest

MAX_DEPTH = 100
"""Messages within messages: protobuf's own bound for binary bodies, so that both encodings take the same. Only AnyValue
recurs (an array costs two levels, a map three); what is deeper is refused before it is looked at."""

_MAX_KEYS = 4096
"""Attribute keys, of up to 100 bytes, whose bytes are remembered for each field that holds attributes."""
_ONE_BAD_VALUE = re.compile("surrogate|infinity")  # in orjson's complaint about a document that is JSON otherwise
_NUMBER = re.compile(r"NaN|-?Infinity|-?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?").fullmatch
_NOT_FINITE = frozenset({"NaN", "Infinity", "-Infinity"})
_HEX_FIELDS = frozenset({"trace_id", "span_id", "parent_span_id"})
_ANY_VALUE = "opentelemetry.proto.common.v1.AnyValue"
_ANY_TEXT = b"\x0a"  # the tag of AnyValue's string_value
_KEY_VALUE = "opentelemetry.proto.common.v1.KeyValue"


@dataclass(frozen=True)
class Decoded:
    """A request as far as it could be understood."""

    message: Message
    """The signal's request message, without the items that were rejected."""
    rejected: int
    """Items left out, in the signal's unit: spans, log records or data points."""
    reason: str
    """Why the first of them was, with its place in the body; '' if none was."""


def decode(body: bytes, signal: Signal) -> Decoded:
    """The request in an OTLP/JSON body. Raises BadRequest, and nothing else, if its envelope can't be understood.

    A resource, scope or metric that can't be represented takes all its items along; a refusal counts at least one.
    """
    tally = _Tally()
    try:
        wire = _request(signal)(_parse(body), 0, tally)
    except _UnfitError as unfit:
        raise BadRequest(f"The body is not an OTLP request: {unfit.sentence().lstrip('.: ')}.") from None
    message = signal.request()
    message.ParseFromString(wire)
    return Decoded(message, tally.rejected, tally.reason.lstrip("."))


def encode_response(message: Message) -> bytes:
    """An Export…ServiceResponse or a google.rpc.Status as JSON. Lists (a status' details) are left out."""
    return orjson.dumps(_plain(message))


def _plain(value: object, kind: int = FieldDescriptor.TYPE_MESSAGE) -> object:
    if isinstance(value, Message):
        return {f.json_name: _plain(inner, f.type) for f, inner in value.ListFields() if not f.is_repeated}
    return str(value) if kind in (FieldDescriptor.TYPE_INT64, FieldDescriptor.TYPE_UINT64) else value


def _parse(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        try:  # a lone surrogate or an overflowing number: let it through to the item that holds it
            if _ONE_BAD_VALUE.search(error.msg):
                return json.loads(body.decode())
        except (ValueError, RecursionError):
            pass
        raise BadRequest(f"The body is not JSON: {error}.") from None


class _UnfitError(Exception):
    """A value that its field can't hold; `path` grows from the inside out as the error passes the fields around it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.path: list[str] = []

    def sentence(self) -> str:
        """The place in the body, shortened if it is long, and what is wrong there: `.spans[2].kind: 'x' is not …`."""
        place = "".join(f".{step}" for step in reversed(self.path)).replace(".[", "[")
        return f"{place if len(place) <= 200 else f'{place[:100]}…{place[-100:]}'}: {self}"


@dataclass
class _Tally:
    rejected: int = 0
    reason: str = ""


def _unfit(value: object, wanted: str) -> _UnfitError:
    if isinstance(value, (dict, list)):
        return _UnfitError(f"{'an object' if isinstance(value, dict) else 'a list'} is not {wanted}")
    shown = ascii(value[:40]) if isinstance(value, str) else json.dumps(value)[:40]
    return _UnfitError(f"{shown} is not {wanted}")


_Write = Callable[[object, int, _Tally], bytes]
"""A JSON value, the depth of its message and the tally, to bytes on the wire; raises _UnfitError."""

_ONE_BYTE = [bytes([number]) for number in range(128)]
_MORE_BYTES = [bytes([number | 128]) for number in range(128)]


def _varint(number: int) -> bytes:
    if number < 1 << 7:
        return _ONE_BYTE[number]
    if number < 1 << 14:
        return _MORE_BYTES[number & 127] + _ONE_BYTE[number >> 7]
    return _MORE_BYTES[number & 127] + _MORE_BYTES[number >> 7 & 127] + _varint(number >> 14)


_PACK_DOUBLE = struct.Struct("<d").pack
_INTEGERS: Mapping[int, tuple[int, int, Callable[[int], bytes]]] = {
    FieldDescriptor.TYPE_INT32: (-(2**31), 2**31 - 1, lambda number: _varint(number & 2**64 - 1)),
    FieldDescriptor.TYPE_INT64: (-(2**63), 2**63 - 1, lambda number: _varint(number & 2**64 - 1)),
    FieldDescriptor.TYPE_UINT32: (0, 2**32 - 1, _varint),
    FieldDescriptor.TYPE_UINT64: (0, 2**64 - 1, _varint),
    FieldDescriptor.TYPE_SINT32: (-(2**31), 2**31 - 1, lambda number: _varint(number << 1 ^ number >> 31)),
    FieldDescriptor.TYPE_FIXED32: (0, 2**32 - 1, struct.Struct("<I").pack),
    FieldDescriptor.TYPE_FIXED64: (0, 2**64 - 1, struct.Struct("<Q").pack),
    FieldDescriptor.TYPE_SFIXED64: (-(2**63), 2**63 - 1, struct.Struct("<q").pack),
}
"""Lowest, highest and wire format of each integer type in OTLP."""


def _integer(low: int, high: int, pack: Callable[[int], bytes]) -> _Write:
    def write(value: object, _depth: int, _tally: _Tally) -> bytes:
        if type(value) is int:
            number = value
        elif type(value) is str and value.isascii() and value.removeprefix("-").isdigit() and len(value) <= 20:
            number = int(value)
        # orjson hands over integers beyond 64 bits as floats: exactly -2**63 may have been any of its neighbours
        elif type(value) is float and value.is_integer() and -(2.0**63) < value < 2.0**64:
            number = math.trunc(value)
        else:
            raise _unfit(value, "a whole number of at most 64 bits")
        if low <= number <= high:
            return pack(number)
        raise _unfit(value, f"between {low} and {high}")

    return write


def _enum(enum: EnumDescriptor) -> _Write:
    numbers = {value.name: value.number for value in enum.values}
    write = _integer(*_INTEGERS[FieldDescriptor.TYPE_INT32])
    return lambda value, depth, tally: write(numbers.get(value, value) if type(value) is str else value, depth, tally)


def _bool(value: object, _depth: int, _tally: _Tally) -> bytes:
    if type(value) is bool:
        return _ONE_BYTE[value]
    raise _unfit(value, "true or false")


def _double(value: object, _depth: int, _tally: _Tally) -> bytes:
    try:
        if type(value) is float or type(value) is int or (type(value) is str and _NUMBER(value)):
            number = float(value)
            if math.isfinite(number) or value in _NOT_FINITE:
                return _PACK_DOUBLE(number)
    except OverflowError:  # a whole number beyond the largest double
        pass
    raise _unfit(value, "a number that a double can hold")


def _from_text(decode_text: Callable[[str], bytes], wanted: str) -> _Write:
    def write(value: object, _depth: int, _tally: _Tally) -> bytes:
        try:
            if type(value) is str:
                return decode_text(value)
        except ValueError:
            pass
        raise _unfit(value, wanted)

    return write


def _base64(text: str) -> bytes:
    """Either alphabet, padded or not."""
    text = text.rstrip("=").replace("-", "+").replace("_", "/")
    return binascii.a2b_base64(text + "=" * (-len(text) % 4), strict_mode=True)


_text = _from_text(str.encode, "valid text")
_hex = _from_text(binascii.unhexlify, "an id in hexadecimal")
_SCALARS: Mapping[int, _Write] = {
    FieldDescriptor.TYPE_BOOL: _bool,
    FieldDescriptor.TYPE_DOUBLE: _double,
    FieldDescriptor.TYPE_STRING: _text,
    FieldDescriptor.TYPE_BYTES: _from_text(_base64, "base64"),
    **{kind: _integer(*bounds) for kind, bounds in _INTEGERS.items()},
}
_WIRE_TYPES = {
    **dict.fromkeys((FieldDescriptor.TYPE_FIXED64, FieldDescriptor.TYPE_SFIXED64, FieldDescriptor.TYPE_DOUBLE), 1),
    **dict.fromkeys((FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES, FieldDescriptor.TYPE_MESSAGE), 2),
    FieldDescriptor.TYPE_FIXED32: 5,
}
"""All other types are varints: 0."""


@dataclass(frozen=True)
class _Shape:
    """How a message type is read, by JSON name. Filled after it is made, as message types recur."""

    fields: dict[str, _Write] = field(default_factory=dict)
    choices: list[list[str]] = field(default_factory=list)
    """The oneofs: names of which an object may have one."""
    counts: dict[str, Callable[[object], int]] = field(default_factory=dict)
    """The fields that lead to items."""

    def count(self, value: object) -> int:
        """Items below a message of this type, or below a list of them, whatever is wrong with it."""
        messages = [one for one in (value if type(value) is list else [value]) if type(one) is dict]
        return sum(count(one.get(name)) for one in messages for name, count in self.counts.items())


def _message(shape: _Shape, null_is_empty: bool) -> _Write:
    fields, choices = shape.fields, shape.choices

    def write(value: object, depth: int, tally: _Tally) -> bytes:
        if type(value) is not dict:
            if value is None and null_is_empty:
                return b""
            raise _unfit(value, "an object")
        if depth > MAX_DEPTH:
            raise _UnfitError(f"more than {MAX_DEPTH} messages within one another")
        if choices and len(value) > 1:
            _refuse_two(choices, value)
        parts = []
        name = ""
        try:
            for name, inner in value.items():
                if inner is not None and name in fields:
                    parts.append(fields[name](inner, depth + 1, tally))
        except _UnfitError as unfit:
            unfit.path.append(name)
            raise
        return b"".join(parts)

    return write


def _refuse_two(choices: list[list[str]], value: Mapping[str, object]) -> None:
    for names in choices:
        given = [name for name in names if value.get(name) is not None]
        if len(given) > 1:
            raise _UnfitError(f"{given[0]} and {given[1]} are both given, and only one may be")


def _tag(f: FieldDescriptor) -> bytes:
    return _varint(f.number << 3 | (2 if f.is_packed else _WIRE_TYPES.get(f.type, 0)))


def _tagged(f: FieldDescriptor, content: _Write) -> _Write:
    """The field of a content that is written without its tag and length."""
    tag = _tag(f)
    short = [tag + size for size in _ONE_BYTE]

    def write(value: object, depth: int, tally: _Tally) -> bytes:
        data = content(value, depth, tally)
        size = len(data)
        return (short[size] if size < 128 else tag + _varint(size)) + data

    if f.is_packed or _WIRE_TYPES.get(f.type) == 2:
        return write
    return lambda value, depth, tally: tag + content(value, depth, tally)


def _attribute(f: FieldDescriptor, pair_type: Descriptor, kinds: Mapping[str, _Write], general: _Write) -> _Write:
    """A KeyValue, four fifths of a body: a key beside a single value goes straight to the field of its kind."""
    write_key = _tagged(pair_type.fields_by_name["key"], _text)
    tag, value_tag = _tag(f), _tag(pair_type.fields_by_name["value"])
    short, value_short = [tag + size for size in _ONE_BYTE], [value_tag + size for size in _ONE_BYTE]
    text_short = [value_short[2 + size] + _ANY_TEXT + _ONE_BYTE[size] for size in range(126)]
    keys: dict[object, bytes] = {}

    def write(pair: object, depth: int, tally: _Tally) -> bytes:
        if type(pair) is not dict or len(pair) != 2 or depth >= MAX_DEPTH:
            return general(pair, depth, tally)
        key, value = pair.get("key"), pair.get("value")
        if type(key) is not str or type(value) is not dict or len(value) != 1:
            return general(pair, depth, tally)
        ((kind, inner),) = value.items()
        start = keys.get(key)
        if start is None or inner is None or kind not in kinds:
            data = general(pair, depth, tally)
            if len(keys) < _MAX_KEYS and len(key) <= 100:
                keys[key] = write_key(key, depth, tally)
            return data
        if kind == "stringValue" and type(inner) is str and len(inner) < 126 and inner.isascii():
            data = start + text_short[len(inner)] + inner.encode()
        else:
            try:
                data = kinds[kind](inner, depth + 2, tally)
            except _UnfitError as unfit:
                unfit.path += (kind, "value")
                raise
            size = len(data)
            data = start + (value_short[size] if size < 128 else value_tag + _varint(size)) + data
        size = len(data)
        return (short[size] if size < 128 else tag + _varint(size)) + data

    return write


def _repeated(write: _Write) -> _Write:
    def write_all(value: object, depth: int, tally: _Tally) -> bytes:
        if type(value) is not list:
            raise _unfit(value, "a list")
        parts: list[bytes] = []
        try:
            for element in value:
                parts.append(write(element, depth, tally))
        except _UnfitError as unfit:
            unfit.path.append(f"[{len(parts)}]")
            raise
        return b"".join(parts)

    return write_all


def _isolated(name: str, write: _Write, count: Callable[[object], int]) -> _Write:
    """A list on the way to items: what an element can't hold costs that element, and is counted."""

    def write_each(value: object, depth: int, tally: _Tally) -> bytes:
        if type(value) is not list:
            raise _unfit(value, "a list")
        parts = []
        for index, element in enumerate(value):
            rejected, reason = tally.rejected, tally.reason
            try:
                parts.append(write(element, depth, tally))
            except _UnfitError as unfit:
                tally.rejected = rejected + max(1, count(element))
                tally.reason = tally.reason or unfit.sentence()
            if tally.reason and not reason:
                tally.reason = f".{name}[{index}]{tally.reason}"
        return b"".join(parts)

    return write_each


def _field(f: FieldDescriptor, item: str, shapes: dict[str, _Shape]) -> _Write:
    if message := f.message_type:
        shape = _shape(message, item, shapes)
        write = _tagged(f, _message(shape, null_is_empty=message.full_name == _ANY_VALUE))
        if message.full_name == _KEY_VALUE:
            write = _attribute(f, message, shapes[_ANY_VALUE].fields, write)
        if f.name == item or (shape.counts and f.is_repeated):
            return _isolated(f.json_name, write, shape.count)
    else:
        content = _enum(f.enum_type) if f.enum_type else _hex if f.name in _HEX_FIELDS else _SCALARS[f.type]
        if f.is_packed:
            return _tagged(f, _repeated(content))
        write = _tagged(f, content)
    return _repeated(write) if f.is_repeated else write


def _shape(message: Descriptor, item: str, shapes: dict[str, _Shape]) -> _Shape:
    """The tables of a message type, after those of the types below it; `item` is the name of the items' field."""
    if message.full_name not in shapes:
        shape = shapes[message.full_name] = _Shape()
        for f in message.fields:
            shape.fields[f.json_name] = _field(f, item, shapes)
            if f.name == item:
                shape.counts[f.json_name] = lambda value: len(value) if type(value) is list else 0
            elif f.message_type and shapes[f.message_type.full_name].counts:
                shape.counts[f.json_name] = shapes[f.message_type.full_name].count
        shape.choices.extend(names for one in message.oneofs if len(names := [f.json_name for f in one.fields]) > 1)
    return shapes[message.full_name]


@functools.cache
def _request(signal: Signal) -> _Write:
    envelope = cast("Descriptor", signal.request.DESCRIPTOR)
    return _message(_shape(envelope, signal.item, {}), null_is_empty=False)
