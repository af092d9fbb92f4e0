"""Views between the stations of a span: made, kept, replaced, brought back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from spanledger.engine import Engine
from spanledger.errors import MigrationFailed
from spanledger.settings import Settings
from spanledger.views import apply_views, read_views


@pytest.fixture
def folder(engine: Engine, tmp_path: Path) -> Iterator[Path]:
    """A folder of views from `scratch_in` to `scratch_out`, with an own table of those that were applied."""
    engine.command("RENAME TABLE applied_views TO applied_views_kept")
    engine.command("CREATE TABLE scratch_in (x UInt8) ENGINE = Null")
    engine.command("CREATE TABLE scratch_out (x UInt8) ENGINE = MergeTree ORDER BY x")
    yield tmp_path
    for name in ("scratch_view", "scratch_in", "scratch_out"):
        engine.command(f"DROP TABLE IF EXISTS {name} SYNC")
    engine.command("DROP TABLE IF EXISTS applied_views SYNC")
    engine.command("RENAME TABLE applied_views_kept TO applied_views")


def write(folder: Path, factor: int) -> None:
    head = "-- what; it is\nCREATE MATERIALIZED VIEW scratch_view TO scratch_out AS"
    (folder / "1_scratch.sql").write_text(f"{head}\nSELECT x * {factor} AS x\nFROM scratch_in;\n")


def applied(engine: Engine, settings: Settings, folder: Path) -> list[str]:
    return [view.name for view in apply_views(engine, settings, folder)]


def test_a_view_is_replaced_only_when_its_text_changes(engine: Engine, settings: Settings, folder: Path) -> None:
    write(folder, 2)
    assert applied(engine, settings, folder) == ["scratch_view"]
    engine.command("INSERT INTO scratch_in VALUES (1)")
    assert applied(engine, settings, folder) == []
    write(folder, 3)
    assert applied(engine, settings, folder) == ["scratch_view"]
    engine.command("INSERT INTO scratch_in VALUES (1)")
    assert engine.rows("SELECT x FROM scratch_out ORDER BY x") == [[2], [3]]


def test_a_view_that_was_dropped_comes_back(engine: Engine, settings: Settings, folder: Path) -> None:
    write(folder, 2)
    applied(engine, settings, folder)
    engine.command("DROP VIEW scratch_view SYNC")
    assert applied(engine, settings, folder) == ["scratch_view"]


def test_a_view_that_is_no_longer_is_dropped(engine: Engine, settings: Settings, folder: Path) -> None:
    write(folder, 2)
    applied(engine, settings, folder)
    (folder / "1_scratch.sql").unlink()
    assert applied(engine, settings, folder) == []
    assert engine.rows("EXISTS VIEW scratch_view") == [[0]]


def test_a_view_that_cannot_be_made_is_a_sentence(engine: Engine, settings: Settings, folder: Path) -> None:
    write(folder, 2)
    broken = (folder / "1_scratch.sql").read_text().replace("FROM scratch_in", "FROM scratch_nowhere")
    (folder / "1_scratch.sql").write_text(broken)
    with pytest.raises(MigrationFailed, match=r"scratch_view could not be made.*wait in the spool"):
        applied(engine, settings, folder)


def test_a_file_is_one_view(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "1_two.sql").write_text("SELECT 1;\n")
    with pytest.raises(MigrationFailed, match="must hold one CREATE MATERIALIZED VIEW"):
        read_views(settings, tmp_path)


def test_the_shipped_ones_lead_from_otlp_to_spans(engine: Engine, settings: Settings) -> None:
    views = read_views(settings)
    assert {"spans", "messages", "events"} <= {view.target for view in views}
    made = {str(name) for (name,) in engine.rows("SELECT name FROM system.tables WHERE engine = 'MaterializedView'")}
    assert {view.name for view in views} <= made
