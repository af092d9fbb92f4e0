"""The description of the API is held against the API: schemathesis makes requests from it, right and wrong ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis_settings

from analytics.alerts.room import AlertRoom
from analytics.triage.room import TriageRoom
from api.app import create_app
from collector.scores import ScoreTaker
from spanledger.access.office import Office
from spanledger.engine import Engine
from spanledger.later import Later
from spanledger.settings import Settings
from tests.api.conftest import EmptyQuarantine, NoJobs, Told
from tests.conftest import FUZZ

schemathesis = Later("schemathesis")
checks, conformance, failures = map(
    Later, ("schemathesis.checks", "schemathesis.specs.openapi.checks", "schemathesis.core.failures")
)

EXAMPLES = 3 * FUZZ
"""Of each operation: some five seconds with all."""
MADE = ("saved_views", "api_keys", "api_key_uses", "audit_log")


@pytest.fixture(scope="module")
def described(engine: Engine, settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """All routes, closed, so that a key that is made closes nothing else."""
    here = settings.model_copy(update={"data_dir": tmp_path_factory.mktemp("schema"), "api_requests_per_minute": 0})
    office = Office(engine, here)
    key = office.store.create("schemathesis", "admin")["key"]
    app = create_app(
        engine,
        here,
        Told(),
        EmptyQuarantine(),
        NoJobs(),
        alarms=AlertRoom(engine, here, lambda: None),
        triages=TriageRoom(engine, here),
        office=office,
        judgements=ScoreTaker(engine),
    )
    headers = {"Authorization": f"Bearer {key}"}
    return schemathesis.openapi.from_asgi("/openapi.json", app, headers=headers), headers


@pytest.fixture(scope="module", autouse=True)
def _clean(engine: Engine) -> Iterator[None]:
    yield
    for table in ("revenue", "alert_rules", "alert_silences", "price_overrides", "model_aliases", *MADE):
        engine.command(f"TRUNCATE TABLE {table} SYNC")


def test_each_operation_is_as_described(described: Any) -> None:
    schema, headers = described
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 50
    problems = [problem for operation in operations if (problem := _tried(operation, headers))]
    assert not problems, "\n\n".join(problems)


def _tried(operation: Any, headers: dict[str, str]) -> str:
    """What is wrong with an operation, or ''."""

    wanted = [checks.not_a_server_error, conformance.content_type_conformance, conformance.response_schema_conformance]

    @hypothesis_settings(
        max_examples=EXAMPLES,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(case=operation.as_strategy())
    def attempt(case: Any) -> None:
        answer = case.call_and_validate(checks=wanted, headers=headers)
        assert answer.status_code != 401, "nothing was tried"

    try:
        attempt()
    except failures.FailureGroup as failure:
        return f"{operation.label}: {failure} {failure.exceptions}"
    return ""
