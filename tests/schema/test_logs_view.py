"""Events: log records with their time, trace and body; evaluations with their score."""

from __future__ import annotations

import time
from typing import Any

import pytest

from collector.segment import pack_header
from collector.signals import LOGS
from spanledger.engine import Engine
from tests.schema.otlp import (
    DAY_NS,
    ZERO_SPAN,
    ZERO_TRACE,
    any_value,
    log_record,
    logs,
    plain,
    read_events,
    store,
    value_of,
)

EVALUATION: dict[str, Any] = {
    "gen_ai.evaluation.name": "relevance",
    "gen_ai.evaluation.score.value": 0.25,
    "gen_ai.evaluation.score.label": "poor",
    "gen_ai.evaluation.explanation": "It answers another question.",
    "gen_ai.response.id": "chatcmpl-1",
    "tenant.id": "acme",
    "user.id": "u1",
    "gen_ai.conversation.id": "c1",
}
RESOURCE = {"service.name": "judge", "deployment.environment.name": "production", "cloud.region": "eu-west-1"}


def stored(engine: Engine, record: Any, columns: str) -> list[Any]:
    (row,) = read_events(engine, [record], columns)
    return row


def test_an_evaluation_result(engine: Engine) -> None:
    now = time.time_ns()
    sent = log_record(
        EVALUATION | {"other": ["kept"]},
        event_name="gen_ai.evaluation.result",
        observed_time_unix_nano=now,
        severity_number=9,
        severity_text="INFO",
        body=any_value("text"),
        dropped_attributes_count=3,
    )
    store(engine, LOGS, logs([sent], RESOURCE))
    columns = {
        "trace_id": sent.trace_id.hex(),
        "toUnixTimestamp64Nano(time)": sent.time_unix_nano,
        "toUnixTimestamp64Nano(observed_at)": now,
        "event_name": "gen_ai.evaluation.result",
        "severity_number": 9,
        "severity_text": "INFO",
        "body": "text",
        "service": "judge",
        "environment": "production",
        "region": "eu-west-1",
        "tenant": "acme",
        "user_id": "u1",
        "session_id": "c1",
        "response_id": "chatcmpl-1",
        "evaluation_name": "relevance",
        "score_value": 0.25,
        "score_label": "poor",
        "explanation": "It answers another question.",
        "attributes": {"other": '["kept"]'},
        "resource_attributes": RESOURCE,
        "dropped_attributes": 3,
        "problems": [],
    }
    assert dict(zip(columns, stored(engine, sent, ", ".join(columns)), strict=True)) == columns


def test_a_bare_record(engine: Engine) -> None:
    sent = log_record(trace_id=b"", severity_number=0)
    store(engine, LOGS, logs([sent]))
    columns = "trace_id, event_name, body, score_value, severity_number, attributes, problems"
    assert stored(engine, sent, columns) == [ZERO_TRACE, "", "", None, 0, {}, []]


def test_bodies_of_every_kind(engine: Engine) -> None:
    bodies = ["", "ü🙂", "x" * 20_000, 0, -1, 1.5, True, False, b"\x00\xff", ["a", 1, None], list(range(5000)), None]
    records = [log_record({"k": body, "l": "last"}, body=any_value(body)) for body in bodies]
    store(engine, LOGS, logs(records))
    for body, (text, attributes) in zip(bodies, read_events(engine, records, "body, attributes"), strict=True):
        assert value_of(text, body) == plain(body)
        assert attributes == {"k": text, "l": "last"}


@pytest.mark.parametrize(
    ("field", "attribute", "name", "kept"),
    [
        ("a", "a", "a", {}),
        ("a", "b", "a", {"event.name": "b"}),
        ("", "b", "b", {}),
        ("a", None, "a", {}),
    ],
)
def test_event_name(engine: Engine, field: str, attribute: str | None, name: str, kept: dict[str, str]) -> None:
    sent = log_record({"event.name": attribute} if attribute else {}, event_name=field)
    store(engine, LOGS, logs([sent]))
    assert stored(engine, sent, "event_name, attributes") == [name, kept]


def test_scores(engine: Engine) -> None:
    scores = {0: 0, 1: 1, -0.5: -0.5, "0.75": 0.75, "0": 0, "": None}
    records = [log_record({"gen_ai.evaluation.score.value": score}) for score in scores]
    store(engine, LOGS, logs(records))
    assert read_events(engine, records, "score_value, problems") == [[found, []] for found in scores.values()]


