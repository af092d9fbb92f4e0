"""Who may come in, and what they may: keys, sessions of the pages, changes by strangers, rates, the audit log."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.app import create_app
from api.rates import Rates
from spanledger.access.office import Office
from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.api.conftest import EmptyQuarantine, NoJobs, Told

HOST = "https://spans.example.com"
HTML = {"Accept": "text/html"}


@pytest.fixture(scope="module")
def here(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return settings.model_copy(update={"data_dir": tmp_path_factory.mktemp("access")})


@pytest.fixture(scope="module")
def office(engine: Engine, here: Settings) -> Office:
    for table in ("api_keys", "api_key_uses", "audit_log"):
        engine.command(f"TRUNCATE TABLE {table} SYNC")
    office = Office(engine, here)
    office.store.create("the first", "admin")
    return office


@pytest.fixture(scope="module")
def closed_app(engine: Engine, here: Settings, office: Office) -> FastAPI:
    """With keys, so that all is closed."""
    return create_app(engine, here, Told(), EmptyQuarantine(), NoJobs(), office=office)


@pytest.fixture
def browse(closed_app: FastAPI, request: pytest.FixtureRequest) -> Iterator[Callable[[], TestClient]]:
    """Opens windows that share no cookies, at another address in each test."""
    opened: list[TestClient] = []

    def window() -> TestClient:
        opened.append(TestClient(closed_app, base_url=HOST, follow_redirects=False, client=(request.node.name, 1)))
        return opened[-1]

    yield window
    for client in opened:
        client.close()


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def made(office: Office, role: str, *tenants: str) -> str:
    return str(office.store.create(f"the {role}", role, tenants, by="test")["key"])


def logged_in(client: TestClient, key: str) -> TestClient:
    assert client.post("/login", data={"key": key}).status_code == 303
    return client


SEND, LOOK, RULE, PROBE = "/api/v1/scores", "/api/v1/findings", "/api/v1/keys", "/readyz"


def test_roles(office: Office, browse: Callable[[], TestClient]) -> None:
    keys = {role: bearer(made(office, role)) for role in ("ingest", "read", "admin")}
    client = browse()
    asked: dict[str, Callable[[dict[str, str]], Any]] = {
        "look": lambda headers: client.get(LOOK, headers=headers),
        "query": lambda headers: client.post("/api/v1/query", json={"sql": "SELECT 1"}, headers=headers),
        "page": lambda headers: client.get("/", headers=headers),
        "delete": lambda headers: client.delete(f"/api/v1/traces/{'0' * 32}", headers=headers),
        "keys": lambda headers: client.get(RULE, headers=headers),
        "audit": lambda headers: client.get("/api/v1/audit", headers=headers),
        "ready": lambda headers: client.get(PROBE, headers=headers),
    }
    statuses = {role: [ask(headers).status_code for ask in asked.values()] for role, headers in keys.items()}
    assert statuses == {
        "ingest": [403, 403, 403, 403, 403, 403, 200],
        "read": [200, 200, 200, 403, 403, 403, 200],
        "admin": [200, 200, 200, 200, 200, 200, 200],
    }
    assert "takes admin or read" in client.get(LOOK, headers=keys["ingest"]).json()["detail"]


def test_keys_over_the_api(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    """The first is made where none is needed yet; from then on one is needed, here too."""
    engine.command("TRUNCATE TABLE api_keys SYNC")
    here = settings.model_copy(update={"data_dir": tmp_path})
    app = create_app(engine, here, Told(), EmptyQuarantine(), NoJobs())
    with TestClient(app, base_url="http://127.0.0.1:8420") as client:
        first = client.post(RULE, json={"name": "me", "role": "admin"})
        assert first.status_code == 201
        assert client.get(RULE).status_code == 401
        mine = bearer(first.json()["key"])
        second = client.post(RULE, json={"name": "acme", "role": "read", "tenants": ["acme"]}, headers=mine).json()
        listed = client.get(RULE, headers=mine).json()["keys"]
        assert [(key["name"], key["role"], key["tenants"], key["created_by"]) for key in listed] == [
            ("acme", "read", ["acme"], "me"),
            ("me", "admin", [], ""),
        ]
        assert "key" not in listed[0]
        assert client.get(LOOK, headers=bearer(second["key"])).status_code == 200
        assert client.delete(f"{RULE}/{second['key_id']}", headers=mine).json()["revoked_at"]
        assert client.get(LOOK, headers=bearer(second["key"])).status_code == 401
        assert client.delete(f"{RULE}/{'0' * 12}", headers=mine).status_code == 404


def test_the_pages_ask_for_a_login(office: Office, browse: Callable[[], TestClient]) -> None:
    key, client = made(office, "read"), browse()
    away = client.get("/traces?range=7d&filter=a%20%3D%20b", headers=HTML)
    assert away.status_code == 303
    assert away.headers["location"] == "/login?next=%2Ftraces%3Frange%3D7d%26filter%3Da%2520%253D%2520b"
    assert "default-src 'none'" in away.headers["content-security-policy"]
    form = client.get(away.headers["location"])
    assert 'name="next" value="/traces?range=7d&amp;filter=a%20%3D%20b"' in form.text
    assert client.get("/static/spanledger.css").status_code == 200
    wrong = client.post("/login", data={"key": "sl_abc_wrong", "next": "/traces"})
    assert (wrong.status_code, "does not open" in wrong.text) == (401, True)
    reply = client.post("/login", data={"key": key, "next": "/traces?range=7d"})
    assert (reply.status_code, reply.headers["location"]) == (303, "/traces?range=7d")
    cookie = reply.headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Secure", "Path=/", "Max-Age=43200"))
    assert key not in cookie
    page = client.get("/traces", headers=HTML)
    assert page.status_code == 200
    assert "Log out" in page.text
    assert client.get(LOOK).status_code == 200, "scripts of the pages come with the cookie too"


def test_keys_that_only_send_do_not_log_in(office: Office, browse: Callable[[], TestClient]) -> None:
    answer = browse().post("/login", data={"key": made(office, "ingest")})
    assert (answer.status_code, "may only send" in answer.text) == (401, True)


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "", "/a\r\nX: y"]
)
def test_a_login_leads_nowhere_else(office: Office, browse: Callable[[], TestClient], target: str) -> None:
    reply = browse().post("/login", data={"key": made(office, "read"), "next": target})
    assert reply.headers["location"] == "/"


def test_logging_out_ends_the_session_for_its_cookie_too(office: Office, browse: Callable[[], TestClient]) -> None:
    client = logged_in(browse(), made(office, "read"))
    cookie = client.cookies["spanledger_session"]
    token = re.search(r'name="csrf_token" value="(\w+)"', client.get("/", headers=HTML).text)
    assert token
    assert client.post("/logout", data={"csrf_token": token[1]}).headers["location"] == "/login"
    assert client.get("/", headers=HTML).status_code == 303
    assert browse().get(LOOK, headers={"Cookie": f"spanledger_session={cookie}"}).status_code == 401


def test_a_revoked_key_ends_its_sessions(office: Office, browse: Callable[[], TestClient]) -> None:
    key = office.store.create("who leaves", "read")
    client = logged_in(browse(), key["key"])
    assert client.get(LOOK).status_code == 200
    office.store.revoke(key["key_id"])
    assert client.get(LOOK).status_code == 401


def test_a_change_with_a_cookie_carries_a_token(office: Office, browse: Callable[[], TestClient]) -> None:
    client = logged_in(browse(), made(office, "admin"))
    token = re.search(r'name="csrf-token" content="(\w+)"', client.get("/", headers=HTML).text)
    assert token
    other = logged_in(browse(), made(office, "admin"))
    path, body = RULE, {"name": "x", "role": "read"}
    foreign = re.search(r'name="csrf-token" content="(\w+)"', other.get("/", headers=HTML).text)
    assert foreign
    assert client.post(path, json=body).status_code == 403
    assert client.post(path, json=body, headers={"X-CSRF-Token": foreign[1]}).status_code == 403
    assert client.post(path, json=body, headers={"X-CSRF-Token": ""}).status_code == 403
    assert client.post(path, json=body, headers={"X-CSRF-Token": token[1]}).status_code == 201
    assert client.post("/api/v1/query", json={"sql": "SELECT 1"}).status_code == 200, "it changes nothing"


STRANGERS = (
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
)


@pytest.mark.parametrize("headers", STRANGERS)
def test_pages_of_strangers_change_nothing_where_no_key_is_needed(client: TestClient, headers: dict[str, str]) -> None:
    answer = client.post("/api/v1/rejected/retry", headers=headers)
    assert (answer.status_code, "another origin" in answer.json()["detail"]) == (403, True)
    assert client.post("/api/v1/rejected/retry").status_code == 200
    ours = {"Origin": "http://127.0.0.1:8420", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/api/v1/rejected/retry", headers=ours).status_code == 200


def test_too_many_requests(engine: Engine, here: Settings, office: Office) -> None:
    slow = here.model_copy(update={"api_requests_per_minute": 3})
    app = create_app(engine, slow, Told(), EmptyQuarantine(), NoJobs(), office=office)
    mine, yours = bearer(made(office, "read")), bearer(made(office, "read"))
    with TestClient(app, base_url=HOST) as client:
        assert [client.get(LOOK, headers=mine).status_code for _ in range(4)] == [200, 200, 200, 429]
        refused = client.get(LOOK, headers=mine)
        assert 1 <= int(refused.headers["retry-after"]) <= 20
        assert client.get(LOOK, headers=yours).status_code == 200
        assert client.get("/healthz").status_code == 200


def test_too_many_wrong_keys_of_an_address(office: Office, browse: Callable[[], TestClient]) -> None:
    right, client = bearer(made(office, "read")), browse()
    answers = [client.get(LOOK, headers=bearer(f"sl_{n}_x")).status_code for n in range(31)]
    assert (answers[:30], answers[30]) == ([401] * 30, 429)
    assert client.get(LOOK, headers=right).status_code == 200


def test_too_many_logins(office: Office, browse: Callable[[], TestClient]) -> None:
    made(office, "read")
    client = browse()
    answers = [client.post("/login", data={"key": "x"}) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0


def test_a_bucket_fills_again() -> None:
    now = 0.0
    rates = Rates(60, lambda: now)
    assert [rates.take("a") for _ in range(61)] == [0] * 60 + [1]
    assert rates.take("b") == 0
    now = 2.5
    assert [rates.take("a") for _ in range(3)] == [0, 0, 1]
    assert Rates(0).take("a") == 0


def test_who_did_what_is_written_down(engine: Engine, office: Office, browse: Callable[[], TestClient]) -> None:
    office.audit.flush()
    engine.command("TRUNCATE TABLE audit_log SYNC")
    reader, admin, client = bearer(made(office, "read")), bearer(made(office, "admin")), browse()
    client.post("/api/v1/query", json={"sql": "SELECT 'mine'"}, headers=reader)
    client.delete("/api/v1/tenants/acme", headers=reader)
    client.delete("/api/v1/tenants/acme", headers=admin)
    client.post(RULE, json={"name": "x", "role": "read"}, headers=admin)
    client.get(LOOK, headers=reader)
    client.post("/login", data={"key": "sl_a_secret"})
    logged_in(browse(), made(office, "read"))
    entries = client.get("/api/v1/audit", headers=admin).json()["entries"]
    assert "sl_a_secret" not in str(entries)
    assert [
        (entry["actor"], entry["role"], entry["action"], entry["subject"], entry["status"]) for entry in entries
    ] == [
        ("the read", "read", "POST", "/login", 303),
        ("", "", "POST", "/login", 401),
        ("the admin", "admin", "POST", "/api/v1/keys", 201),
        ("the admin", "admin", "DELETE", "/api/v1/tenants/acme", 200),
        ("the read", "read", "POST", "/api/v1/query", 200),
    ]
    assert "SELECT 'mine'" in entries[4]["details"]
    assert client.get("/api/v1/audit?action=DELETE", headers=admin).json()["entries"] == entries[3:4]
    assert client.get("/api/v1/audit?actor=nobody", headers=admin).json()["entries"] == []


def test_keys_and_the_audit_log_can_not_be_queried(client: TestClient) -> None:
    for table in ("api_keys", "api_key_uses", "audit_log", "default.api_keys"):
        answer = client.post("/api/v1/query", json={"sql": f"SELECT * FROM {table}"})
        assert (answer.status_code, "There is no table" in answer.json()["detail"]) == (400, True)
