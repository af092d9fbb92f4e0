from __future__ import annotations

from collections.abc import Iterator

import pytest

from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.analytics.jobs.desk import TABLES, Desk


@pytest.fixture
def desk(engine: Engine, settings: Settings) -> Iterator[Desk]:
    """Empty tables, a runner and a clock."""
    for table in TABLES:
        engine.command(f"TRUNCATE TABLE {table} SYNC")
    yield Desk(engine, settings)
    for table in TABLES:
        engine.command(f"TRUNCATE TABLE {table} SYNC")
