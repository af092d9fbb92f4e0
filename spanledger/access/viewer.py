"""Who looks: set around a request, read by pages and by what is written down about it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from spanledger.access.keys import Key
from spanledger.access.sessions import Session


@dataclass(frozen=True)
class Viewer:
    """The one who asks."""

    key: Key | None = None
    """None: no key is needed here, or none was given yet."""
    session: Session | None = None
    """Set when it came by a cookie."""
    csrf: str = ""
    """What forms and scripts of this session must send with a change."""

    @property
    def name(self) -> str:
        """For people; '' when nobody has logged in."""
        return self.key.name if self.key else ""

    @property
    def role(self) -> str:
        """What it may do: without keys all."""
        return self.key.role if self.key else "admin"


_viewer: ContextVar[Viewer | None] = ContextVar("viewer", default=None)


def viewer() -> Viewer:
    """The one who asks now."""
    return _viewer.get() or Viewer()


@contextmanager
def seen_by(one: Viewer) -> Iterator[None]:
    """Do what is inside for `one`."""
    token = _viewer.set(one)
    try:
        yield
    finally:
        _viewer.reset(token)
