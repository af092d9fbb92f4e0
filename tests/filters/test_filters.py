from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanledger.engine import Engine
from spanledger.filters import FIELDS, BadFilter, compile_filter, parse
from spanledger.guard import check

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RANGE = {"from": "2026-11-21 00:00:00.000", "to": "2026-11-22 00:00:00.000"}
ROOT = "0" * 16
SPANS: list[dict[str, Any]] = [
    {"trace_id": "a" * 32, "span_id": "1" * 16, "parent_span_id": ROOT, "name": "agent", "operation": "agent",
     "tenant": "acme", "duration_ns": 9_000_000_000},
    {"trace_id": "a" * 32, "span_id": "2" * 16, "parent_span_id": "1" * 16, "name": "chat", "operation": "chat",
     "tenant": "acme", "cost_usd": 0.7, "model_revision": "gpt-4o", "input_tokens": 100,
     "attributes": {"x.y": "green", "n": "12"}},
    {"trace_id": "a" * 32, "span_id": "3" * 16, "parent_span_id": "1" * 16, "name": "search", "operation": "tool",
     "tenant": "acme", "tool_name": "search", "status": "error", "error_type": "timeout"},
    {"trace_id": "a" * 32, "span_id": "4" * 16, "parent_span_id": "3" * 16, "name": "get", "tenant": "acme",
     "retrieved_ids": ["doc 1", "doc 2"], "retrieved_scores": [0.9, 0.2]},
    {"trace_id": "b" * 32, "span_id": "5" * 16, "parent_span_id": ROOT, "name": "chat", "operation": "chat",
     "tenant": "blue's", "cost_usd": 0.2, "request_model": "claude", "attributes": {"x.y": "red", "n": "7"}},
]  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _spans(engine: Engine) -> Iterator[None]:
    for place, span in enumerate(SPANS):
        row = {**span, "started_at": NOW + timedelta(seconds=place)}
        engine.insert("spans", list(row), [list(row.values())])
    yield
    engine.command("TRUNCATE TABLE spans SYNC")


def found(engine: Engine, text: str) -> str:
    """The first digits of the span ids that a filter finds, in order."""
    condition = compile_filter(text)
    within = "started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}"
    statement = f"SELECT span_id FROM spans WHERE {within} AND {condition.sql} ORDER BY span_id"
    values = {**condition.parameters, **RANGE}
    statement = check(engine, statement, values)
    return "".join(row[0][0] for row in engine.query_guarded(statement, values).rows)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "12345"),
        ('tenant = "acme"', "1234"),
        ("tenant = acme", "1234"),
        ("tenant != acme", "5"),
        ("tenant = 'blue\\'s'", "5"),
        ("tenant ~ '^ac'", "1234"),
        ("tenant !~ '^ac'", "5"),
        ("name contains HA", "25"),
        ("operation = chat", "25"),
        ("operation in (chat, tool)", "235"),
        ("operation not in (chat, tool)", "14"),
        ("cost_usd > 0.5", "2"),
        ("cost_usd <= 0.5", "5"),
        ("not cost_usd > 0.5", "1345"),
        ("cost_usd exists", "25"),
        ("not cost_usd exists", "134"),
        ("duration > 2s", "1"),
        ("duration_ns >= 9000ms", "1"),
        ("model = gpt-4o", "2"),
        ("model = claude", "5"),
        ("model in (gpt-4o, claude)", "25"),
        ('model = ""', "134"),
        ('model in ("", claude)', "1345"),
        ("status = error", "3"),
        ("status = broken", ""),
        ("status != broken", "12345"),
        ("status in (error, broken)", "3"),
        ("operation not in (chat, broken)", "134"),
        ('attributes["x.y"] = green', "2"),
        ("x.y = green", "2"),
        ('attributes["x.y"] ~ "e.$"', "25"),
        ('attributes["n"] > 9', "2"),
        ('attributes["n"] exists and not attributes["n"] = 12', "5"),
        ('attributes["gen_ai.request.model"] = claude', "5"),
        ("gen_ai.usage.input_tokens >= 100", "2"),
        ('retrieved_ids contains "doc 2"', "4"),
        ('retrieved_ids in ("doc 9", "doc 1")', "4"),
        ("retrieved_scores > 0.8", "4"),
        ("root", "15"),
        ("root = false", "234"),
        ('started_at >= "2026-11-21T12:00:03Z"', "45"),
        ("tenant = acme and (cost_usd > 0.5 or status = error)", "23"),
        ("tenant = acme and cost_usd > 0.5 or status = error", "23"),
        ("NOT (tenant = acme AND NOT root)", "15"),
        ("child(tool_name = search)", "1"),
        ("parent(tool_name = search and status = error)", "4"),
        ("sibling(tool_name = search)", "2"),
        ("sibling(operation = tool or operation = chat)", "23"),
        ("ancestor(operation = agent)", "234"),
        ("descendant(retrieved_ids exists)", "13"),
        ("trace(status = error) and operation = chat", "2"),
        ("root_span(name = agent) and not root", "234"),
        ("not child(name exists)", "245"),
        ("child(child(retrieved_ids exists))", "1"),
    ],
)
def test_what_a_filter_finds(engine: Engine, text: str, expected: str) -> None:
    assert found(engine, text) == expected


