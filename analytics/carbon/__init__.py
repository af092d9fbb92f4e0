"""Job `carbon`: what calls, tasks and resolved tasks emit, how sure that is, and what rose (docs/jobs/carbon.md)."""

from __future__ import annotations
