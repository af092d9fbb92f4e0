"""The app over the tests' engine, asked without a socket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from api.admin import Entry
from api.app import create_app
from collector.scores import ScoreTaker
from spanledger.engine import Engine
from spanledger.errors import NotFound
from spanledger.settings import Settings


@dataclass
class Told:
    """A status that says what a test told it."""

    reasons: list[str] = field(default_factory=list)
    text: str = "spanledger_up 1\n"

    def ready(self) -> list[str]:
        return self.reasons

    def metrics(self) -> str:
        return self.text


class EmptyQuarantine:
    """A quarantine in which nothing lies."""

    def rejected(self) -> list[Entry]:
        return []

    def retry(self) -> list[tuple[Entry, str]]:
        return []


class NoJobs:
    """No job is there."""

    def jobs(self) -> list[dict[str, Any]]:
        return []

    def runs(self, job: str, limit: int) -> list[dict[str, Any]]:  # noqa: ARG002
        return []

    def run(self, job: str, since: str | None, until: str | None) -> dict[str, Any]:  # noqa: ARG002
        raise NotFound(job)

    def backfill(self, jobs: Sequence[str], since: str, until: str | None) -> Iterator[dict[str, Any]]:  # noqa: ARG002
        raise NotFound(str(jobs))


@pytest.fixture(scope="session")
def _told() -> Told:
    return Told()


@pytest.fixture
def status(_told: Told) -> Told:
    _told.reasons, _told.text = Told().reasons, Told().text
    return _told


@pytest.fixture(scope="session")
def app(engine: Engine, settings: Settings, _told: Told) -> FastAPI:
    """Made once: it takes a third of a second."""
    return create_app(engine, settings, _told, EmptyQuarantine(), NoJobs(), judgements=ScoreTaker(engine))


@pytest.fixture
def client(app: FastAPI, status: Told) -> Iterator[TestClient]:  # noqa: ARG001 - which it resets
    with TestClient(app, base_url="http://127.0.0.1:8420", raise_server_exceptions=False) as client:
        yield client
