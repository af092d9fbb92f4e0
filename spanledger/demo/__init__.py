"""Labelled workloads: made-up traffic of an LLM product, with incidents of known time, size, culprit and price in it.

The same seed makes the same spans. The demo shows them to newcomers; the bench of trust holds the jobs against the
labels.
"""

from __future__ import annotations
