"""Places in a list of rows, as an opaque text: where the next page begins."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence

import orjson

from spanledger.errors import BadRequest


def pack(values: Sequence[str | int | float | None]) -> str:
    """The cursor behind a row with these sorting values."""
    return base64.urlsafe_b64encode(orjson.dumps(list(values))).decode().rstrip("=")


def unpack(cursor: str, length: int) -> list[str | int | float | None]:
    """The values in a cursor; BadRequest when it is not one of ours."""
    try:
        values = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        values = None
    if not isinstance(values, list) or len(values) != length or any(isinstance(v, list | dict | bool) for v in values):
        raise BadRequest("The cursor is not one that this list gave; leave it away to begin anew.")
    return values
