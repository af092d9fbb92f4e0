"""Which outcomes of a task are good ones."""

from __future__ import annotations

RESOLVED = ("success", "succeeded", "successful", "ok", "resolved", "solved", "completed", "complete", "done", "pass",
            "passed", "correct", "true", "yes")  # fmt: skip
"""Outcomes of a task, in lower case, that count as resolved. Settling writes `success` for a score of 0.5 or more and
`ok` where only the root's status is known; the others are what senders and judges write."""
