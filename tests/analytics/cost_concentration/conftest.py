from __future__ import annotations

from collections.abc import Iterator

import pytest

from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.analytics.cost_concentration.world import World


@pytest.fixture
def world(engine: Engine, settings: Settings) -> Iterator[World]:
    """An empty ledger."""
    world = World(engine, settings)
    world.clear()
    yield world
    world.clear()
