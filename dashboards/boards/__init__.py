"""What the boards of the jobs show: the newest report of each, its charts, and its tables."""

from __future__ import annotations
