"""The one door to ClickHouse: chDB in the data directory, or a server by URL, through clickhouse-connect.

Errors of the driver leave here as `EngineUnavailable` (it may work later) or `QueryFailed` (it will not).
"""

from __future__ import annotations

import copy
import inspect
import logging
import queue
import shutil
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit

import clickhouse_connect
from clickhouse_connect import common
from clickhouse_connect.driver.binding import quote_identifier
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.httpclient import HttpClient

from spanledger.access.filters import settings_of
from spanledger.access.scope import Scope, of_request
from spanledger.answers import BY_COLUMN, BY_ROW, Answer, ColumnAnswer, by_column, by_row
from spanledger.asker import Asker, signed
from spanledger.engine_errors import mapped
from spanledger.engine_stream import stream
from spanledger.errors import BadSetting, QueryFailed, QueryRefused, SpanledgerError
from spanledger.ownership import Ownership
from spanledger.settings import MIB, Settings
from spanledger.sql import literal, read

POOL_SIZE = 8
"""Idle handles kept open."""
MOST_SCOPES = 64
"""Scopes whose handles are kept open; those of the one that was asked longest ago are closed."""
AROUND = frozenset({"limit"})
"""The bound that puts a second SELECT around the statement, at 50 µs a column (ADR 33)."""
OF_ANSWERS = frozenset({"max_result_rows"}) | AROUND
"""Bounds of what is answered at once; a stream has none."""
STORED_TABLES = Path(__file__).parent / "access" / "stored_tables.sql"
EXPORTS = "exports"
"""Folder of files on their way out."""
KILL = Path(__file__).with_name("kill.sql")

UNKNOWN_DATABASE = 81

TALKATIVE_LOGGERS = ("clickhouse_connect.driver", "urllib3.connectionpool")
"""They log each retry with its URL, which holds the statement's parameters; the error that follows says what counts."""

UTC = {"session_timezone": "UTC"}
"""Times without a zone are UTC, also on a machine that lives elsewhere: parameters of windows have none."""

CACHE_BYTES = {"mark_cache_size": 64 * MIB, "primary_index_cache_size": 64 * MIB, "index_mark_cache_size": 64 * MIB}
"""The embedded engine's caches. ClickHouse's own defaults (5 GiB each) are for a machine of its own."""

QUIET = {
    "memory_worker_period_ms": 250,
    "background_processing_pool_thread_sleep_seconds_if_nothing_to_do": 2,
    "background_streaming_processing_pool_thread_sleep_seconds_if_nothing_to_do": 60,
}
"""How often the embedded engine looks for work that nobody gave it: by itself at its memory 20 times a second, and at
each of 45 tables twice in 0.1 s, more seldom the longer nothing comes. An insert starts its table's merges at once,
whatever these say; nothing here reads a stream of rows."""

BOTH_THREADS = {"max_threads_min_free_memory_per_thread": 128 * MIB}
"""The engine gives a statement fewer threads where less than this is free for each: 1 GiB by itself, which an embedded
one never has. Statements that write keep to that, and so to one thread: their blocks have an order."""


LARGE_BLOCKS = {"max_block_size": 131_072, "preferred_block_size_bytes": 8 * MIB}
"""Of statements that group millions of rows by one key: for each block the engine looks up every value of it anew, so
larger ones take a fifth less. Its own bound of 1 MiB is for wide rows, of which memory holds few."""

Kind = tuple[Scope | None, frozenset[str], bool]
"""What handles that read are bound to: the rows of a scope, answers of any number of rows, large blocks."""


class _Pool:
    """Client handles to one engine. A handle runs one statement at a time; more are opened when all are busy."""

    def __init__(self, connect: Callable[[], Client], *, limits_are_final: bool = False) -> None:
        self._connect = connect
        self._limits_are_final = limits_are_final
        self._idle: queue.LifoQueue[Client] = queue.LifoQueue(POOL_SIZE)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A handle for one statement; one that met an error is not used again."""
        with mapped(self._limits_are_final):
            try:
                client = self._idle.get_nowait()
            except queue.Empty:
                client = self._connect()
            try:
                yield client
            except BaseException:  # chDB keeps what a failed query had written and puts it before the next answer
                client.close()
                raise
            else:
                self._give_back(client)

    def _give_back(self, client: Client) -> None:
        try:
            self._idle.put_nowait(client)
        except queue.Full:
            client.close()

    def close(self) -> None:
        """Close the idle handles; one in use is closed by its user's `with`."""
        while True:
            try:
                self._idle.get_nowait().close()
            except queue.Empty:
                return


