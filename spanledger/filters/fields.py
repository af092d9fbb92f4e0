"""What a filter may name: columns of `spans`, and attributes under their own keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from spanledger.mapping.model import load

FieldType = Literal["text", "number", "time", "flag", "texts", "numbers"]


@dataclass(frozen=True)
class Field:
    """A column that can be filtered by."""

    name: str
    kind: FieldType
    unit: str = ""
    """Of numbers: `ns`, `usd`, `kwh`, `g`, `tokens` or ''."""
    sql: str = ""
    """The expression when it is not the column itself."""
    equal: str = ""
    """What says the same as a comparison of the expression by `=` or `in` with texts that are not empty, and takes a
    third of the time; TEST is where operator and value stand."""

    @property
    def expression(self) -> str:
        """As SQL."""
        return self.sql or self.name


TOKENS = "if(isNull(input_tokens) AND isNull(output_tokens), NULL, ifNull(input_tokens, 0) + ifNull(output_tokens, 0))"
"""All tokens of a call; unknown when it reported none."""


def _texts(*names: str) -> list[Field]:
    return [Field(name, "text") for name in names]


def _numbers(unit: str, *names: str) -> list[Field]:
    return [Field(name, "number", unit) for name in names]


FIELDS: Mapping[str, Field] = {
    field.name: field
    for field in (
        *_texts(
            "trace_id", "span_id", "parent_span_id", "name", "service", "scope", "scope_version", "environment",
            "region",
            "error_type", "error_kind", "status_message", "provider", "request_model", "model_revision", "prompt_name",
            "prompt_version", "prompt_hash", "tenant", "user_id", "session_id", "task_id", "task_outcome", "feature",
            "purpose", "locale", "tool_name", "tool_call_id", "tool_arguments_hash", "tool_result_hash", "agent_name",
            "workflow", "release", "service_tier", "response_id", "dialect", "price_row", "energy_factors", "grid",
            "provider_region", "duplicate_of",
        ),
        *(
            Field(name, "text", sql=f"toString({name})", equal=f"{name} TEST")
            for name in ("kind", "status", "operation", "cost_status", "energy_source", "usage_role", "token_semantics")
        ),
        *_numbers(
            "tokens", "input_tokens", "cached_input_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens",
            "audio_input_tokens", "audio_output_tokens",
        ),
        *_numbers(
            "usd", "cost_usd", "client_cost_usd", "cost_input_usd", "cost_cached_usd", "cost_write_usd",
            "cost_output_usd",
        ),
        *_numbers("kwh", "energy_kwh", "energy_kwh_low", "energy_kwh_high"),
        *_numbers("g", "co2e_g"),
        *_numbers("ns", "duration_ns", "time_to_first_token_ns"),
        *_numbers("", "attempt", "temperature"),
        Field(
            "model", "text", sql="if(model_revision != '', model_revision, request_model)",
            equal="(model_revision TEST OR (model_revision = '' AND request_model TEST))",
        ),
        Field("duration", "number", "ns", "duration_ns"),
        Field("tokens", "number", "tokens", TOKENS),
        Field("started_at", "time"),
        Field("billable", "flag"),
        Field("root", "flag", sql="parent_span_id = '0000000000000000'"),
        Field("retrieved_ids", "texts"),
        Field("finish_reasons", "texts"),
        Field("flags", "texts"),
        Field("problems", "texts"),
        Field("retrieved_scores", "numbers"),
    )
}  # fmt: skip
"""By name."""


@cache
def columns_of_keys() -> Mapping[str, Field]:
    """OpenTelemetry attributes that have a column of their own, and so are not in the map: key to field."""
    columns = load().columns
    names = {"response_model": "model_revision"}
    found = {
        column.key: FIELDS[names.get(name, name)]
        for name, column in columns.items()
        if column.stored and column.key and names.get(name, name) in FIELDS
    }
    return found | {"service.name": FIELDS["service"]}
