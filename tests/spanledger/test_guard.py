# ruff: noqa: E501 - one attack a line
from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from spanledger import guard
from spanledger.engine import Engine
from spanledger.errors import QueryFailed, QueryRefused

ORDINARY = [
    "SELECT 1",
    "SELECT 1;",
    "select Count(*) from spans",
    "SELECT tenant, count(DISTINCT trace_id), sumIf(input_tokens, status = 'ok') FROM spans GROUP BY ALL ORDER BY 2 DESC",
    "SELECT quantilesTDigestArrayIf(0.5, 0.9)([1, 2], 1), uniqExactMerge(s) FROM (SELECT uniqExactState(name) AS s FROM spans)",
    "WITH a AS (SELECT trace_id FROM spans) SELECT * FROM a UNION ALL SELECT trace_id FROM spans WHERE trace_id IN a",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 10) SELECT sum(n) FROM r",
    "SELECT s.name, t.name FROM spans AS s ASOF LEFT JOIN spans AS t ON s.trace_id = t.trace_id AND s.started_at > t.started_at",
    "SELECT attributes['url'], attributes['file'] FROM default.spans WHERE mapContains(attributes, 'remote')",
    "SELECT count() OVER w, row_number() OVER w FROM spans WINDOW w AS (PARTITION BY tenant ORDER BY started_at)",
    "SELECT 'SELECT 1; SELECT 2 -- INTO OUTFILE', $$it's \\$$, `name` AS `a \" b` FROM spans /* ; */ -- ;",
    "SELECT name, type FROM system.columns WHERE table = 'spans'",
    "SELECT * EXCEPT (attributes) REPLACE (upper(name) AS name), COLUMNS('_tokens$') APPLY(x -> x + 1) APPLY(toString) FROM spans",
    "SELECT * FROM numbers(3) AS n, generateSeries(1, 2) AS g, values('a UInt8', 1, 2) AS v, (VALUES (1)) AS z, view(SELECT 1) AS w",
    "SELECT arrayMap((x, y) -> x + y, [1, 2], [3, 4]), CASE WHEN 1 THEN 2 END, 1 ? 2 : 3, toIntervalDay(1), INTERVAL 1 HOUR",
    "SELECT toStartOfHour(started_at) AS h, avg(duration_ns) FROM spans GROUP BY h ORDER BY h WITH FILL STEP 3600",
    "SELECT grouping(tenant), EXISTS(SELECT 1), x::String, CAST(1 AS Nullable(UInt8)) FROM (SELECT 1 AS x, tenant FROM spans) "
    "GROUP BY GROUPING SETS ((tenant), (x))",
    "SELECT JSONExtractString('{\"a\": 1}', 'a'), format('{}', 'a'), transform(1, [1], ['one'], '')",
    "(SELECT 1) EXCEPT (SELECT 2)",
    "SELECT 1 IN (1, 2), 'a' IN [name], 'a' IN (lower('A')), 1 IN (SELECT 1) FROM spans",
]

