# ruff: noqa: E501 - one attack a line
"""A key of one tenant against the rows of another: whatever it asks, the other's rows have no part in the answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from analytics.triage.room import TriageRoom
from api.app import create_app
from spanledger.access import Scope, within
from spanledger.access.filters import (
    BY_HASH,
    HIDDEN,
    OF_ALERTS,
    OF_EVERYBODY,
    OF_LABELS,
    OF_SUBJECT,
    OF_TENANT,
    settings_of,
)
from spanledger.access.office import Office
from spanledger.engine import STORED_TABLES, Engine
from spanledger.errors import QueryRefused
from spanledger.settings import Settings
from spanledger.sql import read
from tests.api.conftest import EmptyQuarantine, NoJobs, Told

MINE, OTHER = "acme", "secretco"
ROWS = 3000
"""Of which every third is mine, so that both are in each part and granule."""
MOMENT = "2026-11-20 10:00:00"
ASKED = {"from": "2026-11-20T00:00:00Z", "to": "2026-11-21T00:00:00Z"}


@pytest.fixture(scope="module")
def scoped(engine: Engine, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The app, asked with a key of `acme` over rows of two tenants."""
    _fill(engine)
    here = settings.model_copy(update={"data_dir": tmp_path_factory.mktemp("scoped"), "api_requests_per_minute": 0})
    office = Office(engine, here)
    key = office.store.create("acme", "read", [MINE])["key"]
    app = create_app(engine, here, Told(), EmptyQuarantine(), NoJobs(), triages=TriageRoom(engine, here), office=office)
    headers = {"Authorization": f"Bearer {key}"}
    with TestClient(app, base_url="http://x", headers=headers, raise_server_exceptions=False) as client:
        yield client
    for table in ("spans", "events", "settled_traces", "finding_states", "usage_slices", "alert_changes", "revenue"):
        engine.command(f"TRUNCATE TABLE {table} SYNC")


def _fill(engine: Engine) -> None:
    """My texts are numbers, the other's are not: an expression that meets one of theirs fails, and quotes it."""

    def rows(table: str, row: dict[str, Any]) -> None:
        both = (
            {key: value(place) if callable(value) else value for key, value in row.items()} for place in range(ROWS)
        )
        engine.insert_raw(table, b"\n".join(map(orjson.dumps, both)), "JSONEachRow", {"insert_deduplicate": 0})

    def tenant(place: int) -> str:
        return MINE if place % 3 == 0 else OTHER

    def text(place: int) -> str:
        return str(place) if place % 3 == 0 else f"{OTHER} {place}"

    rows(
        "spans",
        {"trace_id": lambda place: f"{place // 3 * 3 + (place % 3 > 0):032x}", "span_id": lambda place: f"{place:016x}", "tenant": tenant,
         "name": text, "user_id": text, "session_id": text, "prompt_name": text, "started_at": MOMENT, "status_message": "x",
         "cost_usd": 1, "billable": True, "attributes": lambda place: {"secret": text(place)}},
    )  # fmt: skip
    rows("events", {"tenant": tenant, "body": text, "time": MOMENT, "event_name": "x"})
    rows(
        "settled_traces",
        {"trace_id": lambda place: f"{place:032x}", "tenant": tenant, "root_name": text, "anchor": MOMENT, "started_at": MOMENT,
         "user_id": text, "session_id": text},
    )  # fmt: skip
    rows(
        "finding_states",
        {"finding_id": lambda place: f"{place:016x}", "job": "j", "subject": lambda place: {"tenant": tenant(place)}, "title": text,
         "state": "open", "severity": "page", "last_seen": MOMENT},
    )  # fmt: skip
    rows("usage_slices", {"slice": MOMENT, "hour": MOMENT, "tenant": tenant, "model": text, "calls": 1})
    rows(
        "alert_changes",
        {"alert_id": lambda place: f"{place:016x}", "labels": lambda place: {"tenant": tenant(place)}, "title": text,
         "severity": "page", "state": "firing"},
    )  # fmt: skip
    rows("revenue", {"tenant": tenant, "plan": text, "monthly_price_usd": 1, "valid_from": "2026-01-01"})


def ask(client: TestClient, sql: str) -> Any:
    return client.post("/api/v1/query", json={"sql": sql})


