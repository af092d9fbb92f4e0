"""Message types that answer, in C, what Python would have to loop for.

They are OTLP's own types, rebuilt in pools of their own with two changes:

  - the content of a nested attribute value (a map, or an array or map inside an array) is a message with a required
    field that nobody sets. So a message with such a value somewhere is not initialized, and the C encoder refuses it.
  - in the lenient variant text fields are bytes, so that broken UTF-8 can be read and mended.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor_pb2 import DescriptorProto, FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import Message

from collector.signals import SIGNALS

_COMMON = "opentelemetry.proto.common.v1"
_NESTED_FILE = "spanledger/nested.proto"
_NEVER_SET = 536_870_911
"""The highest field number there is."""


@cache
def message_type(full_name: str, *, lenient: bool = False, find_nested: bool = True) -> type[Message]:
    """The variant of an OTLP message type."""
    return message_factory.GetMessageClass(_pool(lenient, find_nested).FindMessageTypeByName(full_name))


@cache
def is_text(message: str, field: str) -> bool:
    """True for a field that OTLP declares as text; the lenient variant declares it as bytes."""
    descriptor = message_type(message).DESCRIPTOR.fields_by_name[field]
    return bool(descriptor.type == FieldDescriptorProto.TYPE_STRING)


@cache
def _pool(lenient: bool, find_nested: bool) -> DescriptorPool:
    pool = DescriptorPool()
    nested = FileDescriptorProto(name=_NESTED_FILE, package=_COMMON, syntax="proto2")  # proto3 knows no `required`
    nested.message_type.add(name="Nested").field.add(
        name="never",
        number=_NEVER_SET,
        label=FieldDescriptorProto.LABEL_REQUIRED,
        type=FieldDescriptorProto.TYPE_BOOL,
    )
    pool.AddSerializedFile(nested.SerializeToString())
    added: set[str] = set()
    for signal in SIGNALS.values():
        _add(pool, signal.request.DESCRIPTOR.file, added, lenient, find_nested)
    return pool


def _add(pool: DescriptorPool, file: Any, added: set[str], lenient: bool, find_nested: bool) -> None:
    """Add a file after the files it needs."""
    if file.name in added:
        return
    added.add(file.name)
    for needed in file.dependencies:
        _add(pool, needed, added, lenient, find_nested)
    proto = FileDescriptorProto()
    file.CopyToProto(proto)
    if lenient:
        for message in proto.message_type:
            _text_as_bytes(message)
    if find_nested and proto.package == _COMMON:
        _mark_nested(proto)
    pool.AddSerializedFile(proto.SerializeToString())


def _text_as_bytes(message: DescriptorProto) -> None:
    for field in message.field:
        if field.type == FieldDescriptorProto.TYPE_STRING:
            field.type = FieldDescriptorProto.TYPE_BYTES
    for inner in message.nested_type:
        _text_as_bytes(inner)


def _mark_nested(proto: FileDescriptorProto) -> None:
    proto.dependency.append(_NESTED_FILE)
    messages = {message.name: message for message in proto.message_type}
    element = proto.message_type.add()
    element.CopyFrom(messages["AnyValue"])
    element.name = "Element"
    _point(element, ("array_value", "kvlist_value"), "Nested")
    _point(messages["AnyValue"], ("kvlist_value",), "Nested")
    _point(messages["ArrayValue"], ("values",), "Element")


def _point(message: DescriptorProto, fields: tuple[str, ...], target: str) -> None:
    for field in message.field:
        if field.name in fields:
            field.type_name = f".{_COMMON}.{target}"