PLACES = [
    "SELECT {}",
    "SELECT 1 WHERE 1 = {}",
    "SELECT 1 FROM spans PREWHERE 1 = {}",
    "SELECT count() GROUP BY {}",
    "SELECT count() HAVING 1 = {}",
    "SELECT 1 QUALIFY {}",
    "SELECT 1 ORDER BY {}",
    "SELECT 1 ORDER BY 1 WITH FILL FROM {}",
    "SELECT number AS n ORDER BY n WITH FILL INTERPOLATE (m AS {})",
    "SELECT 1 LIMIT {}",
    "SELECT 1 LIMIT 1 BY {}",
    "SELECT 1 LIMIT 1 OFFSET {}",
    "WITH {} AS x SELECT x",
    "WITH a AS (SELECT {}) SELECT * FROM a",
    "SELECT arrayMap(x -> {}, [1])",
    "SELECT [1, {}][1], (1, {}).2, map('a', {})",
    "SELECT * APPLY(x -> {}) FROM spans",
    "SELECT * REPLACE ({} AS name) FROM spans",
    "SELECT sum({}) OVER (PARTITION BY 1)",
    "SELECT sum(1) OVER (PARTITION BY {})",
    "SELECT sum(1) OVER w FROM spans WINDOW w AS (ORDER BY {})",
    "SELECT sum(1) FILTER (WHERE {} = 1)",
    "SELECT quantile({})(1)",
    "SELECT 1 IN ({})",
    "SELECT 1 IN (1, {})",
    "SELECT 1 IN (SELECT {})",
    "SELECT * FROM (SELECT {})",
    "SELECT * FROM view(SELECT {})",
    "SELECT * FROM numbers({})",
    "SELECT * FROM values('a String', {})",
    "SELECT * FROM spans AS a JOIN spans AS b ON {} = 1",
    "SELECT * FROM spans ARRAY JOIN {} AS x",
    "SELECT 1 UNION ALL SELECT {}",
    "SELECT 1 EXCEPT SELECT {}",
    "SELECT CASE {} WHEN 1 THEN 2 END",
    "SELECT {}::String",
    "SELECT if(1, {}, 1)",
    "SELECT name FROM spans GROUP BY GROUPING SETS (({}))",
]
"""Every place of a SELECT where an expression can stand."""

FUNCTIONS = [
    "file('/etc/passwd')", "FILE('/etc/passwd')", "`file`('/etc/passwd')", '"file"(\'/etc/passwd\')', "file/**/('/etc/passwd')",
    "sleep(3)", "sleepEachRow(3)", "hostName()", "hostname()", "FQDN()", "currentUser()", "user()", "serverUUID()",
    "getSetting('max_threads')", "getServerSetting('x')", "getMacro('x')", "getClientHTTPHeader('x')", "tcpPort()",
    "buildId()", "uptime()", "displayName()", "getOSKernelVersion()", "currentProfiles()", "filesystemAvailable()",
    "filesystemCapacity()", "showCertificate()", "queryID()", "currentRequestURL()", "getServerPort('tcp_port')",
    "initializeAggregation('sum', 1)", "finalizeAggregation(1)", "catboostEvaluate('/x', 1)", "evalMLMethod(1, 1)",
    "addressToLine(1)", "addressToSymbol(1)", "demangle('a')", "logTrace('x')", "tid()",
    "dictGet('d', 'a', 1)", "dictGetOrDefault('d', 'a', 1, 2)", "dictHas('d', 1)", "joinGet('t', 'a', 1)",
    "regionToName(1)", "hasColumnInTable('system', 'users', 'name')", "generateSerialID('x')", "icebergTruncate(1, 1)",
    "formatRow('Template', 1)", "fuzzQuery('SELECT 1')", "__getScalar('x')", "_CAST(1, 'String')", "aggThrowIf(0.5)(1, 1)",
    "aiGenerate('x', 'y')", "aiEmbed('x', 'y')", "noSuchFunction(1)", "flameGraph(1)", "eval('1')", "executable('x')",
    "CAST(unhex('00'), 'AggregateFunction(uniq, UInt8)')", "unhex('00')::AggregateFunction(uniq, UInt8)",
    "accurateCast(unhex('00'), concat('Aggregate', 'Function(uniq, UInt8)'))",
    "reinterpret(unhex('00'), 'AggregateFunction(uniq, UInt8)')",
]  # fmt: skip

