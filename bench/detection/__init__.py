"""The bench of trust: labelled workloads through the real engine and the real jobs, and how much
of it they get right.

`python -m bench.detection --quick`; docs/demo.md and ADR 18 say what is measured and how.
"""

from __future__ import annotations
