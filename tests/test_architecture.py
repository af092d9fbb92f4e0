"""The doors between the rooms: who may import whom, and that our names are ours."""

from __future__ import annotations

import ast
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = {"spanledger", "collector", "analytics", "api", "dashboards"}
DOORS: dict[str, set[str]] = {
    "spanledger": set(),
    "collector": {"spanledger"},
    "analytics": {"spanledger"},
    "dashboards": {"spanledger"},
    "api": {"spanledger", "dashboards"},
}
COMMAND_LINE = ROOT / "spanledger" / "cli"


def imported(path: Path) -> set[str]:
    """Top-level names that a module imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def modules(room: str) -> list[Path]:
    """All modules of a room; the command line puts rooms together and is not held to the doors."""
    return [path for path in sorted((ROOT / room).rglob("*.py")) if COMMAND_LINE not in path.parents]


@pytest.mark.parametrize("room", sorted(ROOMS))
def test_a_room_imports_only_through_its_doors(room: str) -> None:
    assert modules(room), f"{room}/ has no modules"
    for path in modules(room):
        strays = (imported(path) & ROOMS) - DOORS[room] - {room}
        if path == ROOT / "spanledger" / "__main__.py":
            continue
        assert not strays, f"{path.relative_to(ROOT)} imports {sorted(strays)}; {room} may import {sorted(DOORS[room])}"


def test_the_check_sees_an_import(tmp_path: Path) -> None:
    stray = tmp_path / "stray.py"
    stray.write_text("import os\nfrom collector.spool import Spool\n")
    assert imported(stray) & ROOMS == {"collector"}


def test_only_the_command_line_reads_the_environment() -> None:
    readers = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in modules(room)
        if "os.environ" in path.read_text() or "getenv" in path.read_text()
    }
    assert readers == {"spanledger/settings.py"}


def test_schema_is_data_only() -> None:
    assert not list((ROOT / "schema").rglob("*.py"))


def test_no_other_distribution_ships_our_names() -> None:
    owners = packages_distributions()
    clashes = {room: owners.get(room, []) for room in ROOMS if set(owners.get(room, [])) - {"spanledger"}}
    assert not clashes, f"another distribution ships a top-level name of ours: {clashes}"


def test_modules_stay_small() -> None:
    long = {
        path.relative_to(ROOT).as_posix(): lines
        for room in ROOMS
        for path in (ROOT / room).rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert not long