TABLES = [
    "file('/etc/passwd')", "file('/etc/passwd', 'LineAsString')", "FILE('/etc/passwd')", "`file`('/etc/passwd')",
    '"file"(\'/etc/passwd\')', "file /* x */ ('/etc/passwd')", "file\n('/etc/passwd')", "url('http://127.0.0.1:{port}/')",
    "url('http://127.0.0.1:{port}/', CSV, 'a String')", "urlCluster('default', 'http://127.0.0.1:{port}/')",
    "s3('http://127.0.0.1:{port}/b/k')", "s3Cluster('default', 'http://127.0.0.1:{port}/b/k')",
    "gcs('http://127.0.0.1:{port}/b/k')", "oss('http://127.0.0.1:{port}/b/k')", "hdfs('hdfs://127.0.0.1:{port}/x')",
    "azureBlobStorage('http://127.0.0.1:{port}/', 'c', 'b')", "iceberg('http://127.0.0.1:{port}/b')",
    "icebergLocal('/tmp')", "deltaLake('http://127.0.0.1:{port}/b')", "deltaLakeLocal('/tmp')", "hudi('http://127.0.0.1:{port}/b')",
    "paimonLocal('/tmp')", "remote('127.0.0.1:{port}', system.one)", "remoteSecure('127.0.0.1:{port}', system.one)",
    "cluster('default', system.one)", "clusterAllReplicas('default', system, one)",
    "mysql('127.0.0.1:{port}', 'd', 't', 'u', 'p')", "postgresql('127.0.0.1:{port}', 'd', 't', 'u', 'p')",
    "mongodb('127.0.0.1:{port}', 'd', 'c', 'u', 'p', 'a String')", "redis('127.0.0.1:{port}', 'k', 'k String')",
    "sqlite('/tmp/x.db', 't')", "odbc('DSN=x', 'd', 't')", "jdbc('x', 'y', 'z')", "ytsaurus('127.0.0.1:{port}', 'x', 'y', 'a String')",
    "bigquery('x')", "arrowstream('x')", "executable('id', CSV, 'a String')", "python('print(1)')", "Python(x)",
    "merge('system', '.*')", "merge('.*')", "loop(system.users)", "loop(spans)", "dictionary('x')", "input('a String')",
    "format(CSV, 'a')", "fuzzQuery('SELECT 1')", "fuzzJSON('{{}}')", "eval('SELECT 1')", "filesystem('/etc')",
    "mergeTreeIndex('default', 'spans')", "mergeTreeProjection('default', 'spans', 'p')", "prometheusQuery('x', 'y')",
    "viewIfPermitted(SELECT 1 ELSE url('http://127.0.0.1:{port}/'))", "view(SELECT * FROM url('http://127.0.0.1:{port}/'))",
    "view(SELECT * FROM system.users)", "(EXPLAIN SELECT * FROM system.users)", "kql('x')", "generateRandom()", "null('a UInt8')",
    "system.users", "SYSTEM.users", "`system`.`users`", '"system"."users"', "system . users", "system/**/.users", "system.tables",
    "system.query_log", "system.processes", "system.settings", "system.disks", "system.databases", "information_schema.tables",
    "INFORMATION_SCHEMA.COLUMNS", "_temporary_and_external_tables.x", "other.spans",
]  # fmt: skip

