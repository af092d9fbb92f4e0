"""The jobs that there are. A new one is a room of its own, an import and a name in `JOBS`."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from analytics.cache_hit_rate.job import JOB as CACHE_HIT_RATE
from analytics.carbon.job import JOB as CARBON
from analytics.cost_concentration.job import JOB as COST_CONCENTRATION
from analytics.jobs.contract import Job
from analytics.retry_waste.job import JOB as RETRY_WASTE
from analytics.user_drift.job import JOB as USER_DRIFT
from spanledger.errors import NotFound

JOBS: tuple[Job, ...] = (COST_CONCENTRATION, CACHE_HIT_RATE, RETRY_WASTE, USER_DRIFT, CARBON)


def job_named(name: str, jobs: Sequence[Job] = JOBS) -> Job:
    """The job of that name; NotFound says which are near, or all."""
    for job in jobs:
        if job.name == name:
            return job
    names = [job.name for job in jobs]
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"There are: {', '.join(names) or 'none'}."
    raise NotFound(f"There is no job {name!r}. {hint}")
