"""Numbered, frozen SQL migrations: run once, in order, and safe to repeat after a kill half way.

A migration is a file `schema/migrations/NNNN_name.sql` of statements that end with `;` at a line's end. Each statement
must be repeatable (`IF NOT EXISTS`), because a killed migration starts again from its first statement. A file that
has run is never edited: its checksum is kept.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import MigrationFailed, QueryFailed

MIGRATIONS = sql.SCHEMA_DIR / "migrations"
LEDGER = Path(__file__).with_name("migrations_table.sql")
NEEDED = "26.9"
"""Of ClickHouse: the first that tables were tried on with all their settings (ADR 34)."""
UNKNOWN_SETTING = 115
"""ClickHouse's error code."""


@dataclass(frozen=True)
class Migration:
    """One file: its number, name, statements and the sha256 of its text."""

    number: int
    name: str
    statements: tuple[str, ...]
    checksum: str


def read_migrations(folder: Path = MIGRATIONS) -> list[Migration]:
    """All migrations in order. MigrationFailed when the numbers are not 1, 2, 3 …"""
    migrations = [_read(path) for path in sorted(folder.glob("*.sql"))]
    numbers = [migration.number for migration in migrations]
    if numbers != list(range(1, len(numbers) + 1)):
        raise MigrationFailed(
            f"The migrations in {folder} are numbered {numbers}; they must be 1, 2, 3 … without a gap."
        )
    return migrations


def migrate(engine: Engine, folder: Path = MIGRATIONS) -> Iterator[Migration]:
    """Run what has not run yet, yielding each migration when it is done."""
    engine.command(sql.read(LEDGER))
    done = {int(number): str(checksum) for number, checksum in engine.rows("SELECT number, checksum FROM migrations")}
    known = read_migrations(folder)
    if unknown := sorted(set(done) - {migration.number for migration in known}):
        raise MigrationFailed(
            f"The data was written by a newer spanledger: it has run migration {unknown[-1]}, and this version knows "
            f"{len(known)}. Use that version or a newer one."
        )
    for migration in known:
        if migration.number in done:
            _unchanged(migration, done[migration.number])
            continue
        _run(engine, migration)
        yield migration


def pending(engine: Engine, folder: Path = MIGRATIONS) -> int:
    """How many migrations have not run."""
    engine.command(sql.read(LEDGER))
    return len(read_migrations(folder)) - len(engine.rows("SELECT DISTINCT number FROM migrations"))


def _run(engine: Engine, migration: Migration) -> None:
    for position, statement in enumerate(migration.statements, 1):
        try:
            engine.command(statement)
        except QueryFailed as error:
            raise MigrationFailed(
                f"Migration {migration.number:04d}_{migration.name}, statement {position} of "
                f"{len(migration.statements)}: {error}.{_too_old(error)} Nothing after it ran; "
                "start again when it is mended."
            ) from error
    engine.insert(
        "migrations", ["number", "name", "checksum"], [[migration.number, migration.name, migration.checksum]]
    )


def _too_old(error: QueryFailed) -> str:
    return f" A ClickHouse server has to be {NEEDED} or later." if error.code == UNKNOWN_SETTING else ""


def _unchanged(migration: Migration, checksum: str) -> None:
    if checksum != migration.checksum:
        raise MigrationFailed(
            f"Migration {migration.number:04d}_{migration.name} has changed since it ran. Restore the file; "
            "changes go into a new migration."
        )


def _read(path: Path) -> Migration:
    match = re.fullmatch(r"(\d{4})_(\w+)\.sql", path.name)
    if not match:
        raise MigrationFailed(f"{path} is not named NNNN_name.sql.")
    text = sql.read(path)
    return Migration(int(match[1]), match[2], split_statements(text), hashlib.sha256(text.encode()).hexdigest())


def split_statements(text: str) -> tuple[str, ...]:
    """Statements, each without its final `;` and without comment lines; a `;` ends one only at a line's end."""
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return tuple(part.strip() for part in re.split(r";[ \t]*(?:\n|$)", code) if part.strip())
