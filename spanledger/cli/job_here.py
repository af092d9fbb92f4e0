"""Jobs and findings on an engine of this process, when no service owns the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from analytics.jobs.runner import Runner
from analytics.jobs.service import JobService
from analytics.jobs.settled import OwnSettling, Settled
from api.findings import Filter, list_findings, read_finding
from spanledger.engine import Engine
from spanledger.errors import BadRequest
from spanledger.settings import Settings


class Here(JobService):
    """Nobody else settles meanwhile, unless it is a server."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        settling = OwnSettling(engine, settings) if engine.embedded else _Others()
        super().__init__(Runner(engine, settings, "command"), Settled(engine, settling))
        self._engine = engine

    def findings(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Findings that pass a filter."""
        try:
            given = Filter.model_validate(asked)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise BadRequest(f"{first['loc'][0]}: {first['msg']}") from error
        return list_findings(self._engine, given).findings

    def finding(self, finding_id: str) -> dict[str, Any]:
        """One finding."""
        return read_finding(self._engine, finding_id)


class _Others:
    """On a server `serve` or `analyze` settles."""

    def hurry(self, until: float) -> None:
        """Can't be asked to."""
