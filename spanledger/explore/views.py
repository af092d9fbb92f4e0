"""Saved views: a name for an address of the explorer."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import BadRequest, NotFound

LIST = Path(__file__).with_name("views.sql")
MOST = 500
LONGEST_NAME, LONGEST_ADDRESS = 100, 6000
PARTS = frozenset({"filter", "range", "from", "to", "measure", "by", "box_from", "box_to", "low", "high", "select"})
"""Parameters of an address that are kept; others have no part in what is seen."""


@dataclass(frozen=True)
class SavedView:
    """One view."""

    view_id: str
    name: str
    address: str
    """The query of /explore, without the question mark."""
    saved_at: str
    """ISO 8601, UTC."""


@dataclass(frozen=True)
class Views:
    """The views of an engine. What was written last wins."""

    engine: Engine
    new_id: Callable[[], str] = lambda: secrets.token_hex(8)
    nanoseconds: Callable[[], int] = time.time_ns

    def all(self) -> list[SavedView]:
        """By name."""
        return self._read("", MOST)

    def one(self, view_id: str) -> SavedView:
        """Raises NotFound."""
        found = self._read(view_id, 1) if view_id else []
        if not found:
            raise NotFound(f"There is no saved view {view_id[:40]!r}.")
        return found[0]

    def save(self, name: str, address: str) -> SavedView:
        """A new view. Raises BadRequest when it has no name or there are too many."""
        if len(self.all()) >= MOST:
            raise BadRequest(f"There are {MOST} saved views already; take one away first.")
        now = self.nanoseconds()
        saved_at = f"{datetime.fromtimestamp(now / 1e9, UTC):%Y-%m-%dT%H:%M:%SZ}"
        view = SavedView(self.new_id(), _name(name), kept(address), saved_at)
        self._write(view, now)
        return view

    def change(self, view_id: str, name: str | None, address: str | None) -> SavedView:
        """Another name or address; None leaves it. Raises NotFound and BadRequest."""
        view = self.one(view_id)
        view = replace(view, name=view.name if name is None else _name(name))
        view = replace(view, address=view.address if address is None else kept(address))
        self._write(view, self.nanoseconds())
        return view

    def remove(self, view_id: str) -> None:
        """Raises NotFound."""
        self._write(self.one(view_id), self.nanoseconds(), gone=True)

    def _read(self, view_id: str, most: int) -> list[SavedView]:
        rows = self.engine.query(sql.read(LIST), {"view_id": view_id, "limit": most}).records()
        return [SavedView(**row) for row in rows]

    def _write(self, view: SavedView, version: int, *, gone: bool = False) -> None:
        at = datetime.fromisoformat(view.saved_at)
        columns = ["view_id", "name", "address", "saved_at", "version", "gone"]
        self.engine.insert("saved_views", columns, [[view.view_id, view.name, view.address, at, version, int(gone)]])


def _name(text: str) -> str:
    text = " ".join(text.split())
    if not 0 < len(text) <= LONGEST_NAME:
        raise BadRequest(f"A view has a name of 1 to {LONGEST_NAME} characters.")
    return text


def kept(text: str) -> str:
    """The parts of an address that say what is seen, in its order. Raises BadRequest."""
    text = urlencode([(name, value) for name, value in parse_qsl(text.partition("?")[2] or text) if name in PARTS])
    if len(text) > LONGEST_ADDRESS:
        raise BadRequest(f"The address of a view has at most {LONGEST_ADDRESS:,} characters.")
    return text