STATEMENTS = [
    "SELECT 1 INTO OUTFILE '{out}'",
    "SELECT 1 INTO OUTFILE '{out}' TRUNCATE",
    "SELECT 1 INTO OUTFILE '{out}' APPEND AND STDOUT",
    "SELECT 1 into/**/outfile '{out}' COMPRESSION 'gzip' FORMAT CSV",
    "SELECT 1 UNION ALL SELECT 2 INTO OUTFILE '{out}'",
    "(SELECT 1) INTO OUTFILE '{out}'",
    "SELECT 1 FORMAT CSV",
    "SELECT 1 FORMAT JSONCompact",
    "SELECT 1 SETTINGS max_execution_time = 0",
    "SELECT * FROM (SELECT 1 SETTINGS max_execution_time = 0)",
    "SELECT 1 FORMAT CSV SETTINGS max_threads = 1",
    "INSERT INTO spans SELECT * FROM spans",
    "INSERT INTO FUNCTION file('{out}', CSV, 'a UInt8') SELECT 1",
    "INSERT INTO spans FROM INFILE '/etc/passwd' FORMAT CSV",
    "EXPLAIN SELECT 1",
    "EXPLAIN AST SELECT 1",
    "EXPLAIN SYNTAX SELECT * FROM url('http://127.0.0.1:{port}/')",
    "EXPLAIN ESTIMATE SELECT * FROM url('http://127.0.0.1:{port}/')",
    "DESCRIBE TABLE url('http://127.0.0.1:{port}/')",
    "DESCRIBE spans",
    "SHOW TABLES",
    "SHOW CREATE TABLE spans",
    "SHOW PROCESSLIST",
    "EXISTS TABLE spans",
    "CHECK TABLE spans",
    "SET max_execution_time = 0",
    "SET readonly = 0",
    "USE system",
    "CREATE TABLE x (a UInt8) ENGINE = Memory",
    "CREATE FUNCTION f AS x -> file(x)",
    "CREATE TEMPORARY TABLE x (a UInt8)",
    "DROP TABLE spans",
    "TRUNCATE TABLE spans",
    "ALTER TABLE spans DELETE WHERE 1",
    "DELETE FROM spans WHERE 1",
    "UPDATE spans SET name = '' WHERE 1",
    "OPTIMIZE TABLE spans",
    "RENAME TABLE spans TO x",
    "SYSTEM SHUTDOWN",
    "SYSTEM DROP MARK CACHE",
    "KILL QUERY WHERE 1",
    "BACKUP TABLE spans TO File('{out}')",
    "ATTACH DATABASE x ENGINE = Filesystem('/etc')",
    "GRANT ALL ON *.* TO default",
    "SELECT 1 PARALLEL WITH SELECT 2",
    "BEGIN TRANSACTION",
]

UNREADABLE = [
    "",
    " ",
    "-- nothing",
    ";",
    "SELECT 1; SELECT 2",
    "SELECT 1; DROP TABLE spans",
    "SELECT 1;; SELECT 2",
    "SELECT 1 /* ; */ ; SELECT * FROM url('http://127.0.0.1:{port}/')",
    "SELECT 1 -- \n; SELECT 2",
    "SELECT 1 /*",
    "SELECT 1) UNION ALL SELECT * FROM (SELECT 2",
    "') , file('/etc/passwd') AS x --",
    "SELECT 1\0; SELECT 2",
    "SELECT",
    "SELECT 1 FROM",
    "SELECT ((((",
    "SELECT " + "(" * 2000 + "1" + ")" * 2000,
    "SELECT '" + "x" * 300_000 + "'",
    "SELECT " + "1+" * 20_000 + "1",
]