@pytest.mark.parametrize(
    ("text", "position", "suggestion", "says"),
    [
        ("tennant = acme", 0, "tenant", "no field"),
        ("tenant = acme and costusd > 1", 18, "cost_usd", "no field"),
        ("tenant acme", 7, "", "Expected =, !="),
        ("tenant = ", 9, "", "the filter ends"),
        ("tenant = acme adn cost_usd > 1", 14, "and", "Expected `and`"),
        ("chlid(tenant = a)", 0, "child", "no relation"),
        ("(tenant = a", 11, "", "Expected `)`"),
        ("cost_usd > much", 11, "", "is a number"),
        ("cost_usd > 3s", 11, "", "no time"),
        ("cost_usd ~ 3", 9, "", "is for texts"),
        ("started_at > yesterday", 13, "", "no time"),
        ("tenant ~ '('", 9, "", "regular expression"),
        ("tenant = 'open", 9, "", "not closed"),
        ("tenant = a ; drop", 11, "", "not understood"),
        ("retrieved_ids > 3", 14, "", "is a list"),
        ("root = maybe", 7, "", "true or false"),
        ("attributes = 1", 11, "", '["key"]'),
        ("(" * 30 + "root" + ")" * 30, 20, "", "nested"),
        ("x" * 5000, 4000, "", "at most 4,000"),
        (" or ".join(["root"] * 51), 400, "", "at most 50"),
    ],
)
def test_a_wrong_filter_says_where_and_what_was_meant(text: str, position: int, suggestion: str, says: str) -> None:
    with pytest.raises(BadFilter) as error:
        compile_filter(text)
    assert (error.value.position, error.value.suggestion) == (position, suggestion)
    assert says in str(error.value)


@pytest.mark.parametrize("field", sorted(FIELDS))
def test_every_field_is_a_column(engine: Engine, field: str) -> None:
    assert found(engine, f"{field} exists") is not None


@given(st.text(max_size=80))
def test_any_text_is_a_filter_or_says_why_not(text: str) -> None:
    try:
        parse(text)
    except BadFilter as error:
        assert 0 <= error.position <= len(text)


@given(st.text(min_size=1, max_size=40))
def test_a_value_stays_a_value(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    condition = compile_filter(f'tenant = "{quoted}"')
    assert condition.sql == "tenant = {filter_0:String}"
    assert condition.parameters == {"filter_0": text}


def test_a_filter_can_be_read_and_run_without_parameters(engine: Engine) -> None:
    condition = compile_filter("tenant = 'blue\\'s' and cost_usd < 1 and finish_reasons in (stop, length)")
    text = condition.inlined()
    assert text == "(tenant = 'blue\\'s' AND cost_usd < 1 AND hasAny(finish_reasons, ['stop', 'length']))"
    assert engine.rows(f"SELECT count() FROM spans WHERE {text}") == [[0]]