COUNTS = [
    ("SELECT count() FROM spans", 1000),
    ("SELECT count() FROM default.spans AS s", 1000),
    ("SELECT uniqExact(tenant) FROM spans", 1),
    ("SELECT count() FROM spans WHERE tenant = 'secretco'", 0),
    ("SELECT count() FROM spans WHERE tenant = 'secretco' OR 1", 1000),
    ("SELECT count() FROM spans AS a CROSS JOIN (SELECT 1) AS b", 1000),
    ("SELECT count() FROM spans AS a JOIN spans AS b ON a.span_id = b.span_id", 1000),
    ("SELECT count() FROM spans AS a RIGHT JOIN spans AS b ON a.span_id = b.span_id AND a.tenant = 'none'", 1000),
    ("SELECT count() FROM spans AS a FULL JOIN spans AS b ON a.span_id = b.span_id", 1000),
    (
        "SELECT count() FROM numbers(3000) AS n LEFT JOIN spans AS b ON n.number = reinterpretAsUInt64(reverse(unhex(b.span_id))) WHERE b.tenant != ''",
        1000,
    ),
    ("SELECT count() FROM spans WHERE trace_id IN (SELECT trace_id FROM spans)", 1000),
    ("SELECT count() FROM numbers(1) WHERE 'secretco' IN (SELECT tenant FROM spans)", 0),
    ("SELECT count() FROM numbers(1) WHERE EXISTS (SELECT 1 FROM spans WHERE tenant = 'secretco')", 0),
    ("WITH x AS (SELECT * FROM spans) SELECT count() FROM x", 1000),
    ("WITH (SELECT groupUniqArray(tenant) FROM spans) AS x SELECT length(x)", 1),
    ("SELECT count() FROM view(SELECT * FROM spans)", 1000),
    ("SELECT count() FROM (SELECT tenant FROM spans UNION ALL SELECT tenant FROM traces)", 2000),
    ("SELECT count() FROM (SELECT tenant FROM spans EXCEPT DISTINCT SELECT 'acme')", 0),
    ("SELECT max(length(x)) FROM (SELECT groupUniqArray(tenant) OVER () AS x FROM spans)", 1),
    ("SELECT countIf(attributes['secret'] LIKE 'secret%') FROM spans", 0),
    ("SELECT count() FROM events", 1000),
    ("SELECT count() FROM traces", 1000),
    ("SELECT count() FROM findings", 1000),
    ("SELECT count() FROM alerts", 1000),
    ("SELECT count() FROM alert_history", 1000),
    ("SELECT sum(calls) FROM usage", 1000),
    ("SELECT sum(calls) FROM usage_parts", 1000),
    ("SELECT count() FROM revenue", 1000),
    ("SELECT count() FROM edges", 0),
    ("SELECT sum(_exact) FROM (SELECT count() AS _exact FROM spans GROUP BY _part, _partition_id)", 1000),
    ("SELECT count() FROM (SELECT DISTINCT tenant FROM spans)", 1),
    ("SELECT toUInt64(max(started_at) = min(started_at)) FROM spans", 1),
]


@pytest.mark.parametrize(("sql", "expected"), COUNTS)
def test_only_my_rows_are_read(scoped: TestClient, sql: str, expected: int) -> None:
    answer = ask(scoped, sql).json()
    assert answer.get("rows") == [[expected]], answer
    assert answer["rows_read"] is None


