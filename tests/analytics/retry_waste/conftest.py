from __future__ import annotations

from collections.abc import Iterator

import pytest

from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.analytics.retry_waste.world import World
from tests.analytics.settling.ledger import Ledger


@pytest.fixture
def world(engine: Engine, settings: Settings) -> Iterator[World]:
    """A world with nothing in it."""
    ledger = Ledger(engine, settings)
    ledger.clear()
    yield World(engine, settings)
    ledger.clear()
