"""One insert of the drain: bytes of OTLP requests into a signal's table, where the engine decodes them, exactly once.

The bytes are requests one behind the other, with or without the spool's headers. An insert with a token that has been
inserted before changes nothing, however much of the earlier one had been written when it was cut short.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from collector.signals import SIGNALS, Signal
from spanledger import sql
from spanledger.engine import Engine

FORMAT = "ProtobufSingle"
"""The whole input is one message; concatenated requests are one request."""
MESSAGE = "Request"
"""The top message of each file in schema/proto."""

TABLES = {name: f"otlp_{name}" for name in SIGNALS}
"""Where the bytes of a signal go: tables without storage, whose views write the rows."""

_NO_BOUND = 1 << 40

EXACTLY_ONCE: dict[str, object] = {
    # a token is remembered for each table below the views and each partition ...
    "deduplicate_insert": "enable",
    "insert_deduplicate": 1,
    "deduplicate_blocks_in_dependent_materialized_views": 1,
    # ... and names blocks by their order: so one block in, and always the same blocks from it
    "async_insert": 0,
    "max_threads": 1,
    "max_insert_threads": 1,
    "parallel_view_processing": 0,
    "input_format_parallel_parsing": 0,
    "use_strict_insert_block_limits": 0,
    "min_insert_block_size_rows": _NO_BOUND,
    "min_insert_block_size_bytes": _NO_BOUND,
    "min_insert_block_size_rows_for_materialized_views": 0,
    "min_insert_block_size_bytes_for_materialized_views": 0,
    # spans of a replayed archive may be of a thousand days
    "max_partitions_per_insert_block": 0,
    # all of it or an error: a request that can't be read, or rows that a view can't make, are never left out
    "input_format_allow_errors_num": 0,
    "input_format_allow_errors_ratio": 0,
    "materialized_views_ignore_errors": 0,
    "ignore_materialized_views_with_dropped_target_table": 0,
    # a view is planned anew for each insert: merging its steps takes longer to plan than it saves (ADR 19)
    "query_plan_merge_expressions": 0,
}
"""Pinned even where they are defaults: a server's profile may say otherwise."""


AS_WRITTEN = {"compile_expressions": 0, "compile_aggregate_expressions": 0, "compile_sort_description": 0}
"""No machine code for the views' expressions: making it takes a second of CPU in the fourth insert of each process,
and inserts of 20,000 LLM spans take no less with it (scratch measurement)."""


def insert_settings(signal: Signal, token: str, *, embedded: bool = False) -> dict[str, object]:
    """All settings of one insert; `token` names it for ever.

    The embedded engine reads our schema file; a server, which does not have it, gets its text.
    """
    if not token:
        raise ValueError("An insert needs a token; without one the engine would compare contents.")
    return {
        **EXACTLY_ONCE,
        **AS_WRITTEN,
        "insert_deduplication_token": token,
        "format_schema_source": "file" if embedded else "string",
        "format_schema": str(_schema_file(signal)) if embedded else format_schema(signal),
        "format_schema_message_name": MESSAGE,
        "input_format_protobuf_oneof_presence": 0,
    }


@cache
def format_schema(signal: Signal) -> str:
    """The signal's .proto without its comments: it travels with each insert."""
    text = sql.read(_schema_file(signal))
    return "\n".join(line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("//"))


def _schema_file(signal: Signal) -> Path:
    return sql.SCHEMA_DIR / "proto" / f"{signal.name}.proto"


def insert(engine: Engine, signal: Signal, body: bytes | Path, token: str) -> None:
    """Insert a request, or a file of them, unless `token` has been inserted.

    Raises QueryFailed if the engine refuses it (nothing of it is stored then), EngineUnavailable if it may take it
    later: the same token must be used then, since some of it may be stored.
    """
    table, settings = TABLES[signal.name], insert_settings(signal, token, embedded=engine.embedded)
    if isinstance(body, Path):
        engine.insert_file(table, body, FORMAT, settings)
    else:
        engine.insert_raw(table, body, FORMAT, settings)
