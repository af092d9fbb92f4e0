"""Views and dictionaries that the views of spans look things up in, replaced when their text changes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from clickhouse_connect.driver.binding import quote_identifier

from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import MigrationFailed, QueryFailed
from spanledger.migrate import split_statements
from spanledger.settings import Settings
from spanledger.views import LEDGER


@dataclass(frozen=True)
class Lookups:
    """One file of them."""

    name: str
    template: Path
    tried: str
    """A dictionary that reads a table: loading it shows whether it may."""
    last: str


PRICES = Lookups("price_lookups", sql.SCHEMA_DIR / "prices" / "lookups.sql", "price_providers", "price_rates")
ENERGY = Lookups("energy_lookups", sql.SCHEMA_DIR / "energy" / "lookups.sql", "energy_names", "grid_rows")
NOT_LET_IN = frozenset({192, 194, 516})
"""ClickHouse: UNKNOWN_USER, REQUIRED_PASSWORD, AUTHENTICATION_FAILED."""


def apply_lookups(engine: Engine, settings: Settings) -> Iterator[str]:
    """Make all that are missing or have another text; the names of those that were made."""
    engine.command(sql.read(LEDGER))
    for lookups in (PRICES, ENERGY):
        if _apply(engine, settings, lookups):
            yield lookups.name


def _apply(engine: Engine, settings: Settings, lookups: Lookups) -> bool:
    """Make the views and dictionaries where they are missing or have another text; True when they were made.

    A dictionary reads its table as the server's user `default`. Where that one is not let in, it reads as our own user.
    """
    template = sql.read(lookups.template)
    checksum = hashlib.sha256(template.encode() + _login_digest(settings)).hexdigest()
    applied = engine.rows(
        "SELECT argMax(checksum, applied_at) FROM applied_views WHERE name = {name:String}", {"name": lookups.name}
    )
    there = engine.rows("SELECT 1 FROM system.tables WHERE database = currentDatabase() AND name = {name:String}",
                        {"name": lookups.last})  # fmt: skip
    if there and applied == [[checksum]]:
        return False
    try:
        _make(engine, lookups, "")
    except QueryFailed as error:
        if settings.embedded or error.code not in NOT_LET_IN:
            raise MigrationFailed(f"The dictionaries of {lookups.name} could not be made: {error}.") from error
        _make(engine, lookups, _login(settings))
    engine.insert("applied_views", ["name", "checksum"], [[lookups.name, checksum]])
    return True


def _make(engine: Engine, lookups: Lookups, login: str) -> None:
    # the query of a dictionary runs in a session of its own, whose database is not ours
    [[database]] = engine.rows("SELECT currentDatabase()")
    text = (
        sql.read(lookups.template)
        .replace("{{ login }}", login)
        .replace("{{ database }}", quote_identifier(str(database)))
    )
    for statement in split_statements(text):
        engine.command(statement)
    engine.command(f"SYSTEM RELOAD DICTIONARY {lookups.tried}")


def _login_digest(settings: Settings) -> bytes:
    """Changes with the login, and is dear to guess from: checksums can be read over the API."""
    url = settings.clickhouse_url.get_secret_value()
    return hashlib.scrypt(url.encode(), salt=b"spanledger lookups", n=2**14, r=8, p=1) if url else b""


def _login(settings: Settings) -> str:
    parts = urlsplit(settings.clickhouse_url.get_secret_value())
    user, password = (sql.literal(unquote(text or "")) for text in (parts.username, parts.password))
    return f"USER {user} PASSWORD {password} "
