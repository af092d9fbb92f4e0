"""The versions of a subject, and what changed from each to the next."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from dashboards.asked import Asked
from dashboards.versions.change import Change, changes
from dashboards.versions.subject import Subject
from spanledger.engine import Engine

MOST_COMPARED = 12
"""Newest versions that are compared with the one before and drawn over time."""


@dataclass(frozen=True)
class Versions:
    """Versions, the newest first, and the changes that brought them."""

    versions: list[dict[str, Any]]
    """Rows of versions.sql with `scores` (name, n, mean) and `outcomes` (outcome, share of traces)."""
    changes: list[Change]
    sql: str


def read(engine: Engine, subject: Subject, name: str, asked: Asked) -> Versions:
    """What is known of the versions of one subject in the range."""
    values = {"subject": name, **asked.parameters()}

    def rows(query: str, **more: Any) -> list[dict[str, Any]]:
        return engine.query_guarded(subject.statement(query), values | more).records()

    found = rows("versions")
    scores, outcomes = _by_version(rows("scores")), _by_version(rows("outcomes"))
    versions = [
        row | {"scores": scores[row["version"]], "outcomes": _shares(outcomes[row["version"]])} for row in found
    ]
    ordered = compared(found)
    changed = changes(rows("changes", versions=ordered), found) if len(ordered) > 1 else []
    return Versions(versions, changed, subject.statement("versions"))


def compared(versions: list[dict[str, Any]]) -> list[str]:
    """Names of the versions that are compared, the oldest first."""
    return [row["version"] for row in reversed(versions[:MOST_COMPARED])]


def _by_version(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        found[row["version"]].append(row)
    return found


def _shares(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    total = sum(row["traces"] for row in rows)
    return [{"outcome": row["outcome"], "traces": row["traces"], "share": row["traces"] / total} for row in rows]
