"""Whose rows the work of this moment may read.

A scope is set around a request and seen by the engine, which then filters every table that a statement reads, whatever
the statement is (`spanledger.access.filters`). No scope: all rows, as for jobs and commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Scope:
    """Only rows of these tenants."""

    tenants: tuple[str, ...]
    """Sorted, at least one."""

    @classmethod
    def of(cls, tenants: tuple[str, ...]) -> Scope | None:
        """The scope of a key; None when it may read all."""
        return cls(tuple(sorted(set(tenants)))) if tenants else None


_scope: ContextVar[Scope | None] = ContextVar("scope", default=None)


def of_request() -> Scope | None:
    """The scope of the request that is answered here, or None."""
    return _scope.get()


@contextmanager
def within(scope: Scope | None) -> Iterator[None]:
    """Do what is inside in this scope. Threads that the request starts through asyncio have it too."""
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


@contextmanager
def lifted() -> Iterator[None]:
    """Do what is inside without a scope: work of our own that shows nothing to the one who asked."""
    with within(None):
        yield
