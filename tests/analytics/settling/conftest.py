from __future__ import annotations

from collections.abc import Iterator

import pytest

from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.analytics.settling.ledger import TABLES, Ledger


@pytest.fixture
def ledger(engine: Engine, settings: Settings) -> Iterator[Ledger]:
    """An empty ledger."""
    for table in TABLES:
        engine.command(f"TRUNCATE TABLE {table} SYNC")
    yield Ledger(engine, settings)
    for table in TABLES:
        engine.command(f"TRUNCATE TABLE {table} SYNC")
