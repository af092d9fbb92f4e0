"""Deleting what somebody may ask to be forgotten: one trace, or all data of one tenant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spanledger import sql
from spanledger.engine import Engine

TABLES = ("spans", "events", "metric_points")
DELETE_MESSAGES = Path(__file__).with_name("delete_messages.sql")
SUMS = ("usage_slices", "usage_hours")
FORGET_ALERTS = Path(__file__).with_name("forget_alerts.sql")
FORGOTTEN = "alert_id IN (SELECT alert_id FROM alerts_forgotten WHERE at > now64(3, 'UTC') - INTERVAL 2 HOUR)"
NAMED_IN_CARDS = 40
"""Characters of a name that stand in a card whatever its length: longer ones are cut there."""
WAIT = {"lightweight_deletes_sync": 2, "mutations_sync": 2}
"""Return only when the rows are out of every part, on every replica."""

COLUMNS = {"trace": "trace_id", "tenant": "tenant"}
SUM_AGAIN = Path(__file__).with_name("delete_sum_again.sql")
SUM_NOW = Path(__file__).with_name("delete_sum_now.sql")
SETTLE_AGAIN = Path(__file__).with_name("delete_settle_again.sql")


def delete(engine: Engine, kind: str, value: str) -> dict[str, int]:
    """Delete all rows of a `trace` (its id in hex) or a `tenant`; how many there were, by table.

    Messages go with the last span of their day that refers to them; the same text said by somebody else stays.
    Their rows in `traces`, `edges` and `usage` go too, and findings about a tenant; sums of a trace are made again by
    the next steps of settling.
    Rows that are still in the spool are not reached: ask again when `/readyz` is green.
    """
    column = COLUMNS[kind]
    wanted = {"value": value.lower() if kind == "trace" else value}
    engine.command(sql.read(SUM_AGAIN if kind == "trace" else SETTLE_AGAIN), wanted)
    counts = {}
    for table in TABLES:
        if table == "metric_points" and kind == "trace":
            continue
        if table == "spans":  # they tell which messages: so those go before them
            engine.command(sql.read(DELETE_MESSAGES), {**wanted, "column": column}, WAIT)
        counts[table] = _delete(engine, table, column, wanted)
    for table in ("settled_traces", *(SUMS if kind == "tenant" else ())):
        _delete(engine, table, column, wanted)
    if kind == "trace":
        engine.command(sql.read(SUM_NOW), wanted)
    else:
        _delete_alerts(engine, value)
        _delete_findings(engine, value)
    return counts


def forget_alerts(engine: Engine) -> None:
    """Take away what is written of alerts about tenants who asked to be forgotten within the last two hours.

    Deleting does it, and housekeeping again: one that fired then writes its end when it is gone already.
    """
    for table in ("alert_changes", "alert_asks", "alert_deliveries", "alert_cards"):
        _mutate(engine, table, "DELETE", FORGOTTEN, {})


def _delete_alerts(engine: Engine, tenant: str) -> None:
    """Alerts whose labels or finding name a tenant, cards that do, silences for it. Rules are the operator's words."""
    engine.command(sql.read(FORGET_ALERTS), {"value": tenant, "quoted": json.dumps(tenant, ensure_ascii=False)})
    forget_alerts(engine)
    _mutate(engine, "alert_silences", "DELETE", "has(mapValues(matchers), {value:String})", {"value": tenant})
    named = json.dumps(tenant[:NAMED_IN_CARDS], ensure_ascii=False)
    if len(tenant) > NAMED_IN_CARDS:
        named = named[:-1]
    _mutate(engine, "alert_cards", "DELETE", "position(triage, {named:String}) > 0", {"named": named})


def _delete_findings(engine: Engine, tenant: str) -> None:
    """Findings about a tenant, and those whose numbers name it; what runs said of their inputs, where it is named."""
    wanted = {"value": tenant, "quoted": json.dumps(tenant, ensure_ascii=False)}
    about = "has(mapValues(subject), {value:String}) OR position(details, {quoted:String}) > 0"
    for table in ("finding_observations", "finding_states"):
        _mutate(engine, table, "DELETE", about, wanted)
    _mutate(engine, "job_runs", "UPDATE notes = '{}'", "position(notes, {quoted:String}) > 0", wanted)


def _mutate(engine: Engine, table: str, change: str, where: str, wanted: dict[str, Any]) -> int:
    """Change the rows that there are; how many. A change of none would still be waited for."""
    [[count]] = engine.rows(f"SELECT count() FROM {table} WHERE {where}", wanted)
    if count:
        engine.command(f"ALTER TABLE {table} {change} WHERE {where}", wanted, WAIT)
    return int(count)


def _delete(engine: Engine, table: str, column: str, wanted: dict[str, Any]) -> int:
    return _mutate(engine, table, "DELETE", f"{column} = {{value:String}}", wanted)
