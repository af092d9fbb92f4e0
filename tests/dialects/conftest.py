"""What each span becomes right after it was recognised, messages included."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from spanledger.engine import Engine


@pytest.fixture(scope="session")
def recognised(engine: Engine) -> Iterator[Engine]:
    """The engine, with a table `recognised` that keeps what the recognising views make."""
    columns = ", ".join(
        f"{name} {kind}"
        for name, kind in engine.rows(
            "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = 'recognised_spans'"
            " AND default_kind = ''"
        )
    )
    engine.command(f"CREATE TABLE recognised ({columns}) ENGINE = Memory")
    engine.command("CREATE MATERIALIZED VIEW to_recognised TO recognised AS SELECT * FROM recognised_spans")
    yield engine
    engine.command("DROP VIEW to_recognised")
    engine.command("DROP TABLE recognised")