ORACLES = [
    "SELECT count() FROM spans WHERE {}",
    "SELECT count() FROM spans WHERE status_message = 'x' AND {}",
    "SELECT count() FROM spans WHERE trace_id != '' AND {} AND name != ''",
    "SELECT count() FROM spans WHERE ({}) OR tenant = ''",
    "SELECT countIf({}) FROM spans",
    "SELECT max({}) FROM spans GROUP BY tenant",
    "SELECT name FROM spans WHERE {} ORDER BY started_at DESC LIMIT 1",
    "SELECT * FROM spans WHERE {} ORDER BY started_at LIMIT 1",
    "SELECT name FROM spans ORDER BY {} LIMIT 1",
    "SELECT name FROM spans LIMIT 1 BY {}",
    "SELECT max({}) OVER (PARTITION BY tenant) FROM spans LIMIT 1",
    "SELECT count() FROM spans ARRAY JOIN [1] AS x WHERE {}",
    "SELECT count() FROM (SELECT * FROM spans) WHERE {}",
    "SELECT count() FROM (SELECT *, {} AS y FROM spans) WHERE y",
    "SELECT count() FROM view(SELECT * FROM spans) WHERE {}",
    "SELECT count() FROM numbers(1) WHERE EXISTS (SELECT 1 FROM spans WHERE {})",
    "SELECT count() FROM spans WHERE (trace_id, {}) IN (SELECT trace_id, 1 FROM spans)",
    "SELECT count() FROM spans AS s JOIN (SELECT span_id AS other FROM spans) AS r ON s.span_id = r.other AND {}",
    "SELECT count() FROM spans AS s LEFT JOIN (SELECT span_id AS other FROM spans) AS r ON s.span_id = r.other AND {}",
    "SELECT count() FROM spans AS s JOIN (SELECT span_id AS other FROM spans) AS r ON s.span_id = r.other WHERE {}",
    "SELECT count() FROM spans AS s JOIN numbers(3000) AS n ON n.number = ({})",
    "SELECT count() FROM spans AS s ANTI JOIN numbers(3000) AS n ON n.number = ({})",
    "SELECT count() FROM numbers(3000) AS n JOIN (SELECT {} AS y FROM spans) AS s ON n.number = s.y",
    "SELECT count() FROM (SELECT span_id, {} AS y FROM spans) AS a JOIN (SELECT span_id, {} AS y FROM spans) AS b ON a.y = b.y AND a.span_id = b.span_id",
    "SELECT count() FROM spans AS s, (SELECT {} AS y FROM spans LIMIT 5) AS r WHERE y = 1 AND s.name != ''",
    "SELECT name, count() FROM spans GROUP BY name HAVING any({}) LIMIT 1",
    "SELECT name FROM spans UNION DISTINCT SELECT toString({}) FROM spans",
    "SELECT count() FROM traces AS t JOIN spans AS s ON t.trace_id = s.trace_id AND {}",
    "SELECT count() FROM spans AS s SEMI JOIN (SELECT span_id AS other FROM spans) AS r ON s.span_id = r.other AND {}",
    "SELECT (SELECT count() FROM spans AS i WHERE i.span_id = o.span_id AND ({})) FROM (SELECT * FROM spans LIMIT 2) AS o",
    "SELECT count() FROM (SELECT {} AS y FROM spans) AS a PASTE JOIN (SELECT {} AS z FROM spans) AS b",
    "SELECT count() FROM (SELECT {} FROM spans INTERSECT SELECT {} FROM spans)",
    "SELECT {} AS y, count() FROM spans GROUP BY y WITH ROLLUP",
    "SELECT arrayJoin([{}]) AS y FROM spans WHERE y LIMIT 1",
    "WITH x AS (SELECT {} AS y FROM spans) SELECT count() FROM x WHERE y IN (SELECT y FROM x)",
]
TELLTALES = [
    "throwIf(tenant != 'acme') = 0",
    "toUInt64(user_id) >= 0",
    "toUInt64(attributes['secret']) >= 0",
    "arrayExists(x -> toUInt64(x) >= 0, [session_id])",
]


@pytest.mark.parametrize("oracle", ORACLES)
def test_no_expression_meets_a_row_of_another(scoped: TestClient, oracle: str) -> None:
    """An error that quotes a text, or one error more or less, would be a way to read all of them."""
    for telltale in TELLTALES:
        condition = telltale
        if " AS t JOIN " in oracle or " AS s " in oracle:
            for column in ("tenant", "user_id", "attributes", "session_id"):
                condition = condition.replace(column, f"s.{column}") if "(SELECT {}" not in oracle else condition
        answer = ask(scoped, oracle.replace("{}", condition))
        assert answer.status_code == 200, (condition, answer.json())
        assert OTHER not in answer.text


def test_the_telltales_do_tell(client: TestClient, scoped: TestClient) -> None:
    """Without a scope each of them fails and says what it met."""
    assert ask(scoped, "SELECT 1").status_code == 200
    for telltale in TELLTALES:
        assert ask(client, f"SELECT count() FROM spans WHERE {telltale}").status_code == 400


