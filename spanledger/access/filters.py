"""Which rows of which table a scope leaves: conditions that the engine puts on every read of a table.

A table that is not named here has no rows for a scope, so a new table is closed until somebody has thought about it.
"""

from __future__ import annotations

from collections.abc import Iterable

from spanledger.access.scope import Scope
from spanledger.sql import literal

OF_TENANT = frozenset(
    {
        "spans", "events", "metric_points", "settled_traces", "usage_slices", "usage_hours", "revenue",
        "price_overrides",
    }
)  # fmt: skip
"""Tables with a column `tenant`."""

OF_SUBJECT = frozenset({"finding_states", "finding_observations"})
"""Findings about one tenant; those about a model or a prompt hold figures of all tenants."""

OF_LABELS = frozenset({"alert_changes"})

OF_ALERTS = frozenset({"alert_asks"})
"""Read together with the alerts that a scope leaves."""

OF_EVERYBODY = frozenset(
    {
        "price_lists", "price_names", "price_provider_names", "price_rows", "price_rules", "model_aliases",
        "energy_factors", "energy_sets", "grid_intensity", "grid_places", "settle_marks",
    }
)  # fmt: skip
"""What is the same for all: price lists, factors, how far settling has come."""

BY_HASH = frozenset({"messages", "trace_times"})
"""Rows that are found by a hash which only a span tells. Statements of ours come to them through spans; those from
outside do not come to them at all."""

READABLE = frozenset(
    {
        "spans", "events", "metric_points", "revenue", "traces", "edges", "usage", "usage_parts", "findings", "alerts",
        "alert_history", "prices", "price_lists", "price_names", "energy_factors", "energy_sets", "grid_intensity",
        "grid_places",
    }
)  # fmt: skip
"""Tables and views that a statement from outside may name within a scope."""

HIDDEN = frozenset({"api_keys", "api_key_uses", "audit_log"})
"""Tables that no statement from outside may name."""

BARRIER = {
    "query_plan_enable_optimizations": 0,
    "optimize_move_to_prewhere": 0,
    "enable_join_runtime_filters": 0,
    "use_query_condition_cache": 0,
}
"""Expressions must not be worked out on rows that the filter takes away: an error that quotes one, or whether there is
an error, would tell them. So the plan stays as it is written, filter first; parts are still chosen by indexes."""


def settings_of(scope: Scope, tables: Iterable[str]) -> dict[str, object]:
    """Settings of the engine that hold all reads to a scope; `tables` are all that store rows."""
    conditions = ((table, _condition(table, scope)) for table in sorted(tables))
    pairs = (f"{literal(table)}: {literal(condition)}" for table, condition in conditions if condition)
    return {"additional_table_filters": "{" + ", ".join(pairs) + "}", **BARRIER}


def _condition(table: str, scope: Scope) -> str:
    tenants = "(" + ", ".join(literal(tenant) for tenant in scope.tenants) + ")"
    if table in OF_TENANT:
        return f"tenant IN {tenants}"
    if table in OF_SUBJECT:
        return f"subject['tenant'] IN {tenants}"
    if table in OF_LABELS:
        return f"labels['tenant'] IN {tenants}"
    if table in OF_ALERTS:
        return "alert_id IN (SELECT alert_id FROM alert_changes)"
    return "" if table in OF_EVERYBODY | BY_HASH else "0"
