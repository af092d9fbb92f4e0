"""Views and dictionaries of prices, replaced when their text changes."""

from __future__ import annotations

import hashlib
from urllib.parse import unquote, urlsplit

from clickhouse_connect.driver.binding import quote_identifier

from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import MigrationFailed, QueryFailed
from spanledger.migrate import split_statements
from spanledger.settings import Settings
from spanledger.views import LEDGER

LOOKUPS = sql.SCHEMA_DIR / "prices" / "lookups.sql"
NAME = "price_lookups"
LAST_OF_THEM = "price_rates"
NOT_LET_IN = frozenset({192, 194, 516})
"""ClickHouse: UNKNOWN_USER, REQUIRED_PASSWORD, AUTHENTICATION_FAILED."""


def apply_lookups(engine: Engine, settings: Settings) -> bool:
    """Make the views and dictionaries where they are missing or have another text; True when they were made.

    A dictionary reads its table as the server's user `default`. Where that one is not let in, it reads as our own user.
    """
    engine.command(sql.read(LEDGER))
    template = sql.read(LOOKUPS)
    checksum = hashlib.sha256((template + settings.clickhouse_url.get_secret_value()).encode()).hexdigest()
    applied = engine.rows(
        "SELECT argMax(checksum, applied_at) FROM applied_views WHERE name = {name:String}", {"name": NAME}
    )
    there = engine.rows("SELECT 1 FROM system.tables WHERE database = currentDatabase() AND name = {name:String}",
                        {"name": LAST_OF_THEM})  # fmt: skip
    if there and applied == [[checksum]]:
        return False
    try:
        _make(engine, template, "")
    except QueryFailed as error:
        if settings.embedded or error.code not in NOT_LET_IN:
            raise MigrationFailed(f"The dictionaries of prices could not be made: {error}.") from error
        _make(engine, template, _login(settings))
    engine.insert("applied_views", ["name", "checksum"], [[NAME, checksum]])
    return True


def _make(engine: Engine, template: str, login: str) -> None:
    # the query of a dictionary runs in a session of its own, whose database is not ours
    [[database]] = engine.rows("SELECT currentDatabase()")
    text = template.replace("{{ login }}", login).replace("{{ database }}", quote_identifier(str(database)))
    for statement in split_statements(text):
        engine.command(statement)
    engine.command("SYSTEM RELOAD DICTIONARY price_providers")  # reads its table, or says that it may not


def _login(settings: Settings) -> str:
    parts = urlsplit(settings.clickhouse_url.get_secret_value())
    user, password = (_quoted(unquote(text or "")) for text in (parts.username, parts.password))
    return f"USER {user} PASSWORD {password} "


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
