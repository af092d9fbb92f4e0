"""The one door to ClickHouse: answers, bound values, errors told apart, limits."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from clickhouse_connect.driver import exceptions
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError, OperationalError

from spanledger.engine import Engine, open_engine
from spanledger.engine_errors import LIMIT_CODES, RETRYABLE_CODES, map_error
from spanledger.errors import (
    DataDirectoryBusy,
    EngineUnavailable,
    LimitExceeded,
    Permanent,
    QueryFailed,
    Retryable,
    SpanledgerError,
)
from spanledger.settings import MIB, Settings


def test_an_answer_has_columns_rows_and_cost(engine: Engine) -> None:
    answer = engine.query("SELECT number AS n, toString(number) AS s FROM numbers(3)")
    assert answer.columns == [("n", "UInt64"), ("s", "String")]
    assert answer.rows == [[0, "0"], [1, "1"], [2, "2"]]
    assert answer.rows_read == 3
    assert answer.elapsed_ms > 0


@pytest.mark.parametrize("value", ["it's", "a\\b", "\n\t", "{x:String}", "%s", "naïve ✓", ""])
def test_text_is_bound_not_spliced(engine: Engine, value: str) -> None:
    assert engine.rows("SELECT {value:String}", {"value": value}) == [[value]]


@pytest.mark.parametrize("path", ["plain.bin", "it's.bin", "a b\\c.bin"])
def test_a_file_is_inserted_whatever_its_name(engine: Engine, tmp_path: Path, path: str) -> None:
    engine.command("CREATE TABLE IF NOT EXISTS lines (text String) ENGINE = Memory")
    file = tmp_path / path
    file.write_text("one\ntwo\n")
    engine.insert_file("lines", file, "LineAsString", {"max_threads": 1, "log_comment": "it's \\"})
    engine.insert_raw("lines", b"three\n", "LineAsString", {})
    assert engine.rows("SELECT text FROM lines ORDER BY text") == [["one"], ["three"], ["two"]]
    engine.command("DROP TABLE lines")


def test_a_wrong_statement_is_permanent(engine: Engine) -> None:
    with pytest.raises(QueryFailed) as error:
        engine.rows("SELECT nothing")
    assert error.value.code == 47
    assert isinstance(error.value, Permanent)


def test_a_limit_is_final_for_queries_from_outside_only() -> None:
    error = DatabaseError("Code: 241. DB::Exception: memory", code=241)
    assert isinstance(map_error(error, limits_are_final=True), LimitExceeded)
    assert isinstance(map_error(error, limits_are_final=False), EngineUnavailable)


@pytest.mark.parametrize("code", sorted(RETRYABLE_CODES))
def test_retryable_codes(code: int) -> None:
    assert isinstance(map_error(DatabaseError("x", code=code), limits_are_final=False), Retryable)


@pytest.mark.parametrize("code", [6, 27, 33, 47, 60, 62, 164, 395, 497, 516])
def test_permanent_codes(code: int) -> None:
    assert isinstance(map_error(DatabaseError("x", code=code), limits_are_final=False), Permanent)


def test_a_broken_connection_is_retryable() -> None:
    assert isinstance(map_error(OperationalError("refused"), limits_are_final=False), EngineUnavailable)


def test_every_error_of_the_driver_is_mapped() -> None:
    kinds = [kind for _, kind in inspect.getmembers(exceptions, inspect.isclass) if issubclass(kind, ClickHouseError)]
    assert len(kinds) > 8
    for kind in kinds:
        words_itself = kind is exceptions.StreamClosedError
        error = kind() if words_itself else kind("x")
        assert isinstance(map_error(error, limits_are_final=False), SpanledgerError), kind


def test_limit_codes_are_named_once() -> None:
    assert {159, 160, 241} == LIMIT_CODES & RETRYABLE_CODES


def test_queries_run_side_by_side(engine: Engine) -> None:
    started = threading.Barrier(4)
    found = []

    def ask(number: int) -> None:
        started.wait()
        found.append(engine.rows(f"SELECT {number}, sum(sipHash64(number)) FROM numbers(3000000)")[0][0])

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0, 1, 2, 3]


def test_a_reader_has_the_threads_that_are_set(engine: Engine) -> None:
    plan = engine.query_guarded("EXPLAIN PIPELINE SELECT number % 7 AS k, count() FROM numbers_mt(10000000) GROUP BY k")
    assert "NumbersRange × 2 0 → 1" in plan.rows[-1][0], "free memory must not make it one"


def test_what_only_reads_has_no_limit_around_it(engine: Engine, settings: Settings) -> None:
    most = settings.query_max_rows
    made, read = f"SELECT arrayJoin(range({most} + 9))", f"SELECT number FROM numbers({most} + 9)"
    with pytest.raises(LimitExceeded):
        engine.query_guarded(made)
    assert len(engine.query_guarded(made, only_reads=True).rows) == most + 9, "which is why the guard has to tell"
    with pytest.raises(LimitExceeded):
        engine.query_guarded(read, only_reads=True)


def test_scans_have_large_blocks_within_the_bounds_of_readers(engine: Engine) -> None:
    asked = "SELECT getSetting('preferred_block_size_bytes'), getSetting('readonly'), getSetting('max_memory_usage')"
    [[wide, *held]], [[large, *of_scans]] = engine.query_guarded(asked).rows, engine.scan_guarded(asked).rows
    assert int(wide) < int(large) == 8 * MIB
    assert of_scans == held


def test_a_second_owner_of_the_directory_is_refused(engine: Engine, settings: Settings) -> None:
    assert engine.rows("SELECT 1") == [[1]]
    with pytest.raises(DataDirectoryBusy, match="in use by `spanledger tests`"):
        open_engine(settings, role="second")


def test_a_server_that_is_away_is_retryable(settings: Settings) -> None:
    away = settings.model_copy(update={"clickhouse_url": type(settings.clickhouse_url)("http://u:secret@127.0.0.1:9/")})
    with pytest.raises(EngineUnavailable) as error:
        open_engine(away, role="tests")
    assert "secret" not in str(error.value)


def test_the_engine_writes_no_logs_of_its_own(engine: Engine) -> None:
    tables = engine.rows("SELECT name FROM system.tables WHERE database = 'system' AND name LIKE '%\\_log'")
    assert [name for [name] in tables if name != "user_query_log"] == []


def test_times_without_a_zone_are_utc_wherever_the_machine_is(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from spanledger.engine import open_engine; "
        "from spanledger.settings import Settings; "
        "engine = open_engine(Settings(data_dir=Path(sys.argv[1])), role='test'); "
        "read = 'SELECT toUnixTimestamp({at:DateTime64(3)}), timezone()'; at = {'at': '2026-01-01 00:00:00'}; "
        "print(engine.rows(read, at), engine.query_guarded(read, at).rows); engine.close()"
    )
    environ = {**os.environ, "TZ": "America/New_York"}
    command = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert done.stdout.count("1767225600") == 2, done.stderr
