"""What spans take from others: which layer of a call is billed, when sums are, models, errors of tools."""

from __future__ import annotations

from datetime import UTC, datetime

from analytics.settling.marks import text
from analytics.settling.statements import SLICE_SECONDS, statement
from analytics.settling.work import Work
from spanledger.energy.statements import assignments
from spanledger.engine import Engine
from spanledger.prices.reprice import reprice_range
from spanledger.settings import Settings

SLACK_NS = 1_000_000_000
"""So much may a call stick out of the call around it: clocks of two machines differ."""
CHANGES = "settle_changes"


def bill_calls_once(engine: Engine, since: int, until: int) -> int:
    """Mark second layers in traces that got a call within [`since`, `until`); how many spans changed.

    Only traces with calls that look alike are read whole. Sums before `since` are marked to be made again.
    """
    changed = 0
    with Work(engine) as near, Work(engine) as suspects:
        near.take("due_layers", **{"from": text(since), "until": text(until)})
        for chunk, _, _ in near.chunks():
            near.execute("suspects", chunk=chunk, suspects=suspects.run)
        for chunk, _, _ in suspects.chunks():
            suspects.load("load_calls", chunk)
            engine.command(f"TRUNCATE TABLE {CHANGES}")
            suspects.execute("nested", slack_ns=SLACK_NS)
            suspects.execute("tops")
            suspects.execute("siblings")
            suspects.execute("lonely")
            suspects.execute("calls", slice=SLICE_SECONDS)
            changed += _apply(engine, since, "mark_duplicates")
    return changed


def bill_rollups(work: Work, settings: Settings, summed: int) -> int:
    """In the chunk in hand, bill sums with nothing billed below, and no longer those that have; how many changed."""
    work.engine.command(f"TRUNCATE TABLE {CHANGES}")
    work.execute("rollups", slice=SLICE_SECONDS)
    changed = _apply(work.engine, summed, "bill_rollups", "unbill_rollups")
    if changed:
        _price(work.engine, settings)
    return changed


def name_models(work: Work, settings: Settings, summed: int) -> int:
    """Calls of the chunk in hand that name no model take that of the agent or turn above; how many did."""
    if not work.count("modelless"):
        return 0
    work.engine.command(f"TRUNCATE TABLE {CHANGES}")
    work.execute("models_above", slice=SLICE_SECONDS)
    changed = _apply(work.engine, summed, "take_model")
    if changed:
        _price(work.engine, settings)
    return changed


def fail_tools(work: Work, summed: int) -> int:
    """Tools of Claude Code in the chunk in hand whose execution failed become errors; how many did."""
    if not work.count("failed_executions"):
        return 0
    work.engine.command(f"TRUNCATE TABLE {CHANGES}")
    work.execute("failed_tools", slice=SLICE_SECONDS)
    return _apply(work.engine, summed, "fail_tools")


def _price(engine: Engine, settings: Settings) -> None:
    """Cost and energy of the calls that are billed, or have a model, since just now."""
    for since, until in engine.rows(statement("billed_ranges")):
        reprice_range(engine, datetime.fromtimestamp(int(since), UTC), datetime.fromtimestamp(int(until), UTC))
    engine.command(f"UPDATE spans SET {assignments(settings)} WHERE {statement('billed')}")


def _apply(engine: Engine, summed: int, *updates: str) -> int:
    [[count]] = engine.rows(f"SELECT count() FROM {CHANGES}")
    if count:
        engine.command(statement("dirty_changes"), {"summed": text(summed)})
        for update in updates:
            engine.command(statement(update))
    return int(count)
