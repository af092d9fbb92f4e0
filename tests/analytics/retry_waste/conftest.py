from __future__ import annotations

from collections.abc import Iterator

import pytest

from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.analytics.retry_waste.world import World


@pytest.fixture
def world(engine: Engine, settings: Settings) -> Iterator[World]:
    """A world with nothing in it."""
    engine.command("TRUNCATE TABLE spans SYNC")
    yield World(engine, settings)
    engine.command("TRUNCATE TABLE spans SYNC")
