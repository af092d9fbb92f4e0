"""User drift: did what users send move while prompt and model held? See docs/jobs/user_drift.md."""

from __future__ import annotations

from analytics.user_drift.job import JOB

__all__ = ["JOB"]
