"""Triage over HTTP, on the page of a finding, and by command; runbooks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner

from analytics.jobs.catalogue import JOBS
from analytics.triage.room import TriageRoom
from api.app import create_app
from dashboards.runbooks import FOLDER, runbook
from spanledger.access.scope import Scope, within
from spanledger.cli import local
from spanledger.cli.commands import app as commands
from spanledger.engine import Engine
from spanledger.errors import EngineUnavailable, NotFound
from spanledger.moments import as_parameter
from spanledger.settings import Settings
from tests.analytics.triage.traffic import BREAK, END, Row, put
from tests.api.conftest import EmptyQuarantine, NoJobs, Told

FINDING, REPORT = "f" * 16, "e" * 16
HOSTILE = "<img src=x onerror=alert(1)>"
SINCE, UNTIL = BREAK.strftime("%Y-%m-%dT%H:%MZ"), END.strftime("%Y-%m-%dT%H:%MZ")


@pytest.fixture(scope="module")
def client(engine: Engine, settings: Settings) -> Iterator[TestClient]:
    """The app over traffic in which a prompt broke the cache, with a finding about it."""

    def prompt(trace: dict[str, Row], _random: object) -> None:
        trace["call"] |= {"prompt_version": HOSTILE, "cached_input_tokens": 128}

    put(engine, prompt)
    for finding_id, severity in ((FINDING, "page"), (REPORT, "digest")):
        row = {
            "finding_id": finding_id, "job": "cache_hit_rate", "kind": "drop", "subject": {"tenant": "acme"},
            "severity": severity, "state": "open", "first_seen": as_parameter(BREAK), "last_seen": as_parameter(END),
            "window_from": as_parameter(BREAK), "window_to": as_parameter(END), "title": "acme's cache broke",
            "details": "{}", "version": 1,
        }  # fmt: skip
        engine.insert_raw("finding_states", orjson.dumps(row), "JSONEachRow", {})
    for at, version in ((BREAK - timedelta(hours=20), "7"), (BREAK, HOSTILE)):
        row = {
            "hour": as_parameter(at)[:19], "slice": as_parameter(at)[:19], "provider": "openai", "model": "gpt-4o",
            "tenant": "acme", "prompt_name": "answer", "prompt_version": version, "calls": 9, "version": 1,
        }  # fmt: skip
        engine.insert_raw("usage_hours", orjson.dumps(row), "JSONEachRow", {})
    patient = settings.model_copy(update={"query_max_seconds": 60})
    app = create_app(
        engine, settings, Told(), EmptyQuarantine(), NoJobs(), triages=TriageRoom(engine, patient)
    )  # fmt: skip
    with TestClient(app, base_url="http://127.0.0.1:8420", raise_server_exceptions=False) as client:
        yield client
    engine.command("TRUNCATE TABLE usage_hours SYNC")


def test_any_bad_time(client: TestClient) -> None:
    asked = {"from": SINCE, "to": UNTIL, "tenant": "acme", "metric": "missed"}
    found = client.get("/api/v1/triage", params=asked).json()
    assert (found["suspect"], found["filter"]) == ("prompt", 'tenant = "acme"')
    assert found["surfaces"][0]["surface"] == "prompt"
    assert found["metric"]["before"] < found["metric"]["after"]
    evidence = found["surfaces"][0]["evidence"][0]
    spans = client.get("/api/v1/spans", params={"filter": evidence["filter"], "from": evidence["at"], "to": UNTIL})
    assert {span["prompt_version"] for span in spans.json()["spans"]} == {HOSTILE}, "down to the spans"
    assert found == client.get("/api/v1/triage", params=asked).json(), "the same question, the same answer"


def test_what_can_not_be_understood(client: TestClient) -> None:
    reply = client.get("/api/v1/triage", params={"from": SINCE, "to": UNTIL, "filter": "tenant ="})
    assert (reply.status_code, reply.json()["position"]) == (400, 8)
    assert client.get("/api/v1/triage", params={"from": UNTIL, "to": SINCE}).status_code == 400
    assert client.get("/api/v1/triage").status_code == 422
    assert client.get(f"/api/v1/findings/{'0' * 16}/triage").status_code == 404


def test_a_finding_shows_its_surfaces_and_a_report_does_not(client: TestClient) -> None:
    assert client.get(f"/api/v1/findings/{FINDING}/triage").json()["suspect"] == "prompt"
    page = client.get(f"/findings/{FINDING}").text
    assert "<h2>Which surface is it?</h2>" in page
    assert re.search(r'<li class="moved suspect">\s*<p><strong>prompt</strong>', page)
    assert HOSTILE not in page
    assert "&lt;img src=x" in page
    assert 'href="/runbooks/drop"' in page
    drawn = client.get(f"/triage/{FINDING}.svg")
    assert drawn.headers["content-type"].startswith("image/svg+xml")
    assert "cache hit rate" in drawn.text
    assert "Which surface" not in client.get(f"/findings/{REPORT}").text


def test_the_picture_of_a_finding_shows_what_else_began(client: TestClient) -> None:
    [mark] = client.get(f"/findings/{FINDING}.json").json()["marks"]
    assert (mark["kind"], mark["title"]) == ("prompt", f"answer: version {HOSTILE}")
    assert mark["at"] == BREAK.timestamp() * 1000
    page, drawn = client.get(f"/findings/{FINDING}").text, client.get(f"/triage/{FINDING}.svg").text
    assert "1 new version or model began in this time" in page
    for text in (page, drawn):
        assert "answer: version &lt;img src=x onerror=alert(1)&gt;" in text
        assert 'href="/prompts/versions?name=answer"' in text
    assert "acme's cache broke" not in drawn, "the finding itself is the break"
    assert client.get(f"/findings/{REPORT}.json").json()["marks"] == []


def test_a_triage_that_can_not_be_made_leaves_the_page(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> dict[str, Any]:
        raise EngineUnavailable("<b>busy</b>")

    monkeypatch.setattr(TriageRoom, "finding", away)
    page = client.get(f"/findings/{FINDING}")
    assert page.status_code == 200
    assert "That can't be said now" in page.text
    assert "&lt;b&gt;busy" in page.text


def test_the_command(client: TestClient, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def opened(_settings: Settings) -> Iterator[Engine]:
        yield engine

    assert client
    monkeypatch.setattr(local, "address", lambda _settings: "")
    monkeypatch.setattr(local, "opened", opened)
    monkeypatch.setenv("SPANLEDGER_QUERY_MAX_SECONDS", "60")
    times = ["triage", "--from", SINCE.rstrip("Z"), "--to", UNTIL.rstrip("Z"), "--tenant", "acme", "--metric", "missed"]
    shown = CliRunner().invoke(commands, times, env={"COLUMNS": "300"})
    assert shown.exit_code == 0, shown.output
    assert shown.output.startswith("Look at the prompt first")
    assert "nothing moved" in shown.output
    said = CliRunner().invoke(commands, ["triage", "--finding", FINDING, "--json"])
    assert json.loads(said.output)["suspect"] == "prompt"
    assert (BREAK - timedelta(days=1)).strftime("%Y") in said.output


def test_a_key_of_one_tenant_sees_nothing_of_others(client: TestClient, engine: Engine, settings: Settings) -> None:
    """Nor what was kept from an answer to somebody who may see all."""
    put(engine, tenant="globex")
    room = TriageRoom(engine, settings.model_copy(update={"query_max_seconds": 60}))
    whole = room.window(BREAK, END, "", "cost")
    about = room.finding(FINDING)
    assert client
    with within(Scope.of(("acme",))):
        mine = room.window(BREAK, END, "", "cost")
        again = room.finding(FINDING)
    assert mine["traces"] * 2 == pytest.approx(whole["traces"], rel=0.01)
    assert again["suspect"] == about["suspect"] == "prompt"
    assert again is not about
    users = next(each for each in again["surfaces"] if each["surface"] == "users")
    assert "share of all traffic" in users["not_seen"], "it sees no traffic but its own"
    with within(Scope.of(("globex",))), pytest.raises(NotFound):
        room.finding(FINDING)


KINDS = sorted({kind.name for job in JOBS for kind in job.kinds} | {"rule", "spanledger"})


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_finding_has_a_runbook(client: TestClient, kind: str) -> None:
    found = runbook(kind)
    assert found, f"write docs/runbooks/{kind}.md"
    headings = ["".join(piece.text for piece in block.lines[0]) for block in found.blocks if block.kind == "h2"]
    assert headings == ["First look", "Usual causes", "How to silence"]
    assert found.blocks[0].kind == "p", "what it means comes first"
    assert any("spanledger alerts silence" in block.lines[0][0].text for block in found.blocks if block.kind == "pre")
    page = client.get(f"/runbooks/{kind}")
    assert page.status_code == 200
    assert "**" not in page.text
    assert "](" not in page.text
    assert f"({kind}.md)" in (FOLDER / "README.md").read_text()


@pytest.mark.parametrize("name", ["nothing", "README", "../adr/0001-the-engine-decodes", "%2e%2e%2fstatus", "a" * 99])
def test_only_runbooks_are_runbooks(client: TestClient, name: str) -> None:
    assert client.get(f"/runbooks/{name}").status_code == 404


def test_the_runbooks_are_all_linked() -> None:
    assert {path.stem for path in Path(FOLDER).glob("*.md")} == {*KINDS, "README"}
