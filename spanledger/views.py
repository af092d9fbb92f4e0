"""The views between the stations of a span: rendered from `schema/views/*.sql`, and replaced when their text changes.

A migration is frozen; a view is not, for it holds the mapping of attributes, which grows with dialects and settings.
A view's text is compared with what was applied last, and a view that somebody dropped comes back at the next start.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from spanledger import content, sql
from spanledger.engine import Engine
from spanledger.errors import MigrationFailed, QueryFailed
from spanledger.mapping.render import fragments
from spanledger.settings import Settings

VIEWS = sql.SCHEMA_DIR / "views"
LEDGER = Path(__file__).with_name("views_table.sql")
HEAD = re.compile(r"CREATE MATERIALIZED VIEW (?P<name>\w+) TO (?P<target>\w+) AS\s+(?P<query>.*);\s*$", re.DOTALL)


@dataclass(frozen=True)
class View:
    """A materialized view: what it is called, the table it fills, and the query that fills it."""

    name: str
    target: str
    query: str

    @property
    def checksum(self) -> str:
        """sha256 of target and query."""
        return hashlib.sha256(f"{self.target}\n{self.query}".encode()).hexdigest()


def context(settings: Settings) -> Mapping[str, object]:
    """What the templates of the views may use."""
    return {"settings": settings, "content": content.rendering(settings), "mapping": fragments(settings)}


def read_views(settings: Settings, folder: Path = VIEWS) -> list[View]:
    """All views in the order of their files, rendered; MigrationFailed where a file is not one view."""
    environment = sql.templates(folder)
    values = context(settings)
    return [_parse(path, environment.get_template(path.name).render(values)) for path in sorted(folder.glob("*.sql"))]


def apply_views(engine: Engine, settings: Settings, folder: Path = VIEWS) -> Iterator[View]:
    """Create what is missing, replace what has another text, drop what is no longer; yields each view that is new."""
    engine.command(sql.read(LEDGER))
    applied = {
        str(name): str(checksum)
        for name, checksum in engine.rows("SELECT name, argMax(checksum, applied_at) FROM applied_views GROUP BY name")
    }
    present = {
        str(name) for (name,) in engine.rows("SELECT name FROM system.tables WHERE database = currentDatabase()")
    }
    views = read_views(settings, folder)
    for name in sorted((applied.keys() & present) - {view.name for view in views}):
        engine.command(f"DROP VIEW IF EXISTS {name} SYNC")
    for view in views:
        if view.name in present and applied.get(view.name) == view.checksum:
            continue
        _apply(engine, view)
        yield view


def _apply(engine: Engine, view: View) -> None:
    try:
        engine.command(f"DROP VIEW IF EXISTS {view.name} SYNC")
        engine.command(f"CREATE MATERIALIZED VIEW {view.name} TO {view.target} AS {view.query}")
    except QueryFailed as error:
        raise MigrationFailed(
            f"The view {view.name} could not be made: {error}. Spans wait in the spool until it is; start again."
        ) from error
    engine.insert("applied_views", ["name", "checksum"], [[view.name, view.checksum]])


def _parse(path: Path, text: str) -> View:
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    match = HEAD.fullmatch(code.strip())
    if not match:
        raise MigrationFailed(f"{path} must hold one CREATE MATERIALIZED VIEW name TO table AS …;")
    return View(match["name"], match["target"], match["query"].strip())
