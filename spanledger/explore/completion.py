"""What can be written next in a filter: keys and values that spans of the range have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spanledger import sql
from spanledger.engine import Engine
from spanledger.explore.attributes import OF_RESOURCE
from spanledger.explore.question import Question
from spanledger.explore.sample import bounds
from spanledger.filters import FIELDS, attribute, compile_key
from spanledger.filters.fields import columns_of_keys

KEYS, VALUES = (Path(__file__).with_name(f"{name}.sql") for name in ("keys", "values"))
SAMPLED = 1_000_000
"""Spans that are looked at, of as many as the range has."""
MOST_KEYS = 1000
LONGEST = 1000
"""Characters of a value."""


def keys(engine: Engine, question: Question) -> list[dict[str, Any]]:
    """All fields, then the attributes that spans of the range have, the most frequent first: `name`, `kind` (text,
    number, time, flag, texts, numbers) and `unit`."""
    found = [{"name": field.name, "kind": field.kind, "unit": field.unit} for field in FIELDS.values()]
    sampled = bounds(engine, question.since, question.until, SAMPLED)
    for name, _ in engine.query_guarded(sql.read(KEYS), sampled | {"limit": MOST_KEYS}).rows:
        of, _, key = name.partition(".")
        if key not in (OF_RESOURCE if of == "resource" else columns_of_keys()):
            found.append({"name": attribute(key, of), "kind": "text", "unit": ""})
    return found


def values(engine: Engine, question: Question, key: str, part: str, most: int) -> list[dict[str, Any]]:
    """Values of a key that have `part` in them, whatever its case: `value`, and its `spans` in the sample.

    Raises BadFilter.
    """
    condition = compile_key(key)
    asked = {"part": part[:LONGEST], "limit": most, "longest": LONGEST}
    sampled = bounds(engine, question.since, question.until, SAMPLED)
    statement = sql.read(VALUES).replace("KEY", condition.sql)
    return engine.query_guarded(statement, {**condition.parameters, **sampled, **asked}).records()
