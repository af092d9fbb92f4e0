"""The jobs that there are. A new one is a room of its own, an import and a name in `JOBS`."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from analytics.jobs.contract import Job
from spanledger.errors import NotFound

JOBS: tuple[Job, ...] = ()


def job_named(name: str, jobs: Sequence[Job] = JOBS) -> Job:
    """The job of that name; NotFound says which are near, or all."""
    for job in jobs:
        if job.name == name:
            return job
    names = [job.name for job in jobs]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names) or 'none'}."
    raise NotFound(f"There is no job {name!r}. {hint}")