class Engine:
    """One ClickHouse, embedded or a server. Thread-safe.

    For a request that has a scope (`spanledger.access.scope`) all is read through handles whose settings filter every
    table; such a request changes nothing.
    """

    def __init__(self, settings: Settings, ownership: Ownership | None = None) -> None:
        self._ownership = ownership
        self.embedded = settings.embedded
        self._connect = _connector(settings)
        self._limits = reader_limits(settings)
        self._open = _Pool(self._connect)
        self._bounded: OrderedDict[Kind, _Pool] = OrderedDict()
        self._lock = threading.Lock()
        self._files = settings.data_dir / EXPORTS if settings.embedded else None
        self._before: Callable[[], None] = _at_once

    def after(self, wait: Callable[[], None]) -> Engine:
        """The same engine for work that can wait: a statement that changes something begins when `wait` returns."""
        patient = copy.copy(self)
        patient._before = wait
        return patient

    def query(
        self, sql: str, parameters: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> Answer:
        """The rows of one SELECT of ours; `{name:Type}` in the SQL is bound from `parameters`."""
        return _answer(self._reading(), sql, parameters, _free(settings))

    def columns(
        self, sql: str, parameters: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> ColumnAnswer:
        """The same rows by column."""
        return by_column(_raw(self._reading(), sql, parameters, _free(settings), BY_COLUMN))

    def rows(self, sql: str, parameters: Mapping[str, Any] | None = None) -> list[list[Any]]:
        """Only the rows of `query`."""
        return self.query(sql, parameters).rows

    def query_guarded(
        self, sql: str, parameters: Mapping[str, Any] | None = None, *, only_reads: bool = False
    ) -> Answer:
        """The rows of a SELECT from outside: read-only, bounded, its settings locked.

        The engine's read-only mode alone does not stop INTO OUTFILE or reading system tables: `spanledger.guard`
        must have passed the statement first. `only_reads`: so `guard.only_reads` says, or we wrote it so; such rows
        are bounded at less cost.
        """
        return _answer(self._guarded(AROUND if only_reads else frozenset()), sql, parameters)

    def scan_guarded(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Answer:
        """The rows of such a SELECT that reads a few columns of millions of rows for figures of all of them."""
        return _answer(self._guarded(large=True), sql, parameters)

    def columns_guarded(self, sql: str, parameters: Mapping[str, Any]) -> ColumnAnswer:
        """The rows of a statement of ours that only reads by column, for answers of thousands of rows."""
        return by_column(_raw(self._guarded(AROUND), sql, parameters, None, BY_COLUMN))

    def stream(self, sql: str, parameters: Mapping[str, Any] | None, form: str) -> Iterator[bytes]:
        """The rows of such a SELECT as bytes of a format of ClickHouse, piece by piece, in any number."""
        with self._guarded(OF_ANSWERS).client() as client:
            yield from stream(client, self._files, signed(sql), parameters or {}, form)

    def cancel(self, asker: Asker) -> None:
        """End what runs for a request, and let it begin nothing more."""
        asker.left = True
        with self._open.client() as client:
            client.command(read(KILL), parameters={"mark": asker.mark})

    def command(
        self, sql: str, parameters: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
    ) -> None:
        """Run a statement that returns nothing; one with `settings` has no SETTINGS of its own."""
        self._before()
        with self._changing().client() as client:
            client.command(_with(sql, settings), parameters=dict(parameters or {}))

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """Insert a few rows from Python."""
        with self._changing().client() as client:
            client.insert(table, rows, column_names=list(columns))

    def insert_raw(self, table: str, body: bytes | BinaryIO, form: str, settings: Mapping[str, Any]) -> None:
        """Insert bytes that the engine decodes itself; `form` is a ClickHouse format, e.g. `ProtobufSingle`."""
        with self._changing().client() as client:
            client.raw_insert(table, insert_block=body, settings=dict(settings), fmt=form)

    def insert_file(self, table: str, path: Path, form: str, settings: Mapping[str, Any]) -> None:
        """The same for a file. The embedded engine reads it where it lies; to a server it is streamed."""
        if self.embedded and not set(str(path)) & set("*?{}"):  # which would be patterns
            source = f"INFILE {literal(str(path.resolve()))} COMPRESSION 'none'"
            self.command(f"{_with(f'INSERT INTO {table} FROM {source}', settings)} FORMAT {form}")
            return
        with path.open("rb") as file:
            self.insert_raw(table, file, form, settings)

    def _reading(self) -> _Pool:
        """Handles for a statement of ours that reads."""
        return self._guarded() if of_request() else self._open

    def _changing(self) -> _Pool:
        """Handles for a statement that changes something; QueryRefused within a scope."""
        if of_request():
            raise QueryRefused("A key that is held to some tenants reads; it can't change anything.")
        return self._open

    def _guarded(self, without: frozenset[str] = frozenset(), *, large: bool = False) -> _Pool:
        """Handles that read within bounds, but those in `without`, and see only the rows of the request's scope."""
        kind = (of_request(), without, large)
        with self._lock:
            pool = self._bounded.pop(kind, None) or self._bound(*kind)
            self._bounded[kind] = pool
            if len(self._bounded) > MOST_SCOPES:
                self._bounded.popitem(last=False)[1].close()
        return pool

    def _bound(self, scope: Scope | None, without: frozenset[str], large: bool) -> _Pool:
        stored = [name for [name] in _answer(self._open, read(STORED_TABLES)).rows] if scope else []
        limits = {name: value for name, value in self._limits.items() if name not in without}
        held = {**(settings_of(scope, stored) if scope else {}), **(LARGE_BLOCKS if large else {}), **limits}
        return _Pool(lambda: _set(self._connect(), held), limits_are_final=True)

    def announce(self, address: str) -> None:
        """Tell other processes, by the lock file, at which base URL this one answers."""
        if self._ownership:
            self._ownership.announce(address)

    def close(self) -> None:
        """Close all handles and give the data directory free."""
        for pool in (*self._bounded.values(), self._open):
            pool.close()
        if self._ownership:
            self._ownership.release()


def _at_once() -> None:
    """No wait before a statement."""


def open_engine(settings: Settings, *, role: str) -> Engine:
    """The engine that `settings` name. `role` tells others who holds an embedded data directory.

    Raises DataDirectoryBusy when another process owns it, EngineUnavailable when a server is away.
    """
    common.set_setting("autogenerate_session_id", False)
    ownership = None
    if settings.embedded:
        ownership = Ownership.take(settings.data_dir / "engine.lock", role)
        (settings.data_dir / "engine").mkdir(exist_ok=True)
        shutil.rmtree(settings.data_dir / EXPORTS, ignore_errors=True)  # of a process that was killed
    else:
        for name in TALKATIVE_LOGGERS:
            logging.getLogger(name).setLevel(logging.ERROR)
    engine = Engine(settings, ownership)
    try:
        _greet(engine, settings)
    except SpanledgerError:
        engine.close()
        raise
    return engine


def _greet(engine: Engine, settings: Settings) -> None:
    """A first statement. The database that the URL of a server names is made when it isn't there."""
    try:
        engine.command("SELECT 1")
    except QueryFailed as error:
        if settings.embedded or error.code != UNKNOWN_DATABASE:
            raise
        _make_database(settings)
        engine.command("SELECT 1")


def _make_database(settings: Settings) -> None:
    url = settings.clickhouse_url.get_secret_value()
    name = unquote(urlsplit(url).path.strip("/"))
    try:
        with _Pool(lambda: clickhouse_connect.get_client(dsn=url, database="system")).client() as client:
            client.command(f"CREATE DATABASE IF NOT EXISTS {quote_identifier(name)}")
    except QueryFailed as error:
        raise QueryFailed(
            f"The server has no database {name!r}, which SPANLEDGER_CLICKHOUSE_URL names, and this user can't make it: "
            f"{error} Create it, or grant CREATE DATABASE.",
            error.code,
        ) from error


def reader_limits(settings: Settings) -> dict[str, Any]:
    """Bounds of one statement from outside. `readonly` comes last: after it no setting can be changed."""
    return {
        **(BOTH_THREADS if settings.embedded else {}),
        "max_execution_time": settings.query_max_seconds,
        "timeout_overflow_mode": "throw",
        "max_memory_usage": settings.query_max_memory_bytes,
        "max_result_rows": settings.query_max_rows,
        "result_overflow_mode": "throw",
        "limit": settings.query_max_rows + 1,  # max_result_rows does not see an arrayJoin over constants
        "max_rows_to_read": settings.query_max_rows_read,
        "max_threads": settings.engine_threads,
        "use_skip_indexes_on_data_read": 0,  # asked before reading: with 100 columns a reader is dear
        "max_ast_elements": 10_000,
        "max_expanded_ast_elements": 100_000,
        "readonly": 1,
    }


def _connector(settings: Settings) -> Callable[[], Client]:
    if not settings.embedded:
        url = _checked_url(settings)
        return lambda: _set(
            clickhouse_connect.get_client(
                dsn=url, connect_timeout=5, send_receive_timeout=300, show_clickhouse_errors="scrub"
            ),
            UTC,
        )
    path = (settings.data_dir / "engine").resolve()
    options = {
        "max_server_memory_usage": settings.engine_max_memory_bytes,
        **CACHE_BYTES,
        **QUIET,
    }
    defaults = {**UTC, "max_threads": settings.engine_threads}
    return lambda: _set(clickhouse_connect.get_client(interface="chdb", path=str(path), chdb_options=options), defaults)


def _checked_url(settings: Settings) -> str:
    """The URL of the server. BadSetting when it is none; the message has no part of it, for it holds a password."""
    url = settings.clickhouse_url.get_secret_value()
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is none: for the most part a / in the password
        fine = False
    if not fine:
        raise BadSetting(
            "SPANLEDGER_CLICKHOUSE_URL is not of the form http://user:password@host:8123/database (or https://). "
            "In user and password write @ as %40, : as %3A, / as %2F, ? as %3F, # as %23 and % as %25."
        )
    options = parse_qs(parts.query, keep_blank_values=True).keys()
    if unknown := sorted(options - inspect.signature(HttpClient).parameters.keys()):
        raise BadSetting(
            f"SPANLEDGER_CLICKHOUSE_URL has an option that clickhouse-connect does not know: {unknown[0]}."
        )
    return url


def _set(client: Client, settings: Mapping[str, Any]) -> Client:
    for name, value in settings.items():
        client.set_client_setting(name, value)
    return client


def _answer(
    pool: _Pool, sql: str, parameters: Mapping[str, Any] | None = None, settings: Mapping[str, Any] | None = None
) -> Answer:
    return by_row(_raw(pool, sql, parameters, settings, BY_ROW))


def _raw(
    pool: _Pool, sql: str, parameters: Mapping[str, Any] | None, settings: Mapping[str, Any] | None, form: str
) -> bytes:
    with pool.client() as client:
        return client.raw_query(signed(_with(sql, settings)), parameters=dict(parameters or {}), fmt=form)


def _free(settings: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    """Settings of a statement of ours; within a scope none can be changed, and its bounds hold."""
    return None if of_request() else settings


def _with(sql: str, settings: Mapping[str, Any] | None) -> str:
    """A statement with its settings. The embedded driver would read, set and reset each by a statement of its own,
    which takes two milliseconds a setting."""
    clause = ", ".join(f"{name} = {literal(str(value))}" for name, value in (settings or {}).items())
    return f"{sql}\nSETTINGS {clause}" if clause else sql
