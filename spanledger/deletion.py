"""Deleting what somebody may ask to be forgotten: one trace, or all data of one tenant."""

from __future__ import annotations

from pathlib import Path

from spanledger import sql
from spanledger.engine import Engine

TABLES = ("spans", "events", "metric_points")
DELETE_MESSAGES = Path(__file__).with_name("delete_messages.sql")
WAIT = {"lightweight_deletes_sync": 2, "mutations_sync": 2}
"""Return only when the rows are out of every part, on every replica."""

COLUMNS = {"trace": "trace_id", "tenant": "tenant"}


def delete(engine: Engine, kind: str, value: str) -> dict[str, int]:
    """Delete all rows of a `trace` (its id in hex) or a `tenant`; how many there were, by table.

    Messages go with the last span of their day that refers to them; the same text said by somebody else stays.
    Rows that are still in the spool are not reached: ask again when `/readyz` is green.
    """
    column = COLUMNS[kind]
    wanted = {"value": value.lower() if kind == "trace" else value}
    counts = {}
    for table in TABLES:
        if table == "metric_points" and kind == "trace":
            continue
        where = f"{column} = {{value:String}}"
        [[counts[table]]] = engine.rows(f"SELECT count() FROM {table} WHERE {where}", wanted)
        if counts[table] and table == "spans":  # they tell which messages: so those go before them
            engine.command(sql.read(DELETE_MESSAGES), {**wanted, "column": column}, WAIT)
        if counts[table]:
            engine.command(f"ALTER TABLE {table} DELETE WHERE {where}", wanted, WAIT)
    return counts
