"""Did a prompt cache break: when, whose, why, and what does it cost (`analytics.cache_hit_rate.job.JOB`)."""

from __future__ import annotations
