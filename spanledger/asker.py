"""Who waits for an answer: its mark stands in the statements made for it, so that they can be killed when it leaves."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from spanledger.errors import QueryFailed

CANCELLED = 394
"""ClickHouse's QUERY_WAS_CANCELLED."""


@dataclass
class Asker:
    """One request."""

    mark: str = field(default_factory=lambda: f"asked {secrets.token_hex(12)}")
    left: bool = False
    """True once nobody waits any more."""


_asker: ContextVar[Asker | None] = ContextVar("asker", default=None)


@contextmanager
def asked_by(asker: Asker) -> Iterator[None]:
    """Do what is inside for it."""
    token = _asker.set(asker)
    try:
        yield
    finally:
        _asker.reset(token)


def signed(statement: str) -> str:
    """The statement with the mark of who asks, if there is one; QueryFailed when it has left."""
    asker = _asker.get()
    if asker is None:
        return statement
    if asker.left:
        raise QueryFailed("Who asked has left.", CANCELLED)
    return f"{statement}\n/* {asker.mark} */"
