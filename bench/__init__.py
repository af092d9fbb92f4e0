"""Benchmarks: what spanledger does on a synthetic workload, and what others do beside it on the same machine."""

from __future__ import annotations
