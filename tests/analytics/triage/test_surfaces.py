"""Each surface, moved in real spans of a real engine: which is named first, since when, and down to which traces."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from analytics.triage.asked import Asked
from analytics.triage.cells import HERE, read
from analytics.triage.room import TriageRoom, asked_of_finding
from analytics.triage.signals import METRICS, SIGNALS, Surface
from spanledger import sql
from spanledger.engine import Engine
from spanledger.errors import BadRequest, NotFound
from spanledger.filters import BadFilter, filter_of
from spanledger.settings import Settings
from tests.analytics.triage.traffic import BREAK, END, Row, put

HOSTILE = "<script>x</script>\n\u202e" + "w" * 300


@pytest.fixture
def room(engine: Engine, settings: Settings) -> Iterator[TriageRoom]:
    engine.command("TRUNCATE TABLE spans SYNC")
    yield TriageRoom(engine, settings.model_copy(update={"query_max_seconds": 60}))
    engine.command("TRUNCATE TABLE spans SYNC")


def alias(trace: dict[str, Row], _random: Random) -> None:
    trace["call"] |= {"model_revision": HOSTILE, "cost_usd": 0.03}


def failing_alias(trace: dict[str, Row], random: Random) -> None:
    trace["call"] |= {"model_revision": "gpt-4o-new"}
    if random.random() < 0.5:
        trace["call"] |= {"status": "error", "error_type": "server_error"}


def prompt(trace: dict[str, Row], _random: Random) -> None:
    trace["call"] |= {"prompt_version": "8", "cached_input_tokens": 128}


def index(trace: dict[str, Row], random: Random) -> None:
    trace["retrieval"] |= {"retrieved_ids": [f"new-{random.randrange(9)}"] * 4, "retrieved_scores": [0.2] * 4}
    trace["call"] |= {"task_outcome": "failure" if random.random() < 0.5 else "success"}


def tool(trace: dict[str, Row], random: Random) -> None:
    if random.random() < 0.6:
        trace["tool"] |= {"status": "error", "error_type": "timeout", "duration_ns": 60_000_000_000}


def users(trace: dict[str, Row], _random: Random) -> None:
    for span in trace.values():
        span |= {"locale": "ja", "user_id": "u99"}
    trace["call"] |= {"user_characters": 900, "cost_usd": 0.025}


@pytest.mark.parametrize(
    ("fault", "metric", "surface", "signal"),
    [
        (alias, "cost", "model", "revision"),
        (failing_alias, "errors", "model", "revision"),
        (prompt, "missed", "prompt", "prompt_version"),
        (index, "failures", "retrieval", "scores"),
        (tool, "errors", "tools", "tool_errors"),
        (users, "cost", "users", "length"),
    ],
)
def test_the_surface_that_moved_is_named_first_with_date_and_traces(  # noqa: PLR0917  (a case's parts)
    room: TriageRoom, engine: Engine, fault: Any, metric: str, surface: str, signal: str
) -> None:
    put(engine, fault, task_outcome="success")
    put(engine, tenant="globex", task_outcome="success")
    found = room.window(BREAK + timedelta(minutes=50), END, 'tenant = "acme"', metric)
    assert found["suspect"] == surface
    first, *others = found["surfaces"]
    assert first["surface"] == surface
    assert first["power"] > 0.5
    evidence = first["evidence"][0]
    assert signal in {each["signal"] for each in first["evidence"]}
    assert SIGNALS[signal].behaviour or not SIGNALS[evidence["signal"]].behaviour, "causes before symptoms"
    assert abs(datetime.fromisoformat(evidence["at"]) - BREAK) <= timedelta(hours=1)
    assert abs(datetime.fromisoformat(found["metric"]["changed_at"]) - BREAK) <= timedelta(hours=1)
    assert evidence["p"] <= evidence["q"] < 0.01
    assert all(each["score"] < first["score"] for each in others)
    [[count]] = engine.rows(
        "SELECT uniqExact(trace_id) FROM spans WHERE trace_id IN {ids:Array(String)} "
        "AND started_at >= {at:DateTime64(3)}",
        {"ids": found["trace_ids"], "at": f"{BREAK - timedelta(hours=1):%Y-%m-%d %H:%M:%S}"},
    )
    assert count == len(found["trace_ids"]) == 3
    assert "\n" not in found["sentence"]
    assert "\u202e" not in str(found)


def test_nothing_moved_is_said_and_what_is_not_seen_is_not_nothing(room: TriageRoom, engine: Engine) -> None:
    def quiet(trace: dict[str, Row], _random: Random) -> None:
        del trace["tool"], trace["retrieval"]

    put(engine, quiet)
    engine.command("ALTER TABLE spans DELETE WHERE operation IN ('tool', 'retrieval')", {}, {"mutations_sync": 2})
    found = room.window(BREAK, END, "", "cost")
    states = {each["surface"]: each["state"] for each in found["surfaces"]}
    assert states == {
        "users": "still", "prompt": "still", "model": "still", "retrieval": "not_seen", "tools": "not_seen",
    }  # fmt: skip
    assert found["suspect"] is None
    assert "Nothing that moved explains it" in found["sentence"]
    assert "not ruled out: retrieval, tools" in found["sentence"]
    assert "service tier" in next(each for each in found["surfaces"] if each["surface"] == "model")["not_seen"]


def test_what_moved_without_a_part_in_the_break_is_no_suspect(room: TriageRoom, engine: Engine) -> None:
    """A release half a day before, and since then nothing was wrong; then a tool breaks."""

    def both(trace: dict[str, Row], random: Random) -> None:
        trace["call"]["prompt_version"] = "8"
        if trace["call"]["started_at"] >= f"{END - timedelta(hours=4):%Y-%m-%d %H:%M}":
            tool(trace, random)

    put(engine, both)
    found = room.window(END - timedelta(hours=4), END, "", "errors")
    assert found["suspect"] == "tools"
    released = next(each for each in found["surfaces"] if each["surface"] == "prompt")
    assert released["state"] == "moved", "it is dated all the same"
    assert released["power"] < 0.1
    found = room.window(END - timedelta(hours=4), END, "", "cost")
    assert found["suspect"] is None, "the cost did not change"


def test_a_customer_without_a_past_is_held_against_all_others(room: TriageRoom, engine: Engine) -> None:
    put(engine, tenant="globex")

    def loops(trace: dict[str, Row], _random: Random) -> None:
        trace["tool"] |= {"status": "error", "error_type": "away"}
        trace["call"] |= {"cost_usd": 2.0}

    put(engine, loops)
    engine.command(
        "ALTER TABLE spans DELETE WHERE tenant = 'acme' AND operation = 'tool' AND started_at < {at:DateTime64(3)}",
        {"at": f"{BREAK:%Y-%m-%d %H:%M:%S}"},
        {"mutations_sync": 2},
    )
    found = room.window(BREAK, END, filter_of({"tenant": "acme", "kind": "agent_loop"}), "cost")
    tools = next(each for each in found["surfaces"] if each["surface"] == "tools")
    errors = next(each for each in tools["evidence"] if each["signal"] == "tool_errors")
    assert errors["against_others"]
    assert {each["value"]: each["after"] for each in errors["values"]} == {"away": 1.0, "fine": 0.0}


def test_a_time_without_spans_and_questions_that_can_not_be_understood(room: TriageRoom) -> None:
    found = room.window(BREAK, END, "", "auto")
    assert (found["traces"], found["metric"], found["suspect"]) == (0, None, None)
    assert {each["state"] for each in found["surfaces"]} == {"not_seen"}
    assert "No trace" in found["sentence"]
    with pytest.raises(BadRequest, match="metric"):
        room.window(BREAK, END, "", "beauty")
    with pytest.raises(BadRequest, match="35 days"):
        room.window(BREAK - timedelta(days=90), END, "", "cost")
    with pytest.raises(BadFilter):
        room.window(BREAK, END, "tenant = ", "cost")
    with pytest.raises(NotFound):
        room.finding("0" * 16)


def test_of_many_traces_a_sample_is_read_and_says_the_same(
    room: TriageRoom, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(engine, alias)
    monkeypatch.setattr("analytics.triage.cells.MOST_TRACES", 500)
    found = room.window(BREAK, END, "", "cost")
    assert found["suspect"] == "model"
    assert found["sampled"] == pytest.approx(500 / found["traces"], rel=0.01)


def test_every_signal_of_the_statement_is_one_of_the_table_and_the_other_way_round(engine: Engine) -> None:
    statement = sql.read(HERE / "cells.sql")
    for name in SIGNALS:
        assert name == "volume" or f"('{name}'," in statement, name
    assert {signal.surface for signal in SIGNALS.values()} == set(Surface)
    cells = read(engine, Asked(BREAK, END), 60)
    assert all(len(each.amounts) == len(each.bases) == len(METRICS) for each in cells.histograms)


def test_a_finding_is_asked_about_its_subject_since_it_began() -> None:
    finding = {
        "job": "cache_hit_rate", "kind": "drop", "subject": {"tenant": 'a"b', "model": "gpt-4o", "error": "429"},
        "first_seen": "2026-11-01 10:00:00.000", "last_seen": "2026-11-19 10:00:00.000",
    }  # fmt: skip
    asked = asked_of_finding(finding)
    assert asked.filter == 'tenant = "a\\"b"', "a filter by model would hide what came before it"
    assert asked.metric == "missed"
    assert asked.until - asked.since == timedelta(days=2)
    assert asked_of_finding(finding | {"subject": {"model": "gpt-4o"}}).filter == 'model = "gpt-4o"'