def test_scores_that_are_no_numbers(engine: Engine) -> None:
    scores = [float("nan"), float("inf"), "good", True]
    records = [log_record(EVALUATION | {"gen_ai.evaluation.score.value": score}) for score in scores]
    store(engine, LOGS, logs(records))
    rows = read_events(engine, records, "score_value, problems, attributes")
    for score, (value, problems, attributes) in zip(scores, rows, strict=True):
        assert (value, problems) == (None, ["score_value"])
        assert set(EVALUATION) < set(attributes)
        assert value_of(attributes["gen_ai.evaluation.score.value"], score) == plain(score)


HOUR_NS = 3600 * 10**9


@pytest.mark.parametrize(
    ("own", "observed", "found", "problems"),
    [
        (-HOUR_NS, -1, -HOUR_NS, []),
        (0, -HOUR_NS, -HOUR_NS, []),
        (1, -HOUR_NS, -HOUR_NS, ["time"]),
        (2**64 - 1, -HOUR_NS, -HOUR_NS, ["time"]),
        (0, 0, 0, ["time"]),
        (5, 7, 0, ["time", "observed_at"]),
        (-HOUR_NS, 2**63, -HOUR_NS, ["observed_at"]),
        (-HOUR_NS, 0, -HOUR_NS, []),
    ],
)
def test_times(engine: Engine, own: int, observed: int, found: int, problems: list[str]) -> None:
    """Negative numbers here are before the time of acceptance; what is missing or out of range gives way."""
    accepted = time.time_ns() - 3 * DAY_NS
    own_ns, observed_ns = (accepted + ns if ns < 0 else ns for ns in (own, observed))
    sent = log_record({"k": "v"}, time_unix_nano=own_ns, observed_time_unix_nano=observed_ns)
    body = logs([sent])
    store(engine, LOGS, pack_header(len(body), 1, accepted, b"d" * 16) + body)
    time_found, problems_found, attributes = stored(engine, sent, "toUnixTimestamp64Nano(time), problems, attributes")
    assert (time_found, problems_found) == (accepted + found, problems)
    if problems:
        assert attributes["spanledger.raw.time_unix_nano"] == str(own_ns)
        assert attributes["spanledger.raw.observed_time_unix_nano"] == str(observed_ns)
    else:
        assert attributes == {"k": "v"}


@pytest.mark.parametrize(
    ("fields", "problem", "columns", "raw"),
    [
        ({"trace_id": b"123"}, "trace_id", {"trace_id": ZERO_TRACE}, {"trace_id": "313233"}),
        ({"span_id": b"1" * 9}, "span_id", {"span_id": ZERO_SPAN}, {"span_id": "31" * 9}),
        ({"severity_number": 25}, "severity_number", {"severity_number": 0}, {"severity_number": "25"}),
        ({"severity_number": -1}, "severity_number", {"severity_number": 0}, {"severity_number": str(2**64 - 1)}),
    ],
)
def test_what_is_wrong_with_a_record(
    engine: Engine, fields: dict[str, Any], problem: str, columns: dict[str, Any], raw: dict[str, str]
) -> None:
    marker = str(time.time_ns())
    sent, beside = log_record({"user.id": marker}, **fields), log_record({"user.id": marker})
    store(engine, LOGS, logs([sent, beside]))
    found = engine.rows(
        f"SELECT problems, attributes, {', '.join(columns)} FROM events"
        " WHERE user_id = {marker:String} ORDER BY problem_bits DESC",
        {"marker": marker},
    )
    assert [row[0] for row in found] == [[problem], []]
    assert found[0][2:] == list(columns.values())
    assert {key: found[0][1][f"spanledger.raw.{key}"] for key in raw} == raw
    assert found[0][1]["user.id"] == marker
    assert found[1][1] == {}


def test_a_mended_record_says_so(engine: Engine) -> None:
    sent = log_record({"spanledger.problem": "utf8", "user.id": "u"})
    store(engine, LOGS, logs([sent]))
    problems, attributes = stored(engine, sent, "problems, attributes['user.id']")
    assert (problems, attributes) == (["utf8"], "u")


def test_resource_tenant_and_customer(engine: Engine) -> None:
    own, customer, none = log_record({"tenant.id": "own"}), log_record({"customer.id": "cust"}), log_record()
    store(engine, LOGS, logs([own, customer, none], {"tenant.id": "res"}))
    assert read_events(engine, [own, customer, none], "tenant") == [["own"], ["cust"], ["res"]]
