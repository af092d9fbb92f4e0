"""Which attributes of a span are compared, and how their values read. Ids say nothing; numbers count by size."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from spanledger.filters import FIELDS, attribute, equals
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
EXACT = 10_000
"""Up to this, an edge of a bin is written as it is."""
OF_RESOURCE = frozenset(
    {"service.name", "deployment.environment.name", "deployment.environment", "cloud.region", "tenant.id"}
)
"""Attributes of a resource that have a column."""


@dataclass(frozen=True)
class Name:
    """An attribute that is compared."""

    text: str
    """As filters have it."""
    sized: bool = False
    """Its values are exponents of two."""

    def words(self, value: str) -> str:
        """A value for people."""
        if not self.sized:
            return value
        low, high = 2.0 ** int(value), 2.0 ** (int(value) + 1)
        return f"{_short(low, self.text)} to {_short(high, self.text)}"

    def filter(self, value: str) -> str:
        """The condition whose spans have it."""
        if not self.sized:
            return equals(self.text, value)
        low, high = 2.0 ** int(value), 2.0 ** (int(value) + 1)
        return f"{self.text} >= {low:.12g} and {self.text} < {high:.12g}"


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
        return Name(key, sized=key in SIZES)
    if kind == "resource":
        return None if rest in OF_RESOURCE else Name(attribute(rest, "resource"))
    return None if rest in columns_of_keys() else Name(attribute(rest))


def _short(amount: float, name: str) -> str:
    if name in ("duration", "time_to_first_token_ns"):
        for size, unit in ((1e9, "s"), (1e6, "ms"), (1e3, "µs")):
            if amount >= size:
                return f"{amount / size:.3g} {unit}"
        return f"{amount:.3g} ns"
    prefix = "$" if name == "cost_usd" else ""
    unit = " kWh" if name == "energy_kwh" else ""
    return f"{prefix}{amount:,.0f}{unit}" if 1 <= amount < EXACT else f"{prefix}{amount:.3g}{unit}"
