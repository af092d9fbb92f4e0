"""Jobs and findings for commands: of the running service over HTTP, else on an engine opened here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import quote, urlencode

import orjson
import urllib3

from spanledger.cli import local
from spanledger.errors import EngineUnavailable, QueryFailed
from spanledger.settings import Settings

RUN_SECONDS = 600.0
"""A run of weeks, behind others that were asked for before."""


class Room(Protocol):
    """What commands ask."""

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs."""

    def runs(self, job: str, limit: int) -> list[dict[str, Any]]:
        """The last runs."""

    def run(self, job: str, since: str | None, until: str | None) -> dict[str, Any]:
        """Run it now."""

    def backfill(self, jobs: Sequence[str], since: str, until: str | None) -> Iterator[dict[str, Any]]:
        """Run the scheduled windows of a time."""

    def findings(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Findings that pass a filter."""

    def finding(self, finding_id: str) -> dict[str, Any]:
        """One finding."""


@contextmanager
def entered(settings: Settings) -> Iterator[Room]:
    """Wherever the data is."""
    if base := local.address(settings):
        yield Remote(settings, f"{base}/api/v1")
        return
    from spanledger.cli.job_here import Here  # noqa: PLC0415 - statistics and frames, which no other command needs

    with local.opened(settings) as engine:
        yield Here(engine, settings)


class Remote:
    """The service that owns the data."""

    def __init__(self, settings: Settings, base: str) -> None:
        self._settings = settings
        self._base = base

    def jobs(self) -> list[dict[str, Any]]:
        """All jobs."""
        return list(self._ask("GET", "/jobs")["jobs"])

    def runs(self, job: str, limit: int) -> list[dict[str, Any]]:
        """The last runs of a job, or of all with ''."""
        path = f"/jobs/{quote(job, safe='')}/runs" if job else "/jobs/runs"
        return list(self._ask("GET", f"{path}?limit={limit}")["runs"])

    def run(self, job: str, since: str | None, until: str | None) -> dict[str, Any]:
        """Run it now."""
        return dict(self._ask("POST", f"/jobs/{quote(job, safe='')}/run", {"from": since, "to": until}))

    def backfill(self, jobs: Sequence[str], since: str, until: str | None) -> Iterator[dict[str, Any]]:
        """Run the scheduled windows of a time; lines as they come."""
        names = quote(",".join(jobs), safe=",")
        url = f"{self._base}/jobs/{names}/backfill" if jobs else f"{self._base}/jobs/backfill"
        payload = orjson.dumps({"from": since, "to": until})
        try:
            reply = urllib3.request(
                "POST", url, body=payload, headers=local.headers(self._settings), timeout=RUN_SECONDS, retries=False,
                preload_content=False,
            )  # fmt: skip
            if reply.status >= 400:
                raise QueryFailed(str(orjson.loads(reply.read()).get("detail", reply.status)))
            for line in reply:
                yield _unless_problem(orjson.loads(line))
        except urllib3.exceptions.HTTPError as error:
            raise EngineUnavailable(f"The service at {url} does not answer: {error}") from error

    def findings(self, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Findings that pass a filter."""
        return list(self._ask("GET", f"/findings?{urlencode(asked, doseq=True)}")["findings"])

    def finding(self, finding_id: str) -> dict[str, Any]:
        """One finding."""
        return dict(self._ask("GET", f"/findings/{quote(finding_id, safe='')}"))

    def _ask(self, method: str, path: str, body: object = None) -> Any:
        return local.call(self._settings, method, self._base + path, body, RUN_SECONDS)


def _unless_problem(answer: dict[str, Any]) -> dict[str, Any]:
    if "problem" in answer:
        raise EngineUnavailable(str(answer["problem"]))
    return answer
