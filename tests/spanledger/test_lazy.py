"""What a process imports before it is needed costs every start a second and every process its memory."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from spanledger.cli.commands import app

STATISTICS = {"scipy.stats", "sklearn", "ruptures"}


@pytest.mark.parametrize(
    ("module", "unneeded"),
    [
        ("spanledger.cli", {"fastapi", "polars", "chdb", "clickhouse_connect", "grpc", "rich.table"}),
        ("spanledger.cli.up", {"fastapi", "polars", "chdb", "clickhouse_connect", "grpc"}),
        ("spanledger.cli.collect_role", {"fastapi", "polars", "chdb", "clickhouse_connect", "numpy", "jinja2"}),
        ("spanledger.cli.data", {"fastapi", "polars", "chdb", "numpy", *STATISTICS}),
        ("spanledger.cli.engine_role", {*STATISTICS, "scipy.special", "networkx", "altair", "vl_convert", "pandas"}),
    ],
)
def test_a_process_imports_what_it_needs(module: str, unneeded: set[str]) -> None:
    code = f"import {module}, sys; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert module in done.stdout.split()
    assert not unneeded & set(done.stdout.split())


def test_every_command_is_where_the_table_says() -> None:
    done = CliRunner().invoke(app, ["--help"])
    assert done.exit_code == 0
    assert "explain-mapping" in done.output
    assert "every LLM span kept" in done.output


def test_an_unknown_command_is_refused_and_the_nearest_is_named() -> None:
    done = CliRunner().invoke(app, ["querry"])
    assert done.exit_code == 2
    assert "Did you mean 'query'" in done.output
