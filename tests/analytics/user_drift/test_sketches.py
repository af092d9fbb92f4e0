"""What an insert keeps of what a user newly said: a length and a sketch, of the text as it is kept."""

from __future__ import annotations

import json
from collections.abc import Iterator

import polars as pl
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as tried
from hypothesis import strategies as st

from analytics.user_drift.layers import sketched
from spanledger.engine import Engine
from spanledger.settings import Settings
from spanledger.views import apply_views
from tests.schema import talk

SAID = talk.message("user", "Please change my billing address")


@pytest.fixture(autouse=True)
def _as_before(engine: Engine, settings: Settings) -> Iterator[None]:
    yield
    list(apply_views(engine, settings))


def sketches(engine: Engine, *inputs: object) -> list[tuple[int, set[int]]]:
    """(characters, bits of the sketch) of a call with each of these inputs."""
    engine.command("TRUNCATE TABLE spans SYNC")
    rows = [
        {"span_id": f"{number:016x}", "content_input": text if isinstance(text, str) else json.dumps(text)}
        for number, text in enumerate(inputs)
    ]
    talk.put(engine, *rows)
    found = engine.rows("SELECT user_characters, toString(user_sketch) FROM spans ORDER BY span_id")
    return [(count, {bit for bit in range(248) if int(sketch) >> bit & 1}) for count, sketch in found]


def test_a_sketch_has_a_bit_for_each_word_and_pair(engine: Engine) -> None:
    [(characters, one), (_, same), (_, more), (_, other)] = sketches(
        engine,
        [SAID],
        [talk.message("user", "please CHANGE my billing address!")],
        [talk.message("user", "Please change my billing address today")],
        [talk.message("user", "Why does python raise an import error")],
    )
    assert characters == len(json.dumps(SAID, separators=(",", ":")))
    assert one == same
    assert one < more
    assert len(more - one) <= 2  # the word and its pair
    assert len(one & other) < len(one) / 1.5  # they share the names of the message's members


@pytest.mark.parametrize(
    ("role_last", "begins"),
    [
        (talk.message("user", "hello"), True),
        ({"content": "hello", "role": "user"}, True),
        ({"role": "human", "content": "hello"}, True),
        (talk.message("assistant", "hello"), False),
        ({"role": "tool", "parts": [{"type": "tool_call_response", "id": "1", "response": "hello"}]}, False),
        ({"role": "user", "content": [{"type": "tool_result", "content": "hello"}]}, False),
    ],
    ids=["user", "role last", "human", "assistant", "tool", "result as user"],
)
def test_only_a_users_last_message_begins_a_turn(engine: Engine, role_last: object, begins: bool) -> None:
    [(characters, bits)] = sketches(engine, [SAID, role_last])
    assert (characters > 0, bool(bits)) == (begins, begins)


def test_plain_text_is_what_the_user_said(engine: Engine) -> None:
    [(characters, bits), nothing] = sketches(engine, "Please change my billing address", "")
    assert characters == 32
    assert len(bits) == 9
    assert nothing == (0, set())


def test_scripts_without_spaces_have_pairs_of_characters(engine: Engine) -> None:
    texts = ("請求書の住所を変更したい", "請求書の住所を変更する方法")
    [(_, one), (_, other), (_, empty)] = sketches(engine, *([talk.message("user", text)] for text in (*texts, "")))
    assert len((one & other) - empty) >= 8  # most of both sentences is the same


@pytest.mark.parametrize(
    ("changed", "made"),
    [
        ({"content": "off"}, False),
        ({"content": "off", "drift_sketches": "always"}, True),
        ({"drift_sketches": "off"}, False),
        ({"content_max_bytes": 40}, True),
    ],
)
def test_settings_keep_sketches_back(
    engine: Engine, settings: Settings, changed: dict[str, object], made: bool
) -> None:
    [(_, plain)] = sketches(engine, [SAID])
    list(apply_views(engine, Settings.model_validate(settings.model_dump() | changed)))
    [(characters, kept)] = sketches(engine, [SAID])
    assert characters > 0
    assert bool(kept) is made
    assert kept != plain  # nobody can compute it without the key


def test_what_is_masked_is_not_in_the_sketch(engine: Engine, settings: Settings) -> None:
    list(apply_views(engine, Settings.model_validate(settings.model_dump() | {"content_masks": ("emails",)})))
    asked = ("ask jane@example.com", "ask bob@example.org", "ask nobody")
    [(_, one), (_, other), (_, third)] = sketches(engine, *([talk.message("user", text)] for text in asked))
    assert one == other != third


@given(
    st.lists(st.text(max_size=300) | st.sampled_from(['{"role":"user"', "[[[", "\0", "\\n", "漢" * 3000]), max_size=6)
)
@tried(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_has_a_sketch_of_bounded_work(engine: Engine, texts: list[str]) -> None:
    for _, bits in sketches(engine, *([talk.message("user", text)] for text in texts), *texts):
        assert len(bits) <= 2 * 48


def test_sketches_by_another_key_are_not_compared(engine: Engine, settings: Settings) -> None:
    sketches(engine, [SAID])
    list(apply_views(engine, Settings.model_validate(settings.model_dump() | {"content_masks": ("emails",)})))
    talk.put(engine, {"span_id": "f" * 16, "content_input": json.dumps([SAID])})
    rows = engine.rows("SELECT hex(user_sketch) FROM spans ORDER BY span_id")
    frame = pl.DataFrame({"sketch": [text for (text,) in rows]})
    assert sketched(frame).tolist() == [False, True]
    assert sketched(frame[:1]).tolist() == [True]
    assert sketched(pl.DataFrame({"sketch": ["00"]})).tolist() == [False]
