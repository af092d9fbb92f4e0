"""Content that is off, cut or masked: nothing of it is on the disk, and equal texts still have equal hashes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collector.signals import LOGS
from spanledger import content
from spanledger.content import check_patterns
from spanledger.engine import Engine
from spanledger.errors import BadSetting, QueryRefused
from spanledger.guard import check
from spanledger.settings import Settings, load
from spanledger.views import apply_views
from tests.schema import talk
from tests.schema.otlp import any_value, log_record, logs, read_events, store

KEY = "sk-proj-abcdefghijklmnop1234"
SECRETS = {
    "keys": [
        KEY,
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "AKIAIOSFODNN7EXAMPLE",
        "Bearer abcdef.ghijkl-mnopqr_stuvwx",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----",
        '{"api_key": "0123456789abcdef"}',
    ],
    "emails": ["jane.doe+test@mail.example.co.uk"],
    "cards": ["4111 1111 1111 1111", "5500-0000-0000-0004", "378282246310005"],
    "phones": ["+49 30 1234567", "(555) 123-4567", "+1-202-555-0143"],
}
HARMLESS = [
    "The task took 1790000000000000000 ns.",
    "trace 4bf92f3577b34da6a3ce929d0e0e4736",
    "3 + 4 = 7, at 12:30 on 2026-11-21",
    "a@b and @decorator",
    "the secret of a good skin-care routine",
    "1.234.567,89",
]


CHANGED: list[Settings] = []
"""What a test has had the views made of."""


@pytest.fixture(autouse=True)
def _as_before(engine: Engine, settings: Settings) -> Iterator[None]:
    for table in ("spans", "messages"):
        engine.command(f"TRUNCATE TABLE {table} SYNC")
    yield
    if CHANGED:
        list(apply_views(engine, settings))
        CHANGED.clear()


def _with(engine: Engine, settings: Settings, **changed: object) -> Settings:
    changed_settings = Settings.model_validate(settings.model_dump() | changed)
    CHANGED.append(changed_settings)
    list(apply_views(engine, changed_settings))
    return changed_settings


def _everything(engine: Engine) -> str:
    """All that is stored of spans and messages, as text."""
    spans = engine.rows("SELECT toString(tuple(*)) FROM spans")
    return json.dumps([spans, engine.rows("SELECT toString(tuple(*)) FROM messages")])


def _events(**attributes: str) -> str:
    return json.dumps([{"time": "2026-11-21 12:00:00.000000000", "name": "e", "attributes": attributes}])


def test_off_stores_no_text_and_still_tells_what_is_equal(engine: Engine, settings: Settings) -> None:
    _with(engine, settings, content="off")
    held_back = {
        "attributes": {
            "gen_ai.tool.call.arguments": '{"q": "Lummerland"}',
            "llm.input_messages.0.message.content": "Lummerland",
            "input.value": "Lummerland",
            "something.new": "Lummerland " * 100,
            "gen_ai.tool.name": "search",
            "ai.response.model": "gpt",
        },
        "events_json": _events(**{"gen_ai.prompt": "Lummerland", "attempt": "2"}),
    }
    said = {"content_input": ["Lummerland"], "content_system": "Lummerland", "content_output": "Lummerland"}
    talk.put(engine, *({"span_id": name * 16, **said, **held_back} for name in "12"))
    assert "Lummerland" not in _everything(engine)
    assert talk.stored(engine) == {}
    one, other = (talk.span(engine, name * 16) for name in "12")
    assert one["message_hashes_hex"] == other["message_hashes_hex"] != []
    assert one["message_offsets"] == [2]
    assert one["attributes"] == {"gen_ai.tool.name": "search", "ai.response.model": "gpt"}
    assert json.loads(one["events_json"]) == json.loads(_events(attempt="2"))


def test_a_guess_does_not_find_what_is_kept_back(engine: Engine, settings: Settings) -> None:
    said = {"content_input": ["yes"], "tool_arguments_hash": "feed", "prompt_hash": "beef", "content_output": "yes"}
    hashes = []
    for number, changed in enumerate(({}, {"content": "off"}, {"content_secret": "a"}, {"content_secret": "b"})):
        _with(engine, settings, **({"content": "off"} if number > 1 else {}), **changed)
        talk.put(engine, {"span_id": str(number) * 16, **said})
        row = talk.span(engine, str(number) * 16)
        hashes += [
            *row["message_hashes_hex"],
            *row["output_hashes_hex"],
            row["tool_arguments_hash"],
            row["prompt_hash"],
        ]
    assert len(set(hashes)) == 16
    assert {len(value) for value in hashes[4:]} == {32, 16}


PLACES: dict[str, Callable[[str], object]] = {
    "content_input": lambda text: [talk.message("user", text)],
    "content_system": str,
    "attributes": lambda text: {"app.note": text},
    "events_json": lambda text: _events(note=text),
    "status_message": str,
}


@pytest.mark.parametrize("kind", SECRETS)
def test_what_is_masked_is_not_stored(engine: Engine, settings: Settings, kind: str) -> None:
    _with(engine, settings, content_masks=(kind,))
    rows = [
        {place: make(f"{place} before {secret} after")} for place, make in PLACES.items() for secret in SECRETS[kind]
    ]
    talk.put(engine, *({"span_id": f"{number:016x}", **row} for number, row in enumerate(rows)))
    assert engine.rows("SELECT flags, count() FROM spans GROUP BY flags") == [[["content_masked"], len(rows)]]
    kept = _everything(engine)
    for place in PLACES:
        assert f"{place} before [masked:{kind}] after" in kept or kind == "keys", place
    for secret in SECRETS[kind]:
        words = [word for word in secret.replace('"', " ").split() if len(word) > 12]
        assert not [word for word in words if word in kept], secret


def test_what_is_harmless_stays(engine: Engine, settings: Settings) -> None:
    _with(engine, settings, content_masks=tuple(SECRETS))
    talk.put(engine, {"span_id": "1" * 16, "content_input": HARMLESS, "attributes": {"a": " ".join(HARMLESS)}})
    assert sorted(json.loads(row["text"]) for row in talk.stored(engine).values()) == sorted(HARMLESS)
    assert talk.span(engine, "1" * 16)["flags"] == []


def test_own_patterns(engine: Engine, settings: Settings) -> None:
    changed = _with(engine, settings, content_mask_patterns=(r"PAT-\d{4,6}", r"it's \\ \"x\" {{ 1 }}"))
    check_patterns(engine, changed)
    _with(engine, settings, content_mask_patterns=(r"PAT-\d{4,6}",))
    talk.put(engine, {"span_id": "1" * 16, "content_input": "patient PAT-12345, PAT-1"})
    assert [row["text"] for row in talk.stored(engine).values()] == ["patient [masked:own], PAT-1"]


@pytest.mark.parametrize("pattern", ["(", "(?=look)", r"(a)\1", "a*", "|x"])
def test_a_pattern_that_cannot_work_stops_the_start(engine: Engine, settings: Settings, pattern: str) -> None:
    with pytest.raises(BadSetting, match=r"SPANLEDGER_CONTENT_MASK_PATTERNS: the (engine|pattern)"):
        check_patterns(engine, settings.model_copy(update={"content_mask_patterns": (pattern,)}))


def test_a_mask_that_is_not_there_is_named() -> None:
    with pytest.raises(BadSetting, match="SPANLEDGER_CONTENT_MASKS"):
        load({"SPANLEDGER_CONTENT_MASKS": "keys,names"})


def test_long_messages_are_cut(engine: Engine, settings: Settings) -> None:
    _with(engine, settings, content_max_bytes=10)
    talk.put(engine, {"span_id": "1" * 16, "content_input": "ääääää", "content_system": "short"})
    kept = {row["kind"]: row for row in talk.stored(engine).values()}
    assert kept["message"]["text"] == "äääää"
    assert kept["system"]["text"] == "short"
    assert talk.span(engine, "1" * 16)["flags"] == ["content_cut"]
    talk.put(engine, {"span_id": "2" * 16, "content_input": "ääääää!"})
    first, second = (talk.span(engine, name * 16)["message_hashes_hex"] for name in "12")
    assert first != second  # hashes are of the whole text


def test_a_secret_on_the_cut_is_masked_first(engine: Engine, settings: Settings) -> None:
    _with(engine, settings, content_max_bytes=20, content_masks=("keys",))
    talk.put(engine, {"span_id": "1" * 16, "content_input": f"my key {KEY}"})
    assert [row["text"] for row in talk.stored(engine).values()] == ["my key [masked:keys]"]
    assert talk.span(engine, "1" * 16)["flags"] == ["content_cut", "content_masked"]


def test_the_key_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    settings = Settings.model_validate({"data_dir": tmp_path})
    assert content.rendering(settings).key == (0, 0)
    assert not (tmp_path / content.KEY_FILE).exists()
    off = settings.model_copy(update={"content": "off"})
    key = content.rendering(off).key
    assert key == content.rendering(off).key != (0, 0)
    assert (tmp_path / content.KEY_FILE).stat().st_mode & 0o777 == 0o600
    (tmp_path / content.KEY_FILE).write_text("")
    with pytest.raises(BadSetting, match="damaged"):
        content.rendering(off)


def test_a_server_needs_the_secret_from_the_settings() -> None:
    server = {"SPANLEDGER_CLICKHOUSE_URL": "http://h:8123/d", "SPANLEDGER_CONTENT": "off"}
    with pytest.raises(BadSetting, match="SPANLEDGER_CONTENT_SECRET is empty"):
        load(server)
    assert load(server | {"SPANLEDGER_CONTENT_SECRET": "s"}).content_keyed


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT create_table_query FROM system.tables",
        "SELECT as_select FROM system.tables",
        "SHOW CREATE TABLE hashed_from_recognised",
        "SELECT * FROM system.query_log",
        "SELECT * FROM file('content.key')",
    ],
)
def test_nobody_reads_the_key_over_the_api(engine: Engine, settings: Settings, sql: str) -> None:
    _with(engine, settings, content="off")
    with pytest.raises(QueryRefused):
        check(engine, sql)


def test_an_error_does_not_tell_the_key(engine: Engine, settings: Settings) -> None:
    changed = _with(engine, settings, content="off")
    first, second = content.rendering(changed).key
    [[view]] = engine.rows("SELECT create_table_query FROM system.tables WHERE name = 'hashed_from_recognised'")
    assert str(first) in str(view)
    with pytest.raises(Exception, match="sipHash128Keyed") as error:
        engine.rows(f"SELECT sipHash128Keyed((toUInt64({first}), toUInt64({second})), nothing) FROM spans")
    assert str(first) not in str(error.value)
    assert str(second) not in str(error.value)


def _event(engine: Engine, settings: Settings, **changed: object) -> list[Any]:
    _with(engine, settings, **changed)
    sent = log_record(
        {"gen_ai.input.messages": f"{KEY} Lummerland", "note": f"see {KEY}", "gen_ai.evaluation.explanation": KEY},
        event_name="gen_ai.client.inference.operation.details",
        body=any_value(f"Lummerland {KEY}"),
    )
    store(engine, LOGS, logs([sent], {"service.name": "s"}))
    (row,) = read_events(engine, [sent], "body, explanation, attributes")
    return list(row)


def test_events_of_logs_are_masked(engine: Engine, settings: Settings) -> None:
    assert _event(engine, settings, content_masks=("keys",)) == [
        "Lummerland [masked:keys]",
        "[masked:keys]",
        {"gen_ai.input.messages": "[masked:keys] Lummerland", "note": "see [masked:keys]"},
    ]


def test_events_of_logs_have_no_content_when_it_is_off(engine: Engine, settings: Settings) -> None:
    assert _event(engine, settings, content="off") == ["", "", {"note": f"see {KEY}"}]
    both = _event(engine, settings, content="off", content_masks=("keys",))
    assert both == ["", "", {"note": "see [masked:keys]"}]


def test_the_query_in_the_docs_runs(engine: Engine) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "content.md").read_text()
    sql = page.split("```sql\n")[1].split("```")[0]
    talk.put(engine, *talk.turns(2))
    values = {"trace_id": f"{7:032x}", "span_id": f"{2:016x}"}
    rows = engine.query_guarded(check(engine, sql, values), values).rows
    assert [(row[0], row[1]) for row in rows] == [(1, "user"), (2, "assistant"), (3, "user"), (4, "assistant")]
