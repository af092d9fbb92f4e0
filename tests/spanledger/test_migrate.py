"""Migrations: once, in order, after a kill, and never edited."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from spanledger.engine import Engine
from spanledger.errors import MigrationFailed
from spanledger.migrate import migrate, pending, read_migrations, split_statements


@pytest.fixture
def scratch(engine: Engine) -> Iterator[Engine]:
    """The engine with an own, empty table of migrations."""
    engine.command("RENAME TABLE migrations TO migrations_kept")
    yield engine
    engine.command("DROP TABLE IF EXISTS migrations SYNC")
    engine.command("RENAME TABLE migrations_kept TO migrations")
    for table in ("scratch_a", "scratch_b"):
        engine.command(f"DROP TABLE IF EXISTS {table} SYNC")


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text)


def table(name: str) -> str:
    return f"CREATE TABLE IF NOT EXISTS {name} (x UInt8) ENGINE = MergeTree ORDER BY x;\n"


def test_each_runs_once_and_in_order(scratch: Engine, tmp_path: Path) -> None:
    write(tmp_path, "0001_one.sql", "-- a comment; with a semicolon\n" + table("scratch_a"))
    write(tmp_path, "0002_two.sql", table("scratch_b") + "INSERT INTO scratch_b SELECT 1;\n")
    assert pending(scratch, tmp_path) == 2
    assert [migration.name for migration in migrate(scratch, tmp_path)] == ["one", "two"]
    assert list(migrate(scratch, tmp_path)) == []
    assert pending(scratch, tmp_path) == 0
    assert scratch.rows("SELECT count() FROM scratch_b") == [[1]]


def test_one_that_was_killed_half_way_starts_again(scratch: Engine, tmp_path: Path) -> None:
    write(tmp_path, "0001_two_tables.sql", table("scratch_a") + "SELECT throwIf(1);\n" + table("scratch_b"))
    with pytest.raises(MigrationFailed, match="0001_two_tables, statement 2 of 3"):
        list(migrate(scratch, tmp_path))
    assert scratch.rows("EXISTS TABLE scratch_a") == [[1]]
    (tmp_path / "0001_two_tables.sql").unlink()
    write(tmp_path, "0001_mended.sql", table("scratch_a") + table("scratch_b"))
    assert [migration.name for migration in migrate(scratch, tmp_path)] == ["mended"]


def test_an_engine_that_does_not_know_a_setting_is_too_old(scratch: Engine, tmp_path: Path) -> None:
    write(tmp_path, "0001_one.sql", table("scratch_a") + "ALTER TABLE scratch_a MODIFY SETTING of_the_future = 1;\n")
    with pytest.raises(MigrationFailed, match=r"of_the_future.*A ClickHouse server has to be 26\.9 or later\."):
        list(migrate(scratch, tmp_path))


def test_an_edited_one_is_refused(scratch: Engine, tmp_path: Path) -> None:
    write(tmp_path, "0001_one.sql", table("scratch_a"))
    list(migrate(scratch, tmp_path))
    other = tmp_path / "edited"
    other.mkdir()
    write(other, "0001_one.sql", table("scratch_a") + "-- more\n")
    with pytest.raises(MigrationFailed, match="0001_one has changed since it ran"):
        list(migrate(scratch, other))


def test_data_of_a_newer_version_is_refused(scratch: Engine, tmp_path: Path) -> None:
    write(tmp_path, "0001_one.sql", table("scratch_a"))
    write(tmp_path, "0002_two.sql", table("scratch_b"))
    list(migrate(scratch, tmp_path))
    older = tmp_path / "older"
    older.mkdir()
    write(older, "0001_one.sql", table("scratch_a"))
    with pytest.raises(MigrationFailed, match="written by a newer spanledger"):
        list(migrate(scratch, older))


@pytest.mark.parametrize("names", [["0002_a.sql"], ["0001_a.sql", "0003_b.sql"], ["1_a.sql"]])
def test_numbers_have_no_gap(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        write(tmp_path, name, "SELECT 1;\n")
    with pytest.raises(MigrationFailed):
        read_migrations(tmp_path)


def test_the_shipped_ones_are_numbered_and_repeatable() -> None:
    for migration in read_migrations():
        for statement in migration.statements:
            assert re.search(r"IF (NOT )?EXISTS|OR REPLACE|MODIFY (SETTING|COLUMN)", statement), (
                f"{migration.name}: {statement[:80]}"
            )


def test_a_semicolon_inside_a_line_ends_nothing() -> None:
    assert split_statements("SELECT ';' AS a;\n-- x;\nSELECT 2\n;\n") == ("SELECT ';' AS a", "SELECT 2")