REFUSED = [
    "SELECT count() FROM spans PREWHERE throwIf(tenant != 'acme') = 0",
    "SELECT count() FROM (SELECT 1 FROM spans PREWHERE tenant = 'secretco')",
    "SELECT data_compressed_bytes FROM system.columns",
    "SELECT * FROM system.tables",
    "SELECT * FROM messages",
    "SELECT * FROM default.messages",
    "SELECT * FROM settled_traces",
    "SELECT * FROM usage_slices",
    "SELECT * FROM trace_times",
    "SELECT * FROM job_runs",
    "SELECT * FROM finding_states",
    "SELECT * FROM alert_deliveries",
    "SELECT * FROM rejected",
    "SELECT * FROM api_keys",
    "SELECT * FROM audit_log",
    "SELECT * FROM settle_spans",
    "SELECT * FROM priced_spans",
    "SELECT * FROM merge('default', 'spans')",
    "SELECT * FROM mergeTreeIndex('default', 'spans')",
    "SELECT * FROM mergeTreeProjection('default', 'spans', 'x')",
    "SELECT * FROM clusterAllReplicas('x', default.spans)",
    "SELECT * FROM remote('127.0.0.1', default.spans)",
    "SELECT * FROM loop(default.spans)",
    "SELECT * FROM dictionary('price_rates')",
    "SELECT * FROM file('/etc/passwd', LineAsString)",
    "SELECT * FROM url('http://127.0.0.1:9/', LineAsString)",
    "SELECT * FROM executable('id', TSV, 'a String')",
    "SELECT dictGet('price_rates', 'x', 1)",
    "SELECT joinGet('settle_changes', 'winner', 1)",
    "SELECT file('/etc/passwd')",
    "SELECT getSetting('additional_table_filters')",
    "SELECT initialQueryID()",
    "SELECT count() FROM spans SETTINGS additional_table_filters = {}",
    "SELECT count() FROM (SELECT 1 FROM spans SETTINGS additional_table_filters = {})",
    "SET additional_table_filters = {}",
    "EXPLAIN SELECT * FROM spans",
    "DESCRIBE TABLE spans",
    "SELECT 1 WHERE 1 IN messages",
    "SELECT 1 WHERE 1 IN default.messages",
    "SELECT 1; SELECT * FROM messages",
    "INSERT INTO spans (name) VALUES ('x')",
    "ALTER TABLE spans DELETE WHERE 1",
    "SELECT * FROM spans INTO OUTFILE '/tmp/x'",
]  # fmt: skip


@pytest.mark.parametrize("sql", REFUSED)
def test_what_is_refused(scoped: TestClient, sql: str) -> None:
    answer = ask(scoped, sql)
    assert answer.status_code in (400, 403), answer.text
    assert OTHER not in answer.text


@pytest.mark.parametrize(
    ("sql", "limit"),
    [
        ("SELECT sum(a.cost_usd) FROM spans AS a, spans AS b, spans AS c, spans AS d", "time"),
        ("SELECT length(groupArray(number)) FROM numbers(1000000000)", "memory"),
        ("SELECT groupArray(repeat(name, 1000000)) FROM spans", "memory"),
        ("SELECT a.name FROM spans AS a, spans AS b", "rows of the answer"),
    ],
)
def test_its_queries_stop_at_the_limits(scoped: TestClient, sql: str, limit: str) -> None:
    answer = ask(scoped, sql)
    assert (answer.status_code, answer.json().get("limit")) == (422, limit), answer.text


PATHS = [
    "/api/v1/spans", "/api/v1/spans?filter=trace(name%20~%20'secret')", f"/api/v1/traces/{1:032x}", "/api/v1/findings",
    f"/api/v1/findings/{1:016x}", "/api/v1/revenue", "/api/v1/unpriced-models", "/api/v1/jobs/runs",
    f"/api/v1/energy/spans/{1:016x}", "/api/v1/carbon?from=2026-11-20&to=2026-11-21",
    "/api/v1/energy/sets?from=2026-11-20&to=2026-11-21", "/api/v1/reprice/days?first=2026-11-20&last=2026-11-21",
    "/api/v1/traces", "/api/v1/sessions", "/api/v1/users", f"/api/v1/users/{OTHER} 1", "/api/v1/tasks", "/api/v1/prompts", "/readyz",
    "/api/v1/spans/export?format=csv", "/api/v1/spans/export?format=otlp", "/api/v1/spans/export?format=parquet",
    "/", "/now.json", "/traces", "/traces.json", "/traces.csv", f"/traces/{1:032x}", f"/findings/{1:016x}", "/customers", "/cache", "/waste",
    "/drift", "/carbon", "/jobs",
]  # fmt: skip


DATED = frozenset(
    f"/api/v1/{name}" for name in ("spans", "spans/export", "traces", "sessions", "users", "tasks", "prompts")
)


