"""Modules that are imported at their first use: a start does not wait for what it may never need."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Any


class Later(ModuleType):
    """Stands for a module, which is imported when something of it is asked for.

    Type checkers need the import itself, under `TYPE_CHECKING`.
    """

    def __getattr__(self, name: str) -> Any:
        return getattr(import_module(self.__name__), name)
