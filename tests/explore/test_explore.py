"""The explorer's questions over HTTP: what is counted, what is told as different, and that all of it leads to spans."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from spanledger.engine import Engine
from spanledger.errors import LimitExceeded
from spanledger.explore import MEASURES, Box, both, difference, sizes
from spanledger.explore.heat import MOST_ROWS, ZERO, joined
from tests.explore.conftest import EACH, HOURS

RANGE = {"from": "2026-11-20", "to": "2026-11-21"}
NOON = {"box_from": "2026-11-20T12:00Z", "box_to": "2026-11-20T14:00Z"}
SLOW = {**NOON, "low": "2s"}
SNAPSHOTS = Path(__file__).with_name("snapshots")
CALLS = HOURS * EACH
pytestmark = pytest.mark.usefixtures("day")


def ask(client: TestClient, what: str, **asked: str | int) -> Any:
    answer = client.get(f"/api/v1/explore/{what}", params={**RANGE, **asked})
    assert answer.status_code == 200, answer.text
    return answer.json()


def counted(client: TestClient, *filters: str) -> int:
    return int(ask(client, "groups", filter=both(*filters))["all"]["spans"])


def test_a_heat_map_has_every_span_once(client: TestClient) -> None:
    heat = ask(client, "heat")
    assert (heat["step"], heat["spans"], heat["unknown"]) == (15 * 60_000, 2 * CALLS, HOURS)
    assert sum(cell[2] for cell in heat["cells"]) == 2 * CALLS - HOURS
    assert sum(cell[3] for cell in heat["cells"]) == HOURS
    slow = [cell for cell in heat["cells"] if heat["edges"][cell[1]] >= 5e9]
    assert {cell[0] // 4 for cell in slow} == {12, 13}
    assert sum(cell[2] for cell in slow) == 20


@pytest.mark.parametrize("measure", MEASURES)
def test_a_region_of_the_map_holds_the_spans_of_its_cells(client: TestClient, measure: str) -> None:
    heat = ask(client, "heat", measure=measure)
    rows = len(heat["edges"]) - 1
    for low, high, left, right in ((0, rows // 2, 0, 40), (rows // 2, rows - 1, 41, 95), (rows - 1, rows - 1, 0, 95)):
        inside = [c for c in heat["cells"] if low <= c[1] <= high and left <= c[0] <= right]
        at = [heat["start"] + place * heat["step"] for place in (left, right + 1)]
        moments = [f"2026-11-20T{(ms - heat['start']) // 3_600_000:02}:{ms // 60_000 % 60:02}Z" for ms in at]
        moments[1] = "2026-11-21T00:00Z" if right == 95 else moments[1]
        unit = "ns" if measure == "duration" else ""
        box = {"low": f"{heat['edges'][low]:.9g}{unit}", "high": f"{heat['edges'][high + 1]:.9g}{unit}"}
        found = ask(client, "groups", measure=measure, box_from=moments[0], box_to=moments[1], **box)
        assert found["all"]["spans"] == sum(c[2] for c in inside)


LEVELS = st.one_of(st.just(ZERO), st.integers(-200, 300))


@given(st.dictionaries(st.tuples(st.integers(0, 119), LEVELS), st.integers(1, 50), min_size=1, max_size=60))
def test_levels_are_joined_without_losing_a_span(spans: dict[tuple[int, int], int]) -> None:
    edges, cells = joined([(place, level, many, 0) for (place, level), many in spans.items()])
    assert sum(cell[2] for cell in cells) == sum(spans.values())
    assert edges == sorted(edges)
    assert len(edges) - 1 <= MOST_ROWS
    for place, level in spans:
        row = -1 if level == ZERO else max(r for r, edge in enumerate(edges) if edge <= 10 ** (level / 20) * (1 + 1e-6))
        assert any((each[0], each[1]) == (place, row) for each in cells)


def test_groups_come_by_cost_and_say_what_is_unpriced(client: TestClient) -> None:
    found = ask(client, "groups")
    assert [group["value"] for group in found["groups"]] == ["coral", "blue", "acme"]
    assert (found["all"]["spans"], found["all"]["calls"], found["all"]["failed"]) == (2 * CALLS, CALLS, HOURS)
    coral, blue, acme = found["groups"]
    assert blue["unpriced"] == HOURS
    assert acme["cost_usd"] == pytest.approx(0.01 * 20 * HOURS)
    assert coral["tokens"] == sum(110 + place for place in range(2, EACH, 3)) * HOURS
    assert found["all"]["p95_ns"] == pytest.approx(255e6, rel=0.02)


@pytest.mark.parametrize(
    "by",
    ["tenant", "model", "service", "status", "billable", "root", "input_tokens", "tool_name", "release", "duration",
     'attributes["ring"]', "seed.none", 'resource["host.name"]', "gen_ai.request.model",
     "tenant, model", 'status, attributes["ring"],tool_name'],
)  # fmt: skip
def test_the_filter_of_a_group_finds_its_spans(client: TestClient, by: str) -> None:
    found = ask(client, "groups", by=by)
    assert sum(group["spans"] for group in found["groups"]) == 2 * CALLS or found["more"]
    for group in found["groups"][:3] + found["groups"][-1:]:
        assert counted(client, group["filter"]) == group["spans"]


def test_several_keys_have_a_value_each(client: TestClient) -> None:
    found = ask(client, "groups", by='attributes["team"], operation', filter="billable")
    assert found["keys"] == ['attributes["team"]', "operation"]
    assert [group["values"] for group in found["groups"]] == [["coral", "chat"], ["blue", "chat"], ["acme", "chat"]]
    assert found["groups"][0]["value"] == "coral · chat"
    assert found["groups"][0]["p50_ns"] is not None
    lines = client.get("/explore.csv", params={**RANGE, "by": "tenant, release"}).text.splitlines()
    assert lines[0].startswith("tenant,release,spans,")
    assert lines[1].startswith("coral,,")
    page = client.get("/explore", params={**RANGE, "by": "tenant, release"}).text
    assert '<td colspan="2">All</td>' in page


@pytest.mark.parametrize(
    ("condition", "late"),
    [
        ("duration > 100us", True),
        ("tenant = acme or tenant != acme", True),
        ("duration > 5s", False),
        ("tenant = nobody", False),
        ("parent(operation = chat) or operation = chat", False),  # asking twice would cost more than it gives
        ("", False),
    ],
)
def test_a_filter_that_most_spans_pass_is_asked_late_and_finds_the_same(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, condition: str, late: bool
) -> None:
    before = ask(client, "groups", by='attributes["team"]', filter=condition)
    assert "PREWHERE" not in before["sql"]  # in a small range it does not matter
    monkeypatch.setattr(import_module("spanledger.explore.groups"), "FEW_SPANS", 0)
    found = ask(client, "groups", by='attributes["team"]', filter=condition)
    assert ("PREWHERE" in found["sql"]) == late
    assert {**found, "sql": ""} == {**before, "sql": ""}


def test_a_sum_that_nobody_reported_is_unknown(client: TestClient) -> None:
    [tools] = ask(client, "groups", filter="operation = tool", by="operation")["groups"]
    assert (tools["cost_usd"], tools["tokens"], tools["energy_kwh"]) == (None, None, None)
    assert ask(client, "groups", filter="tenant = nobody")["all"]["spans"] == 0


def test_what_is_different_about_slow_calls(client: TestClient) -> None:
    found = ask(client, "difference", filter="operation = chat", **SLOW)
    assert (found["selected"], found["others"]) == (20, CALLS - 20)
    told = {each["name"]: each for each in found["attributes"] if each["surprising"]}
    assert {"tenant", 'attributes["ring"]'} <= told.keys()
    assert "duration" not in told
    assert told["tenant"]["same"] == ["feature", 'attributes["team"]']
    assert 'attributes["seed"]' not in told, "a value of its own for each span says nothing"
    share = told["tenant"]["shares"][0]
    assert (share["value"], share["selected"]) == ("acme", 1.0)
    assert share["others"] == pytest.approx(460 / (CALLS - 20))
    for each in found["attributes"]:
        for share in each["shares"]:
            if share["filter"]:
                inside = counted(client, "operation = chat", share["filter"], Box(low=2e9).filter(MEASURES["duration"]))
                assert inside == pytest.approx(share["selected"] * 20)


def test_numbers_of_attributes_are_compared_by_size(client: TestClient) -> None:
    found = ask(client, "difference", filter="operation = chat", **SLOW)
    told = {each["name"]: each for each in found["attributes"]}
    for name, words in (("queue_ms", "724 to 1,024"), ("balance", "-1,024 to -512")):
        attribute = told[f'attributes["{name}"]']
        assert attribute["surprising"] and attribute["sized"] and attribute["divergence"] > 0.6
        share, *_ = attribute["shares"]
        assert (share["words"], share["selected"], share["others"]) == (words, 1, 0)
    assert not told['attributes["dice"]']["sized"], "four numbers are values"


def test_the_filter_of_a_bin_finds_its_spans(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(difference, "SHOWN", 100)
    chosen = 'trace(attributes["balance"] <= 0)'
    found = ask(client, "difference", filter="operation = chat", select=chosen)
    [balance] = [each for each in found["attributes"] if each["name"] == 'attributes["balance"]']
    assert balance["sized"]
    bins = {share["words"]: share for share in balance["shares"]}
    assert {"0", "no number", "4 to 16", "-16 to -4"} <= bins.keys()
    assert sum(share["selected"] for share in balance["shares"]) == pytest.approx(1)
    for share in bins.values():
        if share["filter"]:
            assert counted(client, share["filter"], chosen) == pytest.approx(share["selected"] * found["selected"])
            assert counted(client, share["filter"]) == pytest.approx(
                share["selected"] * found["selected"] + share["others"] * found["others"]
            )


def test_a_few_large_numbers_do_not_make_all_bins_wide() -> None:
    steps = [(str(place), 10, 20) for place in range(-7, 1)]
    assert sizes.joined("score", steps, 100)[0].octaves == 1 / 8
    assert sizes.joined("score", [*steps, ("400", 1, 1), ("n400", 1, 1)], 100)[0].octaves == 1 / 8
    assert sizes.joined("score", steps, 4)[0].octaves == 1 / 2, "bins that few traces fill"
    assert sizes.joined("score", steps, 0.2)[0].octaves == 1
    name, bins = sizes.joined("wide", [(str(place), 1, 1) for place in range(-800, 800)], 100)
    assert (name.octaves, len(bins), sum(each[1] for each in bins)) == (32, 8, 1600)


@pytest.mark.parametrize("number", range(4))
def test_a_selection_by_chance_is_like_the_rest(client: TestClient, number: int) -> None:
    found = ask(client, "difference", filter="operation = chat", select=f'attributes["dice"] = {number}')
    assert 300 < found["selected"] < 420
    assert [each["name"] for each in found["attributes"] if each["surprising"]] == []


def test_calls_are_compared_with_calls(client: TestClient) -> None:
    found = ask(client, "difference", measure="cost", low="0.025")
    assert found["selected"] + found["others"] == CALLS
    assert not {"operation", "cost_usd"} & {each["name"] for each in found["attributes"] if each["surprising"]}


def test_what_the_selection_names_is_not_told(client: TestClient) -> None:
    found = ask(client, "difference", select='tenant = acme and attributes["ring"] = canary')
    assert not {"tenant", 'attributes["ring"]'} & {each["name"] for each in found["attributes"]}


def test_copies_of_an_attribute_are_told_once(client: TestClient) -> None:
    found = ask(client, "difference", filter="operation = chat", select="tenant = acme")
    assert (found["attributes"][0]["name"], found["attributes"][0]["same"]) == ("feature", ['attributes["team"]'])


def test_a_sample_tells_the_same(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"filter": "operation = chat", "select": "tenant = acme"}
    whole = ask(client, "difference", **asked)
    monkeypatch.setattr(difference, "MOST_LOOKED_AT", 200)
    part = ask(client, "difference", **asked)
    assert part["selected"] == whole["selected"]
    assert 300 < sum(part[name] for name in ("looked_at", "others_looked_at")) < CALLS
    top = [[each["name"] for each in found["attributes"] if each["surprising"]][:1] for found in (whole, part)]
    assert top == [["feature"], ["feature"]]


def test_values_that_were_not_listed_are_not_called_none(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(difference, "MOST_VALUES", 12)
    found = ask(client, "difference", select="tenant = acme")
    words = {share["words"] for each in found["attributes"] for share in each["shares"]}
    assert "other or none" in words
    assert "none" not in words


def test_a_comparison_that_meets_a_limit_leaves_the_rest_of_the_page(
    client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = engine.query_guarded

    def bounded(sql: str, parameters: Any = None) -> Any:
        if "JSONExtractKeysAndValues" in sql:
            raise LimitExceeded("Memory limit exceeded <b>", 241)
        return asked(sql, parameters)

    monkeypatch.setattr(engine, "query_guarded", bounded)
    page = client.get("/explore", params={**RANGE, "select": "tenant = acme"})
    assert page.status_code == 200
    assert "met a limit" in page.text
    assert "Memory limit exceeded &lt;b&gt;" in page.text
    assert "coral" in client.get("/explore", params={**RANGE, "select": "tenant = coral"}).text


@pytest.mark.parametrize(
    ("what", "asked", "says"),
    [
        ("heat", {"filter": "tennant = a"}, "Did you mean tenant?"),
        ("heat", {"from": "2026-11-22"}, "must end after it begins"),
        ("groups", {"by": "tennant"}, "Did you mean tenant?"),
        ("groups", {"by": "model, tennant"}, "at character 8). Did you mean tenant?"),
        ("groups", {"by": "tenant, model, status, kind"}, "at most 3 keys"),
        ("groups", {"by": "retrieved_ids"}, "is a list"),
        ("groups", {"by": "tenant = a"}, "Expected `and`"),
        ("groups", {"by": "tenant exists or name"}, "Expected one key"),
        ("groups", {"low": "2 parsecs"}, "write a number"),
        ("groups", {"box_from": "noon"}, "is no time"),
        ("difference", {}, "Select something"),
        ("difference", {"select": "status"}, "Expected"),
        ("values", {"key": "nothing"}, "no field"),
    ],
)
def test_what_can_not_be_understood_is_said(client: TestClient, what: str, asked: dict[str, str], says: str) -> None:
    answer = client.get(f"/api/v1/explore/{what}", params={**RANGE, **asked})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert says in answer.json()["detail"]


def test_keys_and_values_for_completion(client: TestClient) -> None:
    keys = {key["name"]: key["kind"] for key in ask(client, "keys")["keys"]}
    assert keys["tenant"] == "text"
    assert keys["duration"] == "number"
    assert {'attributes["ring"]', 'resource["host.name"]'} <= keys.keys()
    assert 'resource["service.name"]' not in keys, "it is the field service"
    assert [each["value"] for each in ask(client, "values", key="tenant", part="A")["values"]] == ["acme", "coral"]
    assert ask(client, "values", key='resource["host.name"]')["values"][0]["spans"] == CALLS // 2
    assert len(ask(client, "values", key='attributes["seed"]', limit=5)["values"]) == 5


@pytest.fixture
def shown() -> Iterator[dict[str, str]]:
    """The SQL that answers show, by the name of its file."""
    found: dict[str, str] = {}
    yield found
    for name, text in found.items():
        path = SNAPSHOTS / f"{name}.sql"
        if os.environ.get("REGENERATE"):
            SNAPSHOTS.mkdir(exist_ok=True)
            path.write_text(text)
        assert path.read_text() == text, "REGENERATE=1 pytest tests/explore, and read what changed"


def test_the_sql_of_an_answer_can_be_read_and_run(client: TestClient, engine: Engine, shown: dict[str, str]) -> None:
    asked = {"filter": 'tenant = "acme" and child(tool_name = search)', "measure": "cost", "low": "0.005"}
    shown["heat"] = ask(client, "heat", **asked)["sql"]
    shown["groups"] = ask(client, "groups", by="model", **asked)["sql"]
    shown["difference"] = ask(client, "difference", **asked)["sql"]
    bounds = {"from": "2026-11-20 00:00:00", "to": "2026-11-21 00:00:00", "limit": 10}
    dearest, *_ = engine.query(shown["groups"], bounds).records()
    assert dearest["all_spans"] == CALLS // 3