@pytest.mark.parametrize("path", PATHS)
def test_no_path_tells_of_another(scoped: TestClient, path: str) -> None:
    begin = f"{path}{'&' if '?' in path else '?'}from=2026-11-20&to=2026-11-21" if path.startswith("/api") else path
    answer = scoped.get(begin if "from=" not in path and path.split("?", maxsplit=1)[0] in DATED else path)
    assert answer.status_code in (200, 404), answer.text
    assert OTHER not in answer.text.replace(path.rsplit("/", maxsplit=1)[-1], "")


def test_no_page_or_list_tells_of_another(scoped: TestClient) -> None:
    """All that can be asked without naming something, whoever adds it: a new page is tried here as well."""
    app: Any = scoped.app
    routes = [inner for each in app.routes for inner in getattr(each, "original_router", app).routes]
    paths = {each.path for each in routes if "GET" in getattr(each, "methods", ()) and "{" not in each.path}
    assert {"/", "/explore", "/graph", "/models", "/api/v1/explore/heat", "/api/v1/explore/values"} <= paths
    asked = {"from": "2026-11-20", "to": "2026-11-21", "by": "user_id", "key": "name", "format": "csv"}
    for path in sorted(paths - {"/login"}):
        answer = scoped.get(path, params=asked)
        if answer.status_code == 422:
            answer = scoped.get(path)
        assert answer.status_code < 500, (path, answer.text)
        assert OTHER not in answer.text, path


def test_triage_of_a_scope_is_its_own(scoped: TestClient) -> None:
    mine, others = f"{3:016x}", f"{4:016x}"
    answer = scoped.get(f"/api/v1/findings/{mine}/triage")
    assert answer.status_code == 200, answer.text
    assert scoped.get(f"/api/v1/findings/{others}/triage").status_code == 404


def test_mine_are_there(scoped: TestClient) -> None:
    spans = scoped.get("/api/v1/spans", params={**ASKED, "limit": 1000}).json()
    assert {span["tenant"] for span in spans["spans"]} == {MINE}
    assert (len(spans["spans"]), spans["next"]) == (1000, None)
    assert scoped.get(f"/api/v1/traces/{3:032x}").json()["spans"][0]["name"] == "3"
    assert scoped.get(f"/api/v1/traces/{4:032x}").status_code == 404
    assert len(scoped.get("/api/v1/findings", params={"limit": 1000}).json()["findings"]) == 1000


@pytest.mark.parametrize(
    "path", ["/metrics", "/api/v1/keys", "/api/v1/audit", "/api/v1/rejected", "/api/v1/alerts/rules", "/settings"]
)
def test_what_is_of_all_is_not_told(scoped: TestClient, path: str) -> None:
    assert scoped.get(path).status_code == 403


def test_a_scope_changes_nothing(engine: Engine) -> None:
    with within(Scope((MINE,))):
        changes: tuple[Callable[[], None], ...] = (
            lambda: engine.command("TRUNCATE TABLE spans"),
            lambda: engine.insert("spans", ["name"], [["x"]]),
            lambda: engine.insert_raw("spans", b"{}", "JSONEachRow", {}),
            lambda: engine.insert_file("spans", Path("x"), "JSONEachRow", {}),
        )
        for change in changes:
            with pytest.raises(QueryRefused, match="reads"):
                change()


def test_each_table_was_thought_about(engine: Engine) -> None:
    """A table that nobody has classified gives no rows to a scope."""
    named = OF_TENANT | OF_SUBJECT | OF_LABELS | OF_ALERTS | OF_EVERYBODY | BY_HASH
    stored = {name for [name] in engine.rows(read(STORED_TABLES))}
    assert named <= stored
    with_tenants = engine.rows(
        "SELECT table FROM system.columns WHERE database = currentDatabase() AND name = 'tenant' AND table IN {tables:Array(String)}",
        {"tables": sorted(stored)},
    )
    assert {name for [name] in with_tenants} == OF_TENANT
    assert not named & HIDDEN
    with within(Scope((MINE,))):
        for table in stored - named:
            assert engine.rows(f"SELECT count() FROM {table}") == [[0]], table


@given(tenant=st.text(min_size=1, max_size=20))
@hypothesis_settings(max_examples=25, deadline=None)
def test_no_name_of_a_tenant_breaks_its_filter(engine: Engine, tenant: str) -> None:
    filters = str(settings_of(Scope((tenant,)), ["spans"])["additional_table_filters"])
    with within(Scope((tenant,))):
        found = engine.query_guarded("SELECT count() FROM spans WHERE tenant != {t:String}", {"t": tenant})
    assert found.rows == [[0]], filters
