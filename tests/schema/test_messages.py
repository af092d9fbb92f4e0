"""Messages leave the span and are stored once; what the span keeps leads back to them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from spanledger import content
from spanledger.engine import Engine
from tests.schema import talk

TURNS = 4


@pytest.fixture(autouse=True)
def _empty(engine: Engine) -> Iterator[None]:
    _clear(engine)
    yield
    _clear(engine)


def _clear(engine: Engine) -> None:
    for table in ("spans", "messages"):
        engine.command(f"TRUNCATE TABLE {table} SYNC")


def _one(engine: Engine, **row: object) -> talk.Row:
    talk.put(engine, {"span_id": "a" * 16, **row})
    return talk.span(engine, "a" * 16)


def test_a_conversation_is_stored_once(engine: Engine) -> None:
    for row in talk.turns(TURNS):
        talk.put(engine, row)
    found = talk.stored(engine)
    texts = sorted((row["kind"], row["role"], row["text"]) for row in found.values())
    said = [("user", f"question {turn}") for turn in range(TURNS)] + [
        ("assistant", f"answer {turn}") for turn in range(TURNS)
    ]
    assert texts == sorted(
        [("message", role, json.dumps(talk.message(role, text), separators=(",", ":"))) for role, text in said]
        + [("tools", "", '[{"name": "search"}]'), ("system", "", "Be brief.")]
    )
    [[rows]] = engine.rows("SELECT count() FROM messages")
    assert rows == len(found)  # a resent message is not even written


def test_an_answer_is_the_same_message_in_the_next_turn(engine: Engine) -> None:
    talk.put(engine, *talk.turns(2))
    first, second = (talk.span(engine, f"{number:016x}") for number in (1, 2))
    assert second["message_hashes_hex"][:2] == first["message_hashes_hex"] + first["output_hashes_hex"]
    assert second["prefix_hashes"][:3] == first["prefix_hashes"]
    assert first["prompt_hash"] == second["prompt_hash"] != ""


def test_the_conversation_of_a_span_in_order(engine: Engine) -> None:
    talk.put(engine, *talk.turns(2, input_tokens=100))
    rows = content.conversation(engine, f"{7:032x}", f"{2:016x}")
    assert [(row[0], row[1], row[3]) for row in rows] == [
        ("tools", 0, ""), ("system", 0, ""), ("input", 1, "user"), ("input", 2, "assistant"), ("input", 3, "user"),
        ("output", 1, "assistant"),
    ]  # fmt: skip
    assert [json.loads(str(row[6]))["parts"][0]["content"] for row in rows[2:]] == [
        "question 0", "answer 0", "question 1", "answer 1",
    ]  # fmt: skip
    assert rows[1][6] == "Be brief."
    engine.command("TRUNCATE TABLE messages SYNC")
    assert [row[6] for row in content.conversation(engine, f"{7:032x}", f"{2:016x}")] == [None] * 6


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("", []),
        ("[]", []),
        (" [ ] ", []),
        ("What is the time?", ["What is the time?"]),
        ('{"role": "user"}', ['{"role": "user"}']),
        ('["a", {"b": [1, 2]}, null]', ['"a"', '{"b":[1,2]}', "null"]),
        ('[{"role": "user", "content": "cut he', ['[{"role": "user", "content": "cut he']),
        ('[{"role": "user"}] and more', ['[{"role": "user"}] and more']),
        ("[not json]", ["[not json]"]),
        ('[{"a": "gr\\u00fc\\u00df\\ud83d\\ude00"}]', ['{"a":"grüß😀"}']),
        ('[{"a": "half \\ud83d"}]', ['[{"a": "half \\ud83d"}]']),
    ],
)
@pytest.mark.parametrize("column", ["content_input", "content_output"])
def test_what_is_no_list_is_one_message(engine: Engine, column: str, text: str, blocks: list[str]) -> None:
    row = _one(engine, **{column: text})
    found = talk.stored(engine)
    hashes = row["message_hashes_hex" if column == "content_input" else "output_hashes_hex"]
    assert [found[value]["text"] for value in hashes] == blocks
    assert len(found) == len(blocks)


def test_white_space_between_json_tokens_does_not_count(engine: Engine) -> None:
    said = [talk.message("user", "hello  there")]
    talk.put(
        engine,
        {"span_id": "1" * 16, "content_input": json.dumps(said)},
        {"span_id": "2" * 16, "content_input": json.dumps(said, indent=2)},
    )
    assert talk.span(engine, "1" * 16)["message_hashes_hex"] == talk.span(engine, "2" * 16)["message_hashes_hex"]


def test_the_same_text_is_another_thing_in_another_place(engine: Engine) -> None:
    row = _one(engine, content_tools="x", content_system="x", content_input="x", content_output="x")
    assert row["message_hashes_hex"] == row["output_hashes_hex"]
    assert len({row["tools_hash_hex"], row["system_hash_hex"], *row["message_hashes_hex"]}) == 3
    assert sorted(row["kind"] for row in talk.stored(engine).values()) == ["message", "system", "tools"]


@pytest.mark.parametrize(("tokens", "offsets"), [(1000, [200, 400, 700]), (None, [5, 10, 17]), (0, [0, 0, 0])])
def test_offsets_are_tokens_before_a_message(engine: Engine, tokens: int | None, offsets: list[int]) -> None:
    texts = ["ü" * 18, "b" * 28, "c" * 28]  # and two quotes each
    row = _one(engine, content_tools="t" * 12, content_system="s" * 8, content_input=texts, input_tokens=tokens)
    assert row["message_offsets"] == offsets


def test_the_prompt_is_known_by_system_and_tools_else_by_its_name(engine: Engine) -> None:
    system = talk.message("system", "Be brief.")
    cases: dict[str, dict[str, Any]] = {
        "1": {"content_system": "a", "content_tools": "b"},
        "2": {"content_system": "a", "content_tools": "b", "prompt_name": "greeting", "content_input": "hello"},
        "3": {"content_system": "b", "content_tools": "a"},
        "4": {"content_input": [system, talk.message("user", "x")]},
        "5": {"content_input": [system, talk.message("user", "y")]},
        "6": {"prompt_name": "greeting", "prompt_version": "1"},
        "7": {"prompt_name": "greeting", "prompt_version": "1", "content_input": "hello"},
        "8": {"prompt_name": "greeting", "prompt_version": "2"},
        "9": {"prompt_hash": "feed", "prompt_name": "greeting"},
        "a": {"content_input": "hello"},
    }
    talk.put(engine, *({"span_id": name * 16, **row} for name, row in cases.items()))
    hashes = {name: talk.span(engine, name * 16)["prompt_hash"] for name in cases}
    assert hashes["1"] == hashes["2"] != hashes["3"]
    assert hashes["4"] == hashes["5"]
    assert hashes["6"] == hashes["7"] != hashes["8"]
    assert (hashes["9"], hashes["a"]) == ("feed", "")
    assert len(set(hashes.values())) == 7


def test_spans_without_content_have_no_hashes(engine: Engine) -> None:
    row = _one(engine, attributes={"k": "v"})
    assert [row[name] for name in ("tools_hash_hex", "system_hash_hex", "message_hashes_hex", "output_hashes_hex")] == [
        "", "", [], [],
    ]  # fmt: skip
    assert (row["attributes"], row["flags"], row["prompt_hash"]) == ({"k": "v"}, [], "")
    assert talk.stored(engine) == {}


def test_each_day_has_what_its_spans_refer_to(engine: Engine) -> None:
    talk.put(engine, *talk.turns(2, start=talk.NOON.replace(hour=23, minute=59)))
    days = engine.rows("SELECT day, count() FROM messages GROUP BY day ORDER BY day")
    assert days == [["2026-11-21", 4], ["2026-11-22", 6]]
    assert None not in [row[6] for row in content.conversation(engine, f"{7:032x}", f"{2:016x}")]


def _later(engine: Engine, **changed: object) -> list[object] | None:
    base = talk.turns(2, input_tokens=400)[1]
    talk.put(engine, base, base | {"span_id": "f" * 16} | changed)
    return content.first_difference(engine, (f"{7:032x}", f"{2:016x}"), (f"{7:032x}", "f" * 16))


HISTORY = talk.turns(3)[2]["content_input"]


@pytest.mark.parametrize(
    ("changed", "block", "position"),
    [
        ({"content_tools": "other"}, "tools", 0),
        ({"content_tools": "other", "content_system": "other"}, "tools", 0),
        ({"content_tools": ""}, "tools", 0),
        ({"content_system": "other"}, "system", 0),
        ({"content_input": [HISTORY[0], talk.message("user", "x"), HISTORY[2]]}, "message", 2),
        ({"content_input": [*HISTORY[:2], talk.message("user", "x")]}, "message", 3),
        ({"content_input": HISTORY}, "", 0),
        ({"content_input": HISTORY[:2]}, "", 0),
        ({}, "", 0),
    ],
)
def test_where_a_prefix_changed(engine: Engine, changed: dict[str, object], block: str, position: int) -> None:
    answer = _later(engine, **changed)
    assert answer is not None
    assert answer[:2] == [block, position]


def test_tokens_in_common(engine: Engine) -> None:
    answer = _later(engine, content_input=HISTORY)
    offsets = talk.span(engine, "f" * 16)["message_offsets"]
    assert answer == ["", 0, offsets[3]]
    assert 0 < offsets[0] < offsets[3] < 400


def test_a_span_that_is_not_there_differs_nowhere(engine: Engine) -> None:
    assert content.first_difference(engine, ("0" * 32, "1" * 16), ("0" * 32, "2" * 16)) is None
    assert content.conversation(engine, "0" * 32, "1" * 16) == []


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations(range(8)), cuts=st.sets(st.integers(1, 7)))
def test_any_order_and_batching_gives_the_same_rows(engine: Engine, order: list[int], cuts: set[int]) -> None:
    rows = [
        *talk.turns(5, start=talk.NOON.replace(hour=23, minute=57)),
        {"trace_id": "1" * 32, "span_id": "1" * 16, "content_system": "Be brief.", "started_at": talk.NOON},
        {"trace_id": "2" * 32, "span_id": "2" * 16, "started_at": talk.NOON + timedelta(hours=3)},
        {"trace_id": "3" * 32, "span_id": "3" * 16, "content_input": "[cut", "started_at": talk.NOON},
    ]

    def ledger() -> tuple[object, object]:
        spans = engine.rows(
            "SELECT span_id, tools_hash_hex, system_hash_hex, message_hashes_hex, message_offsets, output_hashes_hex,"
            " prompt_hash FROM spans ORDER BY span_id"
        )
        kept = engine.rows(
            "SELECT day, hash_hex, kind, role, size, text, first_seen FROM messages FINAL ORDER BY day, hash_hex"
        )
        return spans, kept

    _clear(engine)
    talk.put(engine, *rows)
    whole = ledger()
    _clear(engine)
    edges = [0, *sorted(cuts), len(rows)]
    for start, stop in pairwise(edges):
        talk.put(engine, *(rows[index] for index in order[start:stop]))
    assert ledger() == whole
