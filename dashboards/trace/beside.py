"""Statements of one page side by side, so that one waits for the slowest and not for all."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

First = TypeVar("First")
Other = TypeVar("Other")


def beside(first: Callable[[], First], *others: Callable[[], Other]) -> tuple[First, list[Other]]:
    """What all return. The others run in threads of their own, for the same request: its scope holds there too."""
    with ThreadPoolExecutor(len(others)) as pool:
        running = [pool.submit(copy_context().run, other) for other in others]
        done = first()
        return done, [other.result() for other in running]
