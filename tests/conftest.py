"""One embedded engine for all tests: chDB allows one data directory a process."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from spanledger.engine import Engine, open_engine
from spanledger.settings import MIB, Settings
from spanledger.upgrade import upgrade
from tests import tables

FUZZ = int(os.environ.get("FUZZ", "1"))
"""How many times more examples property tests try: `make fuzz` sets it."""


def pytest_configure() -> None:
    """Before there are workers. An example may take as long as it takes: clocks of a busy machine fail no property."""
    hypothesis_settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    hypothesis_settings.load_profile("patient")
    tables.begin()


LONG = (
    "e2e/test_crash", "instrumentations/test_instrumentations", "e2e/test_cli", "pages/test_browser", "e2e/test_jobs",
    "server/test_roles", "e2e/test_demo", "detection/test_run",
)  # fmt: skip
"""Files that take longest, by the end of their names: workers begin with them, so that none is the last one's alone."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first; widen the property tests, each from the number that it names itself."""
    places = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get("/".join(item.path.with_suffix("").parts[-2:]), len(LONG)))
    for item in items:
        test: Any = getattr(item, "obj", None)
        if FUZZ > 1 and getattr(test, "is_hypothesis_test", False):
            named = test._hypothesis_internal_use_settings
            test._hypothesis_internal_use_settings = hypothesis_settings(
                named, max_examples=named.max_examples * FUZZ, deadline=None
            )


TABLES = (
    "spans", "messages", "events", "metric_points", "rejected", "job_runs", "finding_observations", "finding_states",
    "api_keys", "api_key_uses", "audit_log", "revenue",
)  # fmt: skip
OPENED: list[Engine] = []
"""The engine, once a test has asked for it."""


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings with limits that a test can meet quickly."""
    return Settings.model_validate(
        {
            "data_dir": tmp_path_factory.mktemp("data"),
            "query_max_seconds": 3,
            "query_max_memory_bytes": 256 * MIB,
            "query_max_rows": 10_000,
        }
    )


@pytest.fixture(scope="session")
def engine(settings: Settings) -> Iterator[Engine]:
    """The embedded engine with all tables."""
    tables.copy(settings.data_dir)
    engine = open_engine(settings, role="tests")
    list(upgrade(engine, settings))
    OPENED.append(engine)
    yield engine
    OPENED.clear()
    engine.close()


@pytest.fixture(scope="module", autouse=True)
def _leave_nothing_behind() -> Iterator[None]:
    """A module's rows are gone before the next one's tests, which count and time."""
    yield
    for engine in OPENED:
        for table in TABLES:
            engine.command(f"TRUNCATE TABLE {table} SYNC")
