"""Which attributes of a span are compared, and how their values read. Ids say nothing; numbers count by size."""

from __future__ import annotations

from functools import cache

from spanledger.explore.names import Name, Sized
from spanledger.filters import FIELDS, attribute
from spanledger.filters.fields import columns_of_keys

IDS = frozenset(
    {
        "trace_id", "span_id", "parent_span_id", "tool_call_id", "response_id", "duplicate_of", "tool_result_hash",
        "request_model", "model_revision", "token_semantics", "usage_role", "cost_status", "energy_source", "price_row",
        "energy_factors", "grid",
    }
)  # fmt: skip
"""What tells one span from another, or only follows from other columns; `model` is there for the two of the model."""
SIZES = {
    "duration": "duration", "cost_usd": "cost", "input_tokens": "tokens", "output_tokens": "tokens",
    "cached_input_tokens": "", "reasoning_tokens": "", "time_to_first_token_ns": "", "energy_kwh": "kwh",
}  # fmt: skip
"""Numbers that are compared, by powers of two; with the measure that a selection may have been made by."""
FLAGS = ("root", "billable")
PLAIN = ("attempt", "temperature")
OF_RESOURCE = frozenset(
    {"service.name", "deployment.environment.name", "deployment.environment", "cloud.region", "tenant.id"}
)
"""Attributes of a resource that have a column."""


@cache
def columns(measure: str) -> str:
    """The array of (key, value) pairs of a span's columns as SQL; the numbers that make the measure are left out."""
    texts = [field for field in FIELDS.values() if field.kind == "text" and field.name not in IDS]
    pairs = [f"('{field.name}', toString({field.expression}))" for field in texts]
    pairs += [f"('{name}', if({FIELDS[name].expression}, 'true', 'false'))" for name in FLAGS]
    pairs += [f"('{name}', ifNull(toString({FIELDS[name].expression}), ''))" for name in PLAIN]
    pairs += [
        f"('{name}', if(ifNull({FIELDS[name].expression}, 0) > 0, "
        f"toString(toInt16(floor(log2(assumeNotNull({FIELDS[name].expression}))))), ''))"
        for name, of in SIZES.items()
        if of != measure
    ]
    pairs += ["('finish_reasons', arrayStringConcat(finish_reasons, ', '))", "('resource', toString(resource))"]
    return "[" + ",\n                    ".join(pairs) + "]"


def named(key: str) -> Name | None:
    """The attribute behind a key of the statement's answer; None when it is not shown."""
    kind, dot, rest = key.partition(".")
    if not dot:
        return Sized(key) if key in SIZES else Name(key)
    if kind == "resource":
        return None if rest in OF_RESOURCE else Name(attribute(rest, "resource"))
    return None if rest in columns_of_keys() else Name(attribute(rest))