@pytest.fixture(scope="module")
def socket_port() -> Iterator[int]:
    """A port that must not hear anything."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.fixture
def outfile(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "out"
    yield path
    assert not path.exists()


@pytest.mark.parametrize("sql", ORDINARY)
def test_an_ordinary_query_passes_and_runs_as_the_same(engine: Engine, sql: str) -> None:
    statement = guard.check(engine, sql)
    assert guard.check(engine, statement) == statement
    assert engine.query_guarded(statement).rows == engine.query(sql.rstrip("; ")).rows


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("function", ["file('/etc/passwd')", "currentUser()", "(SELECT max(name) FROM system.users)"])
def test_nothing_hides_in_any_place(engine: Engine, place: str, function: str) -> None:
    with pytest.raises(QueryRefused, match="is not allowed"):
        guard.check(engine, place.replace("{}", function))


@pytest.mark.parametrize("place", PLACES)
def test_an_ordinary_function_stands_in_any_place(engine: Engine, place: str) -> None:
    assert "length('a')" in guard.check(engine, place.replace("{}", "length('a')"))


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_that_does_more_than_compute_is_refused(engine: Engine, function: str) -> None:
    with pytest.raises(QueryRefused, match=r"not allowed|written out"):
        guard.check(engine, f"SELECT {function}")


@pytest.mark.parametrize("name", ["file", "currentUser", "aggThrowIf", "hostname"])
def test_a_function_named_in_apply_is_refused(engine: Engine, name: str) -> None:
    with pytest.raises(QueryRefused, match=f"The function {name} is not allowed"):
        guard.check(engine, f"SELECT * APPLY({name}) FROM spans")


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    "place",
    ["SELECT * FROM {}", "SELECT 1 IN (SELECT 1 FROM {})", "SELECT 1 FROM spans AS a LEFT JOIN {} AS b ON 1 = 1",
     "WITH a AS (SELECT * FROM {}) SELECT * FROM a", "SELECT 1 UNION ALL SELECT 1 FROM {}", "SELECT (SELECT 1 FROM {})"],
)  # fmt: skip
def test_a_table_that_is_not_ours_is_refused(engine: Engine, table: str, place: str, socket_port: int) -> None:
    with pytest.raises(QueryRefused, match="is not allowed"):
        guard.check(engine, place.replace("{}", table.format(port=socket_port)))


@pytest.mark.parametrize(
    "right",
    ["system.users", "`system`.`users`", "url('http://127.0.0.1:{port}/')", "remote('127.0.0.1:{port}', system.one)",
     "`/etc/passwd`", "format(CSV, 'a')", "(system.users)", "other.spans"],
)  # fmt: skip
@pytest.mark.parametrize("operator", ["IN", "NOT IN", "GLOBAL IN", "GLOBAL NOT IN"])
def test_a_table_on_the_right_of_in_is_refused(engine: Engine, operator: str, right: str, socket_port: int) -> None:
    with pytest.raises(QueryRefused, match="not allowed"):
        guard.check(engine, f"SELECT 1 {operator} {right.format(port=socket_port)}")


@pytest.mark.parametrize("function", ["in", "notIn", "nullIn", "globalNotNullIn", "inIgnoreSet", "IN", "globalIn"])
def test_in_written_as_a_function_is_seen(engine: Engine, function: str) -> None:
    with pytest.raises(QueryRefused, match="not allowed"):
        guard.check(engine, f"SELECT {function}(1, system.users)")


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../../etc/passwd", "pyproject.toml", "README", "http://127.0.0.1/x.csv"]
)
@pytest.mark.parametrize("table", ["`{}`", "default.`{}`", '"{}"'])
def test_a_file_is_not_a_table(engine: Engine, table: str, name: str) -> None:
    """chDB's database `default` would read files by name, were it not for this check and for read-only mode."""
    with pytest.raises(QueryFailed, match="There is no table"):
        guard.check(engine, f"SELECT * FROM {table.format(name)}")


def test_a_mistyped_table_is_named(engine: Engine) -> None:
    with pytest.raises(QueryFailed, match=r"There is no table 'span'. Did you mean spans\?"):
        guard.check(engine, "SELECT * FROM span")


@pytest.mark.parametrize("sql", STATEMENTS)
def test_only_a_plain_select_passes(engine: Engine, sql: str, outfile: Path, socket_port: int) -> None:
    with pytest.raises(QueryRefused, match=r"Only one SELECT|is not allowed"):
        guard.check(engine, sql.format(out=outfile, port=socket_port))


@pytest.mark.parametrize("sql", UNREADABLE, ids=lambda sql: repr(sql[:30]))
def test_what_is_not_one_statement_fails_without_our_own_sql_in_the_message(
    engine: Engine, sql: str, socket_port: int
) -> None:
    with pytest.raises(QueryFailed) as failed:
        guard.check(engine, sql.replace("{port}", str(socket_port)))
    assert "formatQuerySingleLine" not in str(failed.value)


def test_comments_are_gone_from_what_runs(engine: Engine) -> None:
    assert guard.check(engine, "SELECT /* a */ 1 -- b\n # c\n + 2;") == "SELECT 1 + 2"


