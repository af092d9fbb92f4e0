"""Attributes as OTLP/JSON has them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def as_attributes(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Keys with their typed values; what is None is empty text."""
    return [{"key": str(key), "value": _value(value)} for key, value in given.items()]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(each) for each in value]}}
    if isinstance(value, dict):
        return {"kvlistValue": {"values": as_attributes(value)}}
    return {"stringValue": "" if value is None else str(value)}
