"""`python -m tests.e2e.with_error_job …`: spanledger with one job more, whose answers a test can foresee."""

from __future__ import annotations

from analytics.jobs import catalogue
from tests.analytics.jobs.desk import ErrorJob

catalogue.JOBS = (*catalogue.JOBS, ErrorJob(name="errors_by_tenant", title="Tenants whose calls fail"))

from spanledger.cli import main  # noqa: E402 - it takes the catalogue as it is when it is imported

if __name__ == "__main__":
    main()
