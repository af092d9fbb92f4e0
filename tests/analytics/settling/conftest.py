from __future__ import annotations

from collections.abc import Iterator

import pytest

from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.analytics.settling.ledger import Ledger


@pytest.fixture
def ledger(engine: Engine, settings: Settings) -> Iterator[Ledger]:
    """An empty ledger."""
    ledger = Ledger(engine, settings)
    ledger.clear()
    yield ledger
    ledger.clear()