@pytest.mark.parametrize("kind", ["Identifier", " identifier ", "AggregateFunction(uniq, UInt8)"])
def test_a_parameter_is_a_value(engine: Engine, kind: str) -> None:
    with pytest.raises((QueryRefused, QueryFailed)):
        guard.check(engine, f"SELECT {{x:{kind}}}", {"x": "system"})
    with pytest.raises((QueryRefused, QueryFailed)):
        guard.check(engine, f"SELECT * FROM {{x:{kind}}}.users", {"x": "system"})


@pytest.mark.parametrize(
    ("sql", "parameters", "message"),
    [
        ("SELECT {x:UInt8}", {}, "has no value"),
        ("SELECT 'a%(x)s'", {"x": ", file('/etc/passwd') --"}, "is not in the statement"),
        ("SELECT '%s'", {"x": 1}, "is not in the statement"),
        ("SELECT '{x:String}'", {"x": "'"}, "is not in the statement"),
        ("SELECT {x:UInt8}", {"x": 1, "$y$": "SELECT"}, "is not in the statement"),
        ("SELECT {x:UInt8}", {"x": 1, "param_x": 2}, "is not in the statement"),
    ],
)
def test_parameters_fit_exactly(engine: Engine, sql: str, parameters: dict[str, object], message: str) -> None:
    with pytest.raises(QueryFailed, match=message):
        guard.check(engine, sql, parameters)


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT * FROM spans WHERE trace_id = {t:String}", True),
        (
            "SELECT name, cost_usd FROM spans WHERE tenant IN ('a', 'b') AND NOT billable ORDER BY started_at LIMIT 9",
            True,
        ),
        ("SELECT arrayJoin([1, 2])", False),
        ("SELECT * FROM spans WHERE arrayJoin([1, 2]) = 1", False),
        ("SELECT name, unnest([1, 2]) FROM spans", False),
        ("SELECT name FROM spans ARRAY JOIN [1, 2] AS two", False),
        ("SELECT * FROM (SELECT arrayJoin([1, 2]))", False),
        ("SELECT * FROM numbers(9)", False),
        ("SELECT started_at FROM spans ORDER BY started_at WITH FILL", False),
        (f"SELECT * FROM spans WHERE name = '{'long' * 3000}'", False),
    ],
)
def test_rows_that_are_read_are_told_from_rows_that_are_made(engine: Engine, sql: str, expected: bool) -> None:
    assert guard.only_reads(engine, sql) is expected


@pytest.mark.parametrize(
    "value", ["'; DROP TABLE spans --", "\\'", "a\tb\nc", "%(x)s", "{x:String}", "\0", "é☃", "\\N"]
)
def test_a_value_comes_back_as_it_was(engine: Engine, value: str) -> None:
    statement = guard.check(engine, "SELECT {x:String}, '%(x)s'", {"x": value})
    assert engine.query_guarded(statement, {"x": value}).rows == [[value, "%(x)s"]]


def test_every_function_of_the_engine_is_judged_by_its_category(engine: Engine) -> None:
    known = {name for (name,) in engine.rows("SELECT name FROM system.functions")}
    made_by_the_parser = {"lambda", "exists", "grouping", "untuple", "caseWithExpression"}
    assert made_by_the_parser >= guard.FUNCTIONS_BESIDE - known
    assert known >= guard.FUNCTIONS_REFUSED
    categories = {category for (category,) in engine.rows("SELECT DISTINCT toString(categories) FROM system.functions")}
    assert categories >= guard.CATEGORIES
    combinators = {
        name for (name,) in engine.rows("SELECT name FROM system.aggregate_function_combinators WHERE NOT is_internal")
    }
    assert combinators == set(guard.COMBINATORS)


def test_only_format_is_both_a_function_and_a_table_function(engine: Engine) -> None:
    """`x IN f(…)` is read as a table function where there is one: those must be refused there by name."""
    both = engine.rows("SELECT name FROM system.table_functions WHERE name IN (SELECT name FROM system.functions)")
    refused = {"file", "fuzzQuery"}
    assert {name for (name,) in both} - refused == {"format"}
