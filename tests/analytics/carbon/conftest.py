from __future__ import annotations

from collections.abc import Iterator

import pytest

from spanledger.engine import Engine
from spanledger.settings import Settings
from tests.analytics.carbon.workload import Service


@pytest.fixture
def service(engine: Engine, settings: Settings) -> Iterator[Service]:
    """Empty tables."""
    service = Service(engine, settings)
    service.clear()
    yield service
    service.clear()
